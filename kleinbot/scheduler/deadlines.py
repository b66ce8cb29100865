"""Which promises can no longer be kept."""

from collections.abc import Callable
from heapq import heappop, heappush

_LOOK_AHEAD_MS = 60_000
"""A promise is checked every time from this long before its latest start on: the GPU may slow down."""


class Deadlines:
    """The jobs with a promise, ordered by when their next image must start at the latest."""

    def __init__(self) -> None:
        self._latest: list[tuple[float, str]] = []

    def note(self, job_id: str) -> None:
        """Note that an image of a job with a promise waits."""
        heappush(self._latest, (0.0, job_id))

    def overdue(self, now_ms: int, latest_start_ms: Callable[[str], float | None]) -> tuple[str, ...]:
        """Return the jobs whose latest start has passed.

        ``latest_start_ms``: of a job as things are now; None where it has no open promise any more.
        """
        found: list[str] = []
        looked_at: dict[str, float] = {}
        while self._latest and self._latest[0][0] <= now_ms + _LOOK_AHEAD_MS:
            _, job_id = heappop(self._latest)
            latest_ms = latest_start_ms(job_id)
            if latest_ms is None:
                continue
            if latest_ms < now_ms and job_id not in looked_at:
                found.append(job_id)
            looked_at[job_id] = latest_ms
        for job_id, latest_ms in looked_at.items():
            heappush(self._latest, (latest_ms, job_id))
        return tuple(found)
