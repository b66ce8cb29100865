"""Opens the bot's resources, builds the bot on them, and closes everything again."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from kleinbot.app.builders.base import Base
from kleinbot.app.container import Externals, build_container, real_externals
from kleinbot.app.data_folder import lock, prepare
from kleinbot.app.failed_profiles import FailedProfiles
from kleinbot.app.gpu_availability import GpuAvailability
from kleinbot.app.lifecycle import App, ReadMemory
from kleinbot.app.model_choice import ModelChoice, choose_model, log_choice, pin_gpu
from kleinbot.app.picture_judge import build_judge
from kleinbot.app.profile_reselection import ProfileReselection
from kleinbot.archive.archive import Archive
from kleinbot.classifier.judge import ClassifierJudge
from kleinbot.config.settings import Settings
from kleinbot.domain.ports.picture_judge import NoJudge
from kleinbot.engine.gpu_engine import GpuEngine
from kleinbot.engine.placeholder import PlaceholderEngine
from kleinbot.engine.protocol import Engine
from kleinbot.images.cpu_pool import CpuPool
from kleinbot.images.intake.inbound import Inbound
from kleinbot.images.intake.intake import Intake
from kleinbot.metrics.counters import BotMetrics
from kleinbot.process.background import within
from kleinbot.store import served_model
from kleinbot.store.database import Database
from kleinbot.texts import Texts
from kleinbot.upkeep.sweeper import Sweeper

_log = logging.getLogger(__name__)

_CLOSING_S = 10.0


@asynccontextmanager
async def opened(
    settings: Settings,
    externals: Externals | None = None,
    engine: Engine | None = None,
    *,
    waits_for_gpu: bool = True,
    card_memory: ReadMemory | None = None,
) -> AsyncIterator[App]:
    """Build the app on ``settings.data_folder``; close everything in reverse order on exit.

    Unless ``waits_for_gpu``, the small model draws while a GPU that was there before is unavailable.
    ``card_memory`` reads the graphics card's memory, in place of its driver.

    Raises StartError if the folder is in use or its disk is full, the database is unusable, or the weights
    are wrong.
    """
    externals = externals or real_externals()
    async with AsyncExitStack() as stack:
        await lock(settings, externals.clock, stack)
        file = settings.database_file
        served = await asyncio.to_thread(served_model.read_from_file, file) if waits_for_gpu else None
        failed = FailedProfiles(settings.scratch_folder, externals.clock)
        availability = GpuAvailability(
            settings, served, lambda: choose_model(settings, without=failed.names())
        )
        model = await asyncio.to_thread(availability.model)
        if model.waits_for is None:
            log_choice(model, settings.weights)
        pairing = await asyncio.to_thread(
            prepare, file, settings.archive_folder, externals.clock, externals.faults
        )
        metrics = BotMetrics()
        judge = build_judge(settings, externals.clock, metrics, draws_small=model.is_small)
        base = await _base(settings, externals, metrics, judge, stack)
        engine = engine or _engine(settings, externals, model, availability)
        sweeper = Sweeper(
            base.archive, file, pairing, Texts(settings.locale), base.clock, settings.archive_options
        )
        container = build_container(settings, externals, model, engine, base, metrics, sweeper)
        reselection = ProfileReselection(settings, model, failed)
        app = App(
            container, settings, model, availability, reselection, sweeper, externals.on_ending, card_memory
        )
        stack.push_async_callback(app.close_engine)
        stack.push_async_callback(within, _CLOSING_S, container.discord.client.close)
        stack.push_async_callback(within, _CLOSING_S, container.downloads.close)
        stack.push_async_callback(within, _CLOSING_S, base.intake.close)
        yield app


async def _base(
    settings: Settings,
    externals: Externals,
    metrics: BotMetrics,
    judge: ClassifierJudge | None,
    stack: AsyncExitStack,
) -> Base:
    if judge is not None:
        stack.push_async_callback(within, _CLOSING_S, judge.close)
    database = await Database.open(settings.database_file, externals.faults)
    stack.push_async_callback(within, _CLOSING_S, database.close)
    archive = await asyncio.to_thread(Archive, settings.archive_folder, None, externals.clock)
    stack.push_async_callback(within, _CLOSING_S, archive.close)
    pool = CpuPool()
    stack.push_async_callback(within, _CLOSING_S, pool.close)
    return Base(
        externals.clock,
        externals.random,
        externals.faults,
        database,
        archive,
        pool,
        Inbound(),
        Intake(externals.clock),
        metrics,
        judge or NoJudge(),
    )


def _engine(
    settings: Settings, externals: Externals, model: ModelChoice, availability: GpuAvailability
) -> Engine:
    why = model.waits_for
    if why is not None:
        return PlaceholderEngine(model.profile, lambda: availability.problem or why)
    pin_gpu(model)
    return GpuEngine(
        model.source, model.profile, externals.clock, externals.faults, scratch=settings.scratch_folder,
        prepares_previews=settings.previews and not model.is_small,
    )  # fmt: skip
