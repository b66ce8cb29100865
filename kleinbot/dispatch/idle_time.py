"""How much of the time in which there was work the card had none in hand."""

from kleinbot.domain.clock import Clock


class IdleTime:
    """Adds up the seconds in which a batch is in flight, and those in which none is though work waits.

    Time without any work counts nowhere, nor does time in which the host lets the work rest.
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

    @property
    def share(self) -> float:
        """Idle seconds as a part of both, 0…1; 0 before there was any work."""
        both_s = self.busy_s + self.idle_s
        return self.idle_s / both_s if both_s > 0 else 0.0

    def note(self, *, in_flight: bool, work_waits: bool) -> None:
        """Say how it is from now on."""
        self._busy_s, self._idle_s = self.busy_s, self.idle_s
        self._since_s = self._clock.monotonic_s()
        self._in_flight, self._work_waits = in_flight, work_waits

    @property
    def _elapsed_s(self) -> float:
        return self._clock.monotonic_s() - self._since_s
