"""For how long an engine ran nothing while there was work."""

from kleinbot.domain.clock import Clock


class IdleTime:
    """Adds up the seconds with a batch in flight, and the seconds without one while work waits.

    Time without any work counts as neither, nor does time in which the owner has paused the work.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._busy_s = 0.0
        self._idle_s = 0.0
        self._since_s = clock.monotonic_s()
        self._in_flight = False
        self._work_waits = False

    @property
    def busy_s(self) -> float:
        """Seconds with a batch in flight, up to now."""
        return self._busy_s + (self._elapsed_s if self._in_flight else 0.0)

    @property
    def idle_s(self) -> float:
        """Seconds without a batch in flight while work waited, up to now."""
        is_idle = self._work_waits and not self._in_flight
        return self._idle_s + (self._elapsed_s if is_idle else 0.0)

    def note(self, *, in_flight: bool, work_waits: bool) -> None:
        """Note the state from now on."""
        self._busy_s, self._idle_s = self.busy_s, self.idle_s
        self._since_s = self._clock.monotonic_s()
        self._in_flight, self._work_waits = in_flight, work_waits

    @property
    def _elapsed_s(self) -> float:
        return self._clock.monotonic_s() - self._since_s
