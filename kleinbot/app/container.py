"""Assembles all parts of the bot without starting any."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from kleinbot.app.builders.base import Base
from kleinbot.app.builders.delivery import Delivery, build_delivery
from kleinbot.app.builders.discord_bot import DiscordBot, build_discord_bot
from kleinbot.app.builders.rendering import Rendering, build_rendering
from kleinbot.app.builders.scheduling import Scheduling, build_scheduling
from kleinbot.app.builders.usecases import UseCasePorts, UseCases, build_usecases
from kleinbot.app.model_choice import ModelChoice
from kleinbot.app.status import StatusReader
from kleinbot.chat.core.client import CurrentClient
from kleinbot.chat.core.presence import Presence
from kleinbot.chat.create.downloads import Downloads
from kleinbot.config.settings import Settings
from kleinbot.domain.clock import HOUR_MS, Clock, SystemClock
from kleinbot.domain.faults import Faults, NoFaults
from kleinbot.domain.job import TENTHS
from kleinbot.domain.job_spec import Checkpoint
from kleinbot.domain.profile import Device
from kleinbot.engine.protocol import Engine
from kleinbot.hardware.capacity import CapacityNow
from kleinbot.klein.pipeline.prompt import KleinPromptMeter
from kleinbot.metrics.counters import BotMetrics
from kleinbot.process.loop_lag import LoopLag
from kleinbot.texts import Texts
from kleinbot.upkeep.sweeper import Sweeper
from kleinbot.usecases.quota.quota import QuotaRule

_PRIOR_S_PER_PICTURE = {Device.CUDA: 0.5, Device.CPU: 6.0}
"""Assumed time per picture until the first one is measured."""


@dataclass(frozen=True)
class Externals:
    """Dependencies that tests replace. ``client_options`` are passed to discord.py.

    ``on_ending`` is called once the app begins to end, with the exit code as far as it is known, and the
    seconds within which everything should be closed.
    """

    clock: Clock
    random: random.Random
    faults: Faults
    client_options: Mapping[str, Any]
    on_ending: Callable[[int, float], None] = lambda _code, _seconds: None


def real_externals() -> Externals:
    """Return the dependencies of production."""
    return Externals(SystemClock(), random.SystemRandom(), NoFaults(), {})


@dataclass(frozen=True)
class Container:
    """Every part of the bot, grouped by the builder that made it."""

    base: Base
    scheduling: Scheduling
    delivery: Delivery
    rendering: Rendering
    usecases: UseCases
    discord: DiscordBot
    downloads: Downloads
    meter: KleinPromptMeter
    metrics: BotMetrics
    loop_lag: LoopLag
    status: StatusReader
    show_engine_state: Callable[[], None]


def build_container(
    settings: Settings,
    externals: Externals,
    model: ModelChoice,
    engine: Engine,
    base: Base,
    metrics: BotMetrics,
    sweeper: Sweeper,
) -> Container:
    """Build the bot on ``base``, whose metrics are ``metrics``."""
    texts, current, loop_lag = Texts(settings.locale), CurrentClient(), LoopLag()
    capacity = CapacityNow(lambda: engine.profile, model.choice.usable_bytes)
    scheduling = build_scheduling(base, [(engine, capacity)], _PRIOR_S_PER_PICTURE[model.profile.device])
    delivery = build_delivery(base, scheduling, texts, metrics, current, note=model.note)
    rendering = build_rendering(
        base, scheduling, delivery.live_messages, delivery.outbox_worker.wake,
        model_name=model.name, previews=settings.previews,
    )  # fmt: skip
    meter, downloads = KleinPromptMeter(model.source.tokenizer_file), Downloads(current, base.clock)
    status = StatusReader(
        database=base.database, scheduler=scheduling.scheduler, metrics=metrics, loop_lag=loop_lag,
        inbound=base.inbound, intake=base.intake, archive=base.archive, sweeper=sweeper,
        skew=delivery.skew, judge=base.judge,
    )  # fmt: skip
    presence = Presence(current, texts, base.clock)

    def show_engine_state() -> None:
        presence.show(scheduling.scheduler.engine_state())

    ports = UseCasePorts(
        used=rendering.dispatcher.used,
        fetch=downloads.fetch,
        wake_delivery=delivery.outbox_worker.wake,
        wake_remover=delivery.wake_changes,
        wakes=delivery.wakes,
        is_member_of=current.is_member_of,
        look_ups=delivery.look_ups,
        health=status.health,
        service_mode_changed=show_engine_state,
    )
    usecases = build_usecases(
        base, scheduling, meter, _rule(settings), model.profile, ports,
        contact=settings.contact, new_server_share=_new_server_share(settings),
    )  # fmt: skip
    bot = build_discord_bot(
        base, scheduling, delivery, usecases, texts, current, presence,
        allowed_servers=frozenset(settings.allowed_servers),
        has_base=Checkpoint.BASE in model.profile.checkpoints,
        draws_small=model.is_small,
        joining_post=settings.joining_post,
        client_options=externals.client_options,
    )  # fmt: skip
    return Container(
        base, scheduling, delivery, rendering, usecases, bot, downloads, meter, metrics, loop_lag, status,
        show_engine_state,
    )  # fmt: skip


def _new_server_share(settings: Settings) -> float:
    """Return with what share a server begins; one that the owner has listed begins with a whole one."""
    return 1.0 if settings.allowed_servers else settings.new_server_share


def _rule(settings: Settings) -> QuotaRule:
    everywhere = settings.quota_everywhere
    return QuotaRule(
        settings.quota_pictures * TENTHS,
        settings.quota_hours * HOUR_MS,
        None if everywhere is None else everywhere * TENTHS,
    )
