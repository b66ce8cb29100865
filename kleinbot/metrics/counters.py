"""The bot's counters and histograms, in their own registry."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

from kleinbot.domain.errors import Code
from kleinbot.domain.job import Lane
from kleinbot.domain.ports.picture_judge import PictureVerdict
from kleinbot.domain.work import OutOfMemory, StageSeconds
from kleinbot.metrics.readings import Reading, Readings

_WAIT_S = (1, 2, 5, 10, 20, 40, 60, 120, 240, 480, 900, 1800, 3600)
_STAGE_S = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 60, 120)
_ERROR_S = (0.5, 1, 2, 5, 10, 20, 60, 120, 300, 900)


class BotMetrics:
    """Counts reported events (``MetricsSink``) and how results reached their members."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._readings = Readings()
        self.registry.register(self._readings)
        counter = _counters(self.registry)
        self._jobs = counter("kleinbot_jobs_accepted", "Jobs accepted", "lane")
        self._images = counter("kleinbot_images_accepted", "Pictures accepted", "lane")
        self._refusals = counter("kleinbot_refusals", "Requests refused", "reason")
        self._failures = counter("kleinbot_jobs_failed", "Jobs that failed", "reason")
        self._dropped = counter("kleinbot_promises_dropped", "Jobs that will be later than promised")
        self._batches = counter("kleinbot_batches", "Batches that left the graphics card", "images")
        self._suspended = counter("kleinbot_batches_suspended", "Times that a batch let others pass")
        self._memory = counter("kleinbot_out_of_memory", "Times that memory did not suffice", "rung")
        self._judged = counter("kleinbot_pictures_judged", "Pictures that were to be judged", "verdict")
        self._deliveries = counter("kleinbot_deliveries", "Results told, by way", "way")
        self._waits = Histogram(
            "kleinbot_wait_seconds", "From acceptance until the first picture starts", ["lane"],
            registry=self.registry, buckets=_WAIT_S,
        )  # fmt: skip
        self._errors = Histogram(
            "kleinbot_estimate_error_seconds", "How far off the told start was", ["lane", "direction"],
            registry=self.registry, buckets=_ERROR_S,
        )  # fmt: skip
        self._stages = Histogram(
            "kleinbot_stage_seconds", "Seconds of a batch's stages on the graphics card", ["stage"],
            registry=self.registry, buckets=_STAGE_S,
        )  # fmt: skip

    def take(self, reading: Reading) -> None:
        """Store the reading that the next ``text`` exports."""
        self._readings.latest = reading

    def text(self) -> bytes:
        """Return all metrics in Prometheus' text format; may be called on any thread."""
        return generate_latest(self.registry)

    def accepted(self, lane: Lane, images: int) -> None:
        self._jobs.labels(lane).inc()
        self._images.labels(lane).inc(images)

    def refused(self, code: Code) -> None:
        self._refusals.labels(_reason(code)).inc()

    def waited(self, lane: Lane, seconds: float) -> None:
        self._waits.labels(lane).observe(seconds)

    def estimate_missed(self, lane: Lane, seconds: float) -> None:
        self._errors.labels(lane, "late" if seconds >= 0 else "early").observe(abs(seconds))

    def promise_dropped(self) -> None:
        self._dropped.inc()

    def batch_done(self, seconds: StageSeconds, size: int) -> None:
        self._batches.labels(str(size)).inc()
        self._stages.labels("encode").observe(seconds.encode_s)
        self._stages.labels("denoise").observe(seconds.denoise_s)
        self._stages.labels("decode").observe(seconds.decode_s)

    def batch_suspended(self) -> None:
        self._suspended.inc()

    def out_of_memory(self, event: OutOfMemory) -> None:
        self._memory.labels(event.fallback).inc()

    def failed(self, code: Code) -> None:
        self._failures.labels(_reason(code)).inc()

    def judged(self, judgement: PictureVerdict) -> None:
        self._judged.labels(judgement).inc()

    def delivered(self, route: str) -> None:
        """Count a result that reached its member."""
        self._deliveries.labels(route).inc()

    def undelivered(self) -> None:
        """Count a result without an open route, which waits for its member's next command."""
        self._deliveries.labels("kept").inc()

    def batch_sizes(self) -> dict[int, int]:
        """Return the number of finished batches by size."""
        return {int(size): count for size, count in self._counts("kleinbot_batches", "images").items()}

    def out_of_memory_events(self) -> dict[str, int]:
        """Return how often memory ran out, by the fallback that was taken."""
        return self._counts("kleinbot_out_of_memory", "rung")

    def _counts(self, name: str, label: str) -> dict[str, int]:
        families = (family for family in self.registry.collect() if family.name == name)
        return {
            sample.labels[label]: int(sample.value)
            for family in families
            for sample in family.samples
            if sample.name == f"{name}_total"
        }


def _counters(registry: CollectorRegistry) -> Callable[..., Counter]:
    def counter(name: str, documentation: str, *labels: str) -> Counter:
        return Counter(name, documentation, labels, registry=registry)

    return counter


def _reason(code: Code) -> str:
    return code.removeprefix("error-").replace("-", "_")
