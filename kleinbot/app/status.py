"""The bot's current status, for Prometheus and for the owner's commands."""

import asyncio
from collections import Counter

from kleinbot.archive.archive import Archive
from kleinbot.chat.core.clock_skew import ClockSkew
from kleinbot.domain.job import Lane
from kleinbot.domain.ports.picture_judge import PictureJudge
from kleinbot.images.intake.inbound import Inbound
from kleinbot.images.intake.intake import Intake
from kleinbot.metrics.counters import BotMetrics
from kleinbot.metrics.readings import Reading
from kleinbot.process.loop_lag import LoopLag
from kleinbot.scheduler.estimates import EndErrors
from kleinbot.scheduler.scheduler import Scheduler
from kleinbot.store.database import Database
from kleinbot.store.jobs.measurements import end_errors_ms
from kleinbot.upkeep.sweeper import Sweeper
from kleinbot.usecases.owner.bot_control import ActivityCounts, Health

_ENDS = 100


class StatusReader:
    """Reads every figure at the moment of the request."""

    def __init__(
        self,
        *,
        database: Database,
        scheduler: Scheduler,
        metrics: BotMetrics,
        loop_lag: LoopLag,
        inbound: Inbound,
        intake: Intake,
        archive: Archive,
        sweeper: Sweeper,
        skew: ClockSkew,
        judge: PictureJudge,
    ) -> None:
        self._database = database
        self._scheduler = scheduler
        self._metrics = metrics
        self._loop_lag = loop_lag
        self._inbound = inbound
        self._intake = intake
        self._archive = archive
        self._sweeper = sweeper
        self._skew = skew
        self._judge = judge

    async def reading(self) -> Reading:
        """Return the current gauges."""
        scheduler, outstanding = self._scheduler, self._scheduler.queue.outstanding
        spread, ends = scheduler.estimate_errors.spread, await self._ends()
        running = Counter(image.lane for image in scheduler.queue.running)
        return Reading(
            waiting_images={lane: outstanding.images(lane) - running[lane] for lane in Lane},
            running_images=running,
            cost={lane: outstanding.cost(lane=lane) for lane in Lane},
            busy_s=scheduler.busy_s,
            idle_s=scheduler.idle_s,
            idle_time=scheduler.idle_share,
            loop_late_s=self._loop_lag.worst_s,
            estimate_p50_s=spread.p50_s,
            estimate_p95_s=spread.p95_s,
            phase=scheduler.engine_state().phase,
            inbound_requests=self._inbound.requests,
            inbound_bytes=self._inbound.bytes,
            intake_waiting=self._intake.waiting,
            end_median_s=ends.median_s,
            end_p90_s=ends.p90_s,
        )

    async def health(self) -> Health:
        """Return the health of the process and its machine."""
        return Health(
            # On a thread: a lost network share may block for long.
            free_bytes=await asyncio.to_thread(self._archive.free_bytes),
            loop_late_s=self._loop_lag.worst_s,
            activity=ActivityCounts(
                self._scheduler.idle_share,
                self._scheduler.estimate_errors.spread,
                self._metrics.batch_sizes(),
                self._metrics.out_of_memory_events(),
                await self._ends(),
            ),
            archive_problem=self._sweeper.problem,
            clock_ahead_ms=self._skew.ahead_ms if self._skew.is_reported else None,
            judge=self._judge.state,
        )

    async def _ends(self) -> EndErrors:
        return EndErrors.of(await end_errors_ms(self._database.read, _ENDS))
