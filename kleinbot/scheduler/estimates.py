"""Measures how wrong the start times were that members were told."""

from collections import OrderedDict, deque
from collections.abc import Iterable
from dataclasses import dataclass

from kleinbot.domain.clock import MS_PER_S

_MOST_TOLD = 10_000
_WINDOW = 1_000


@dataclass(frozen=True)
class ErrorSpread:
    """The 50th and 95th percentile of the absolute errors of the last ``count`` jobs."""

    count: int
    p50_s: float
    p95_s: float


@dataclass(frozen=True)
class EndErrors:
    """The median and the 90th percentile of how far off ``count`` told ends of jobs were, either way."""

    count: int = 0
    median_s: float = 0.0
    p90_s: float = 0.0

    @classmethod
    def of(cls, late_ms: Iterable[int]) -> "EndErrors":
        """Return the spread of how much later than told jobs were done; zeros where there are none."""
        errors_s = sorted(abs(late) / MS_PER_S for late in late_ms)
        if not errors_s:
            return cls()
        last = len(errors_s) - 1
        return cls(len(errors_s), errors_s[round(0.5 * last)], errors_s[round(0.9 * last)])


class EstimateErrors:
    """Keeps each told start time until the job's first image starts, and then its error."""

    def __init__(self) -> None:
        self._told_ms: OrderedDict[str, int] = OrderedDict()
        self._errors_s: deque[float] = deque(maxlen=_WINDOW)

    def note_estimate(self, job_id: str, starts_at_ms: int) -> None:
        """Note the start time that a job's member was told."""
        self._told_ms[job_id] = starts_at_ms
        if len(self._told_ms) > _MOST_TOLD:
            self._told_ms.popitem(last=False)

    def started(self, job_id: str, now_ms: int) -> float | None:
        """Note that a job starts; return how many seconds late that is, None where nothing was told."""
        told_ms = self._told_ms.pop(job_id, None)
        if told_ms is None:
            return None
        late_s = (now_ms - told_ms) / MS_PER_S
        self._errors_s.append(abs(late_s))
        return late_s

    def forget(self, job_id: str) -> None:
        """Note that a job ended before it started."""
        self._told_ms.pop(job_id, None)

    @property
    def spread(self) -> ErrorSpread:
        """The spread of the last thousand errors; zeros before the first."""
        errors = sorted(self._errors_s)
        if not errors:
            return ErrorSpread(0, 0.0, 0.0)
        last = len(errors) - 1
        return ErrorSpread(len(errors), errors[round(0.5 * last)], errors[round(0.95 * last)])
