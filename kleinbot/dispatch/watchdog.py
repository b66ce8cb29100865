"""The watchdog: notices that the card hangs, since a hung kernel tells nobody and cannot be ended."""

from collections import OrderedDict
from dataclasses import dataclass

from kleinbot.domain.clock import Clock
from kleinbot.domain.work import StageSeconds
from kleinbot.engine.protocol import SELF_TEST_STEPS
from kleinbot.host.memory_model import read_for_encoding_bytes, read_for_step_bytes
from kleinbot.host.profile import Profile
from kleinbot.queueing.waiting import Shape

TIMES = 5.0
SLACK_S = 10.0
UNKNOWN_S = 600.0
"""For a part of a shape that was never made on this host: kernels may be compiled meanwhile."""

COLD_TIMES = 20.0
COLD_SLACK_S = 120.0
"""For one that an earlier process has made: kernels and weights may have to be read from a slow disk."""

SLICE_S = 5.0
MOST_OF_A_SLICE_S = 2 * SLICE_S
"""What a slice counts for at most. One that took far longer was no work of the card: the machine was
suspended, or the process stopped."""

SLOW_DISK_BYTES_PER_S = 20e6
"""A disk behind USB 2, or a share in a busy network. What is remembered of a prompt is not read again, so
the measured seconds do not tell."""

_SMOOTHING = 0.2
_MOST_KINDS = 500


@dataclass(frozen=True)
class _Parts:
    """What the parts of a batch take: until its first step is done, each further step, what follows."""

    first_step_s: float
    step_s: float
    decode_s: float

    def moved(self, to: "_Parts") -> "_Parts":
        return _Parts(
            self.first_step_s + _SMOOTHING * (to.first_step_s - self.first_step_s),
            self.step_s + _SMOOTHING * (to.step_s - self.step_s),
            self.decode_s + _SMOOTHING * (to.decode_s - self.decode_s),
        )


class Watchdog:
    """Knows how long each part of a batch of its kind takes, and when one takes far longer."""

    def __init__(self, clock: Clock, profile: Profile | None = None) -> None:
        """``profile`` tells what is read from disk meanwhile; nothing where it is None."""
        self._clock = clock
        encoding, step = (0, 0)
        if profile is not None:
            encoding, step = read_for_encoding_bytes(profile), read_for_step_bytes(profile)
        self._read_for_encoding_s = encoding / SLOW_DISK_BYTES_PER_S
        self._read_for_step_s = step / SLOW_DISK_BYTES_PER_S
        self._read_for_test_s = (encoding + SELF_TEST_STEPS * step) / SLOW_DISK_BYTES_PER_S
        self._test_s = 0.0
        self._known: OrderedDict[tuple[Shape, int], _Parts] = OrderedDict()
        self._parts: _Parts | None = None
        self._measured_s: float | None = None
        self._counted_s = 0.0
        self._slice_from_s = clock.monotonic_s()
        self._until_s = 0.0
        self._part = ""

    def begin(self, shape: Shape, batch: int, measured_s: float | None = None) -> None:
        """Watch a batch from now on, new or resumed; ``measured_s``: what all of it takes, where known."""
        self._parts = self._known.get((shape, batch))
        self._measured_s = measured_s
        self._counted_s, self._slice_from_s = 0.0, self._clock.monotonic_s()
        self._test_s = 0.0
        # The base checkpoint encodes the empty prompt too, and a failed batch is followed by a test.
        read_s = (batch + 1) * self._read_for_encoding_s + self._read_for_step_s + self._read_for_test_s
        self._enter("first step", self._parts.first_step_s if self._parts else None, read_s)

    def step_done(self, done: int, total: int) -> None:
        """Note that a step was reported; the next part begins."""
        if done < total:
            expected_s = self._parts.step_s if self._parts else None
            self._enter(f"step {done + 1} of {total}", expected_s, self._read_for_step_s)
        else:
            self._enter("decode", self._parts.decode_s if self._parts else None)

    def test_follows(self) -> None:
        """Note that the engine tests itself before it gives this batch out."""
        test_s = SLACK_S + self._read_for_test_s
        self._until_s += test_s - self._test_s
        self._test_s = test_s

    def learn(self, shape: Shape, batch: int, seconds: StageSeconds) -> None:
        """Learn from a batch that went as usual."""
        step_s = seconds.denoise_s / shape.steps
        parts = _Parts(seconds.encode_s + step_s, step_s, seconds.decode_s)
        known = self._known.get((shape, batch))
        self._known[shape, batch] = parts if known is None else known.moved(parts)
        self._known.move_to_end((shape, batch))
        if len(self._known) > _MOST_KINDS:
            self._known.popitem(last=False)

    async def overrun(self) -> str:
        """Return once a part has taken far longer than its kind, with the part's name."""
        while (left_s := self._until_s - self._passed_s()) > 0:
            self._counted_s, self._slice_from_s = self._passed_s(), self._clock.monotonic_s()
            await self._clock.sleep(min(left_s, SLICE_S))
        return self._part

    def _passed_s(self) -> float:
        """Return how long has been watched since ``begin``, without what the process stood still."""
        in_slice_s = self._clock.monotonic_s() - self._slice_from_s
        return self._counted_s + min(in_slice_s, MOST_OF_A_SLICE_S)

    def _enter(self, part: str, expected_s: float | None, read_s: float = 0.0) -> None:
        self._part = part
        self._until_s = self._passed_s() + self._budget_s(expected_s) + read_s + self._test_s

    def _budget_s(self, expected_s: float | None) -> float:
        if expected_s is not None:
            return TIMES * expected_s + SLACK_S
        if self._measured_s is not None:
            return min(UNKNOWN_S, COLD_TIMES * self._measured_s + COLD_SLACK_S)
        return UNKNOWN_S
