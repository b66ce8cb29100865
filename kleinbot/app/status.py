"""How the house is now, read off its parts when somebody asks."""

from collections import Counter
from collections.abc import Callable

from kleinbot.dispatch.idle_time import IdleTime
from kleinbot.domain.job import Lane
from kleinbot.domain.work import EngineState
from kleinbot.images.intake.inbound import Inbound
from kleinbot.images.intake.intake import Intake
from kleinbot.metrics.counters import BotMetrics
from kleinbot.metrics.readings import Reading
from kleinbot.process.loop_lag import LoopLag
from kleinbot.scheduler.estimates import EstimateErrors
from kleinbot.scheduler.queue import ImageQueue
from kleinbot.usecases.owner.bot_control import ActivityCounts


class StatusReader:
    """For Prometheus and for the host's own commands."""

    def __init__(
        self,
        *,
        queue: ImageQueue,
        idle_time: IdleTime,
        estimate_errors: EstimateErrors,
        loop_lag: LoopLag,
        metrics: BotMetrics,
        engine_state: Callable[[], EngineState],
        inbound: Inbound,
        intake: Intake,
    ) -> None:
        self._queue = queue
        self._idle_time = idle_time
        self._estimate_errors = estimate_errors
        self._loop_lag = loop_lag
        self._metrics = metrics
        self._engine_state = engine_state
        self._inbound = inbound
        self._intake = intake

    def reading(self) -> Reading:
        spread, outstanding = self._estimate_errors.spread, self._queue.outstanding
        running = Counter(image.lane for image in self._queue.running)
        return Reading(
            waiting_images={lane: outstanding.images(lane) - running[lane] for lane in Lane},
            running_images=running,
            cost={lane: outstanding.cost(lane=lane) for lane in Lane},
            busy_s=self._idle_time.busy_s,
            idle_s=self._idle_time.idle_s,
            idle_time=self._idle_time.share,
            loop_late_s=self._loop_lag.worst_s,
            estimate_p50_s=spread.p50_s,
            estimate_p95_s=spread.p95_s,
            phase=self._engine_state().phase,
            inbound_requests=self._inbound.requests,
            inbound_bytes=self._inbound.bytes,
            intake_waiting=self._intake.waiting,
        )

    def tallies(self) -> ActivityCounts:
        return ActivityCounts(
            self._idle_time.share,
            self._estimate_errors.spread,
            self._metrics.batch_sizes(),
            self._metrics.out_of_memory_events(),
        )
