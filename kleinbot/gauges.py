"""How the house is now, read off its parts when somebody asks."""

from collections import Counter
from collections.abc import Callable

from kleinbot.dispatch.idle import IdleShare
from kleinbot.domain.job import Lane
from kleinbot.domain.work import EngineState
from kleinbot.images.inbound import Inbound
from kleinbot.images.intake import Intake
from kleinbot.loop_watch import LoopWatch
from kleinbot.metrics.house import HouseMetrics
from kleinbot.metrics.readings import Reading
from kleinbot.queueing.estimates import EstimateErrors
from kleinbot.queueing.line import Line
from kleinbot.studio.operate import Tallies


class Gauges:
    """For Prometheus and for the host's own commands."""

    def __init__(
        self,
        *,
        line: Line,
        idle_share: IdleShare,
        estimate_errors: EstimateErrors,
        loop_watch: LoopWatch,
        metrics: HouseMetrics,
        engine_state: Callable[[], EngineState],
        inbound: Inbound,
        intake: Intake,
    ) -> None:
        self._line = line
        self._idle_share = idle_share
        self._estimate_errors = estimate_errors
        self._loop_watch = loop_watch
        self._metrics = metrics
        self._engine_state = engine_state
        self._inbound = inbound
        self._intake = intake

    def reading(self) -> Reading:
        spread, outstanding = self._estimate_errors.spread, self._line.outstanding
        running = Counter(image.lane for image in self._line.running)
        return Reading(
            waiting_images={lane: outstanding.images(lane) - running[lane] for lane in Lane},
            running_images=running,
            cost={lane: outstanding.cost(lane=lane) for lane in Lane},
            busy_s=self._idle_share.busy_s,
            idle_s=self._idle_share.idle_s,
            idle_share=self._idle_share.share,
            loop_late_s=self._loop_watch.worst_s,
            estimate_p50_s=spread.p50_s,
            estimate_p95_s=spread.p95_s,
            phase=self._engine_state().phase,
            inbound_requests=self._inbound.requests,
            inbound_bytes=self._inbound.bytes,
            intake_waiting=self._intake.waiting,
        )

    def tallies(self) -> Tallies:
        return Tallies(
            self._idle_share.share,
            self._estimate_errors.spread,
            self._metrics.batch_sizes(),
            self._metrics.out_of_memory_events(),
        )
