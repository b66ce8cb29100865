"""The dispatcher: one loop for each engine."""

import asyncio
import logging
from collections.abc import Sequence
from fractions import Fraction

from kleinbot.dispatch.batch_runner import BatchRunner, ProgressSink
from kleinbot.dispatch.claims import Claims
from kleinbot.dispatch.engine_loop import EngineLoop, relieve_overdue
from kleinbot.dispatch.finishing import Finisher
from kleinbot.dispatch.render_tasks import RenderTasks
from kleinbot.dispatch.start_metrics import StartMetrics
from kleinbot.domain.clock import Clock
from kleinbot.domain.faults import Faults
from kleinbot.domain.ports.metrics_sink import MetricsSink
from kleinbot.engine.protocol import Engine
from kleinbot.process.disk_space import DiskCheck
from kleinbot.scheduler.scheduler import Scheduler

_log = logging.getLogger(__name__)

LEAST_FREE_BYTES = 256 * 2**20
"""Below this nothing is dispatched: a picture that cannot be stored must not cost GPU time."""

_RELIEF_EVERY_S = 5.0


class Dispatcher:
    """Runs the engines: ``run`` works until ``stop``, within a grace period."""

    def __init__(
        self,
        *,
        scheduler: Scheduler,
        engines: Sequence[Engine],
        claims: Claims,
        tasks: RenderTasks,
        finisher: Finisher,
        sink: ProgressSink,
        disk: DiskCheck,
        metrics: MetricsSink,
        clock: Clock,
        faults: Faults,
    ) -> None:
        """``engines``: those of ``scheduler.engines``, in the same order."""
        self._scheduler = scheduler
        self._tasks = tasks
        self._finisher = finisher
        self._disk = disk
        self._metrics = metrics
        self._clock = clock
        starts = StartMetrics(scheduler.estimate_errors, metrics, clock)
        self.loops = tuple(
            EngineLoop(
                engine=scheduled,
                runner=BatchRunner(
                    engine=engine, scheduled=scheduled, scheduler=scheduler, sink=sink, clock=clock
                ),
                scheduler=scheduler,
                claims=claims,
                tasks=tasks,
                finisher=finisher,
                starts=starts,
                has_disk_space=self._has_disk_space,
                metrics=metrics,
                clock=clock,
                faults=faults,
            )
            for engine, scheduled in zip(engines, scheduler.engines, strict=True)
        )
        for loop in self.loops:
            scheduler.watch(loop.look)

    @property
    def gpu_hangs(self) -> bool:
        """Whether an engine's thread will not come back."""
        return any(loop.hangs for loop in self.loops)

    @property
    def has_begun(self) -> bool:
        """Whether a batch is on an engine or rests beside it."""
        return any(each.has_work for each in self._scheduler.engines)

    @property
    def idle_s(self) -> float:
        """For how long nothing was drawn while nothing waits; 0 while something is in hand."""
        if self._scheduler.queue.next_due() or self._finisher.is_busy:
            return 0.0
        return min(loop.idle_s for loop in self.loops)

    def used(self, job_id: str) -> dict[int, Fraction]:
        """Return what part of a job's begun images a GPU has used, by their positions."""
        drawn = dict.fromkeys(self._finisher.drawn(job_id), Fraction(1))
        of_engines = [loop.used(job_id) for loop in self.loops]
        return {position: part for used in (*of_engines, drawn) for position, part in used.items()}

    async def stop(self) -> None:
        """Let the batches in hand be the last ones; ``run`` then returns."""
        self._scheduler.stop()

    async def run(self) -> None:
        """Work until ``stop``; the engines must be ready.

        Raises FatalEngineError once an engine can no longer work: the rows are safe, the process is not.
        """
        running = [asyncio.create_task(loop.run(), name="engine loop") for loop in self.loops]
        try:
            await asyncio.wait(running, return_when=asyncio.FIRST_EXCEPTION)
        finally:
            for task in running:
                task.cancel()
            try:
                endings = await asyncio.gather(*running, return_exceptions=True)
            finally:
                self._tasks.close()
        for ending in endings:
            if isinstance(ending, Exception):
                raise ending

    async def keep_promises(self) -> None:
        """Take back in time the promises that cannot be kept, also while nothing is drawn.

        Runs until cancelled.
        """
        while True:
            for loop in self.loops:
                loop.look_at_clock()
            relieve_overdue(self._scheduler, self._metrics)
            await self._clock.sleep(_RELIEF_EVERY_S)

    async def _has_disk_space(self) -> bool:
        try:
            has_room = await self._disk.has(LEAST_FREE_BYTES)
        except OSError as error:
            _log.error("the disk does not answer: %s", error)
            has_room = False
        if not has_room and not self._scheduler.disk_is_full:
            _log.error("the disk is nearly full: nothing is dispatched until there is room")
        self._scheduler.disk_is_full = not has_room
        return has_room
