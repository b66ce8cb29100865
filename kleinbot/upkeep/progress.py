"""Reports the progress of work that takes longer than two seconds."""

from collections.abc import Callable

from kleinbot.domain.clock import Clock

FIRST_S = 2.0
THEN_EVERY_S = 5.0


class Progress:
    """Reports one task after another: ``begin`` sets its sentence, ``at`` reports its progress.

    ``say`` takes the id of a sentence, and its parameters ``done``, ``total`` and ``percent``.
    """

    def __init__(self, say: Callable[..., None], clock: Clock) -> None:
        self._say = say
        self._clock = clock
        self._message_id = ""
        self._next_s = 0.0

    def begin(self, message_id: str) -> None:
        self._message_id = message_id
        self._next_s = self._clock.monotonic_s() + FIRST_S

    def at(self, done: int, total: int) -> None:
        """Report the progress if it is due."""
        now_s = self._clock.monotonic_s()
        if now_s < self._next_s:
            return
        self._next_s = now_s + THEN_EVERY_S
        self._say(self._message_id, done=done, total=total, percent=done * 100 // max(total, 1))
