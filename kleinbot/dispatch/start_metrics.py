"""Measures, when a job's first image starts, how long it waited and how wrong its told time was."""

from collections import OrderedDict
from collections.abc import Iterable

from kleinbot.dispatch.batch import Claimed
from kleinbot.domain.clock import MS_PER_S, Clock
from kleinbot.domain.job import ImageState, Job
from kleinbot.domain.job_spec import ImageKey
from kleinbot.domain.ports.metrics_sink import MetricsSink
from kleinbot.scheduler.estimates import EstimateErrors

_REMEMBERED = 1000
"""More jobs than ever begin and are put back at once."""


class StartMetrics:
    """Reports each job that starts, and only once where it is put back and starts again."""

    def __init__(self, errors: EstimateErrors, metrics: MetricsSink, clock: Clock) -> None:
        self._errors = errors
        self._metrics = metrics
        self._clock = clock
        self._begun: OrderedDict[str, None] = OrderedDict()

    def note(self, claimed: Iterable[Claimed]) -> None:
        """Note images that were just claimed, with their jobs as they were then."""
        now_ms = self._clock.now_ms()
        for image, job in claimed:
            if not _is_first(image.key, job) or job.job_id in self._begun:
                continue
            self._begun[job.job_id] = None
            if len(self._begun) > _REMEMBERED:
                self._begun.popitem(last=False)
            self._metrics.waited(image.lane, (now_ms - job.created_ms) / MS_PER_S)
            late_s = self._errors.started(job.job_id, now_ms)
            if late_s is not None:
                self._metrics.estimate_missed(image.lane, late_s)


def _is_first(key: ImageKey, job: Job) -> bool:
    return all(image.state is ImageState.WAITING for image in job.images if image.key != key)
