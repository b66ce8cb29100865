"""Gauges that are read at each request instead of being counted."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from kleinbot.domain.job import Lane
from kleinbot.domain.work import EnginePhase


@dataclass(frozen=True)
class Reading:
    """The bot's present state. ``busy_s``: GPU time with a batch; ``idle_s``: without one while work waits.

    ``estimate_p50_s`` and ``estimate_p95_s``: absolute errors of the last thousand estimated starts;
    ``end_median_s`` and ``end_p90_s``: of the last hundred told ends.
    """

    waiting_images: Mapping[Lane, int]
    running_images: Mapping[Lane, int]
    cost: Mapping[Lane, float]
    busy_s: float
    idle_s: float
    idle_time: float
    loop_late_s: float
    estimate_p50_s: float
    estimate_p95_s: float
    phase: EnginePhase
    inbound_requests: int
    inbound_bytes: int
    intake_waiting: int
    end_median_s: float = 0.0
    end_p90_s: float = 0.0


class Readings(Collector):
    """Exports the latest ``Reading``, which is taken on the event loop just before."""

    def __init__(self) -> None:
        self.latest: Reading | None = None

    def collect(self) -> Iterator[Metric]:
        """Yield nothing before the first reading."""
        if self.latest is None:
            return
        yield from _queue(self.latest)
        yield from _gpu(self.latest)
        yield from _inputs(self.latest)
        yield GaugeMetricFamily(
            "kleinbot_event_loop_delay_worst_seconds",
            "Worst delay of the event loop since the model was loaded",
            self.latest.loop_late_s,
        )
        errors = GaugeMetricFamily(
            "kleinbot_estimate_error_quantile_seconds",
            "How far off the told starts of the last thousand jobs were, either way",
            labels=["quantile"],
        )
        errors.add_metric(["0.5"], self.latest.estimate_p50_s)
        errors.add_metric(["0.95"], self.latest.estimate_p95_s)
        yield errors
        ends = GaugeMetricFamily(
            "kleinbot_end_error_quantile_seconds",
            "How far off the told ends of the last hundred jobs were, either way",
            labels=["quantile"],
        )
        ends.add_metric(["0.5"], self.latest.end_median_s)
        ends.add_metric(["0.9"], self.latest.end_p90_s)
        yield ends
        phases = GaugeMetricFamily("kleinbot_engine_phase", "1: what the engine is doing", labels=["phase"])
        for phase in EnginePhase:
            phases.add_metric([phase], float(phase is self.latest.phase))
        yield phases


def _queue(reading: Reading) -> Iterator[Metric]:
    images = GaugeMetricFamily("kleinbot_line_images", "Pictures in line", labels=["lane", "state"])
    cost = GaugeMetricFamily(
        "kleinbot_line_cost_pictures", "Work in line, in pictures of 1024² and four steps", labels=["lane"]
    )
    for lane in Lane:
        images.add_metric([lane, "waiting"], reading.waiting_images.get(lane, 0))
        images.add_metric([lane, "running"], reading.running_images.get(lane, 0))
        cost.add_metric([lane], reading.cost.get(lane, 0.0))
    yield images
    yield cost


def _inputs(reading: Reading) -> Iterator[Metric]:
    yield GaugeMetricFamily(
        "kleinbot_inbound_requests", "Requests whose input pictures come or are not stored yet",
        reading.inbound_requests,
    )  # fmt: skip
    yield GaugeMetricFamily("kleinbot_inbound_bytes", "Memory reserved for them", reading.inbound_bytes)
    yield GaugeMetricFamily(
        "kleinbot_intake_waiting", "Pictures that wait for a process that reads them", reading.intake_waiting
    )


def _gpu(reading: Reading) -> Iterator[Metric]:
    yield CounterMetricFamily("kleinbot_card_busy_seconds", "Seconds with a batch in flight", reading.busy_s)
    yield CounterMetricFamily(
        "kleinbot_card_idle_seconds", "Seconds without a batch in flight while work waited", reading.idle_s
    )
    yield GaugeMetricFamily(
        "kleinbot_card_idle_ratio", "Idle seconds as a part of idle and busy ones", reading.idle_time
    )
