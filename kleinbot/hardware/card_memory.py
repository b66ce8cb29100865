"""Judges from the card's memory whether another program takes it. Pure: the readings and times are given."""

from collections import deque
from dataclasses import dataclass

from kleinbot.hardware.facts import GIB

GROWN_BYTES = 2 * GIB
"""More than a desktop, a browser or a video takes at once; games and other models take several times that."""
WITHIN_S = 15.0
SHORT_BYTES = GIB // 4
"""What may be missing: the memory model is no more exact, and a batch that does not fit is made leaner."""
LOOK_AGAIN_S = 60.0
MOST_LOOKS = 30
"""The card must be found free so many times in a row at most, a minute apart, before it is taken again."""
_COUNTED_S = 3600.0
_MOST_READINGS = 64


@dataclass(frozen=True)
class CardMemory:
    """A reading of one card's memory.

    ``held_bytes``: what this process can draw with at once, torch's reserve. ``own_bytes``: what the driver
    reports of our processes, 0 where it does not tell.
    """

    total_bytes: int
    free_bytes: int
    held_bytes: int = 0
    own_bytes: int = 0

    @property
    def available_bytes(self) -> int:
        """Return what a picture could use, weights included."""
        return self.free_bytes + self.held_bytes

    @property
    def others_bytes(self) -> int:
        """Return what others use. Where the driver does not tell our share, our CUDA context counts too."""
        return max(0, self.total_bytes - self.free_bytes - max(self.held_bytes, self.own_bytes))


class CardJudgement:
    """Remembers the last readings; ``is_taken`` is asked every few seconds.

    Taken is a card of which others took ``GROWN_BYTES`` within ``WITHIN_S``, or on which the next picture
    does not fit, each seen twice in a row where the model is loaded. It is looked at again every
    ``LOOK_AGAIN_S``, and free once the next picture fits and what was taken at once is given back. Each time
    that it is taken within an hour doubles the looks that must find it free, so that a card which is fought
    for is loaded six times an hour at most. A program that stays, with room beside it, counts as usual after
    ``MOST_LOOKS``.
    """

    def __init__(self, left_free_bytes: int = 0) -> None:
        """``left_free_bytes``: what others may take at any time, because the owner keeps it for them."""
        self._left_free_bytes = left_free_bytes
        self._readings: deque[tuple[float, int]] = deque(maxlen=_MOST_READINGS)
        self._taken_s: deque[float] = deque(maxlen=_MOST_READINGS)
        self._is_taken = self._was_loaded = False
        self._grown_from: int | None = None
        self._given_back_bytes: int | None = None
        """What others use at most once they have given back what they took at once; None: they took none."""
        self._is_short = False
        self._sufficed_bytes: int | None = None
        """What was available when the model was loaded last: so much suffices, whatever is predicted."""
        self._expected_bytes: int | None = None
        """What others use once they have taken all that the owner keeps for them."""
        self._looked_s = 0.0
        self._looked_others = 0
        self._found_free = 0

    def is_due(self, now_s: float) -> bool:
        """Return whether a reading is wanted; a card that is taken is looked at every minute."""
        return not self._is_taken or now_s - self._looked_s >= LOOK_AGAIN_S

    def is_taken(self, read: CardMemory, need_bytes: int | None, now_s: float, *, is_loaded: bool) -> bool:
        """Judge one more reading. ``need_bytes``: what the next picture needs; None if none waits."""
        if self._expected_bytes is None:
            self._expected_bytes = read.others_bytes + self._left_free_bytes
        if self._is_taken:
            self._look(read, need_bytes, now_s)
        elif self._has_grown(read, now_s) or self._lacks(read, need_bytes, is_loaded=is_loaded):
            self._take(read, now_s)
        self._was_loaded = is_loaded
        return self._is_taken

    def _has_grown(self, read: CardMemory, now_s: float) -> bool:
        """Return whether others took gigabytes within seconds, and still have them at the next reading."""
        others = read.others_bytes
        if self._grown_from is not None:
            has_grown = others - self._grown_from >= GROWN_BYTES
            self._given_back_bytes = self._grown_from + GROWN_BYTES if has_grown else None
            self._grown_from = None
            if has_grown:
                return True
        while self._readings and now_s - self._readings[0][0] > WITHIN_S:
            self._readings.popleft()
        least = min((bytes_ for _, bytes_ in self._readings), default=others)
        if self._left_free_bytes and self._expected_bytes is not None:
            least = max(least, self._expected_bytes)
        if others - least >= GROWN_BYTES:
            self._grown_from = least
        self._readings.append((now_s, others))
        return False

    def _lacks(self, read: CardMemory, need_bytes: int | None, *, is_loaded: bool) -> bool:
        """Return whether the next picture does not fit; a loaded model is asked for twice."""
        if is_loaded and not self._was_loaded:
            self._sufficed_bytes = read.available_bytes
        if need_bytes is None or self._sufficed_bytes is None:
            self._is_short = False
            return False
        was_short, self._is_short = self._is_short, not self._fits(read, need_bytes)
        return self._is_short and (was_short or not is_loaded)

    def _fits(self, read: CardMemory, need_bytes: int) -> bool:
        needed = need_bytes if self._sufficed_bytes is None else min(need_bytes, self._sufficed_bytes)
        return read.available_bytes >= needed - SHORT_BYTES

    def _take(self, read: CardMemory, now_s: float) -> None:
        self._is_taken, self._is_short, self._found_free = True, False, 0
        self._readings.clear()
        self._taken_s.append(now_s)
        self._looked_s, self._looked_others = now_s, read.others_bytes

    def _look(self, read: CardMemory, need_bytes: int | None, now_s: float) -> None:
        if not self.is_due(now_s):
            return
        is_calm = read.others_bytes - self._looked_others < GROWN_BYTES
        is_free = is_calm and (need_bytes is None or self._fits(read, need_bytes))
        self._found_free = self._found_free + 1 if is_free else 0
        self._looked_s, self._looked_others = now_s, read.others_bytes
        taken = sum(now_s - each_s < _COUNTED_S for each_s in self._taken_s)
        wanted = min(MOST_LOOKS, 2 ** max(0, taken - 1))
        if self._given_back_bytes is not None and read.others_bytes >= self._given_back_bytes:
            wanted = MOST_LOOKS
        self._is_taken = self._found_free < wanted
        if not self._is_taken:
            self._given_back_bytes = None
