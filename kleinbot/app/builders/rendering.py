"""Builds the rendering of images, from the claim to the finished row."""

from collections.abc import Callable
from dataclasses import dataclass

from kleinbot import __version__
from kleinbot.app.builders.base import Base
from kleinbot.app.builders.scheduling import Scheduling
from kleinbot.dispatch.batch_runner import ProgressSink
from kleinbot.dispatch.claims import Claims
from kleinbot.dispatch.dispatcher import Dispatcher
from kleinbot.dispatch.finishing import Finisher
from kleinbot.dispatch.previews import PreviewChoices
from kleinbot.dispatch.render_tasks import RenderTasks
from kleinbot.process.disk_space import DiskCheck


@dataclass(frozen=True)
class Rendering:
    claims: Claims
    finisher: Finisher
    dispatcher: Dispatcher


def build_rendering(
    base: Base,
    scheduling: Scheduling,
    sink: ProgressSink,
    wake_delivery: Callable[[], None],
    *,
    model_name: str,
    version: str = __version__,
    free_bytes: Callable[[], int] | None = None,
    previews: bool = True,
) -> Rendering:
    """Build the rendering. ``free_bytes``: of the archive's disk; None: ask the archive.

    ``previews``: members may see what their pictures become. Not while pictures are judged: a preview would
    show, unjudged, what the finished picture is blocked for.
    """
    claims = Claims(
        database=base.database,
        scheduler=scheduling.scheduler,
        learning=scheduling.measured_times,
        wake_delivery=wake_delivery,
        metrics=base.metrics,
        clock=base.clock,
    )
    finisher = Finisher(
        database=base.database,
        archive=base.archive,
        pool=base.pool,
        clock=base.clock,
        faults=base.faults,
        wake_delivery=wake_delivery,
        model_name=model_name,
        version=version,
        fail=claims.fail,
        keep_tags=claims.keep_tags,
        judge=base.judge,
    )
    are_on = previews and not base.judge.state.is_on
    choices = PreviewChoices(base.database, scheduling.scheduler.cost_model, are_on=are_on)
    dispatcher = Dispatcher(
        scheduler=scheduling.scheduler,
        engines=scheduling.engines,
        claims=claims,
        tasks=RenderTasks(base.archive, base.pool, choices),
        finisher=finisher,
        sink=sink,
        disk=DiskCheck(free_bytes or base.archive.free_bytes),
        metrics=base.metrics,
        clock=base.clock,
        faults=base.faults,
    )
    return Rendering(claims, finisher, dispatcher)
