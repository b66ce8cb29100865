"""Everything that the running bot is made of, put together; nothing runs yet."""

import asyncio
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from discord import app_commands
from discord.ext import commands

from cogs.edit import EditCog
from cogs.history import HistoryCog
from cogs.imagine import ImagineCog, ImagineWithQualityCog
from cogs.owner import OwnerCog
from cogs.picture_menus import PictureMenusCog
from cogs.queue import QueueCog
from cogs.quota import QuotaCog
from cogs.variations import VariationsCog
from kleinbot import __version__
from kleinbot.app.gpu_availability import GpuAvailability
from kleinbot.app.model_choice import ModelChoice
from kleinbot.app.profile_reselection import ProfileReselection
from kleinbot.app.status import StatusReader
from kleinbot.archive.archive import Archive
from kleinbot.chat.core.client import KleinbotClient
from kleinbot.chat.core.clock_skew import ClockSkew
from kleinbot.chat.core.interaction_gate import InteractionGate
from kleinbot.chat.core.interactions import Interactions
from kleinbot.chat.core.ownership import Ownership
from kleinbot.chat.core.presence import Presence
from kleinbot.chat.core.repeated_events import RepeatedEvents
from kleinbot.chat.core.routing import ButtonRouter, Handlers, button_routes
from kleinbot.chat.create.downloads import Downloads
from kleinbot.chat.create.handlers import CreateHandlers
from kleinbot.chat.delivery.first_response import ExpiredResponses, FirstResponses
from kleinbot.chat.delivery.live_messages import LiveMessages
from kleinbot.chat.delivery.messages import ResultMessages
from kleinbot.chat.delivery.outbox_worker import OutboxWorker
from kleinbot.chat.delivery.removal import MessageRemover
from kleinbot.chat.delivery.routes import Routes
from kleinbot.chat.delivery.undelivered import Undelivered
from kleinbot.chat.jobs.handlers import JobHandlers
from kleinbot.chat.jobs.job_responder import JobResponder
from kleinbot.chat.owner.handlers import OwnerHandlers
from kleinbot.chat.owner.queue_handlers import OwnerQueueHandlers
from kleinbot.chat.owner.server_names import ServerNames
from kleinbot.chat.quota.handlers import QuotaHandlers
from kleinbot.chat.results.handlers import ResultHandlers
from kleinbot.chat.results.history_handlers import HistoryHandlers
from kleinbot.config.settings import Settings
from kleinbot.dispatch.claims import Claims
from kleinbot.dispatch.clock_repair import ClockRepair
from kleinbot.dispatch.dispatcher import Dispatcher
from kleinbot.dispatch.finishing import Finisher
from kleinbot.dispatch.measured_times import MeasuredTimes
from kleinbot.dispatch.render_tasks import RenderTasks
from kleinbot.dispatch.retention import Retention
from kleinbot.domain.clock import HOUR_MS, Clock, SystemClock
from kleinbot.domain.faults import Faults, NoFaults
from kleinbot.domain.job import TENTHS
from kleinbot.domain.job_spec import Checkpoint
from kleinbot.domain.profile import Device
from kleinbot.engine.protocol import Engine
from kleinbot.hardware.capacity import CapacityNow
from kleinbot.images.cpu_pool import CpuPool
from kleinbot.images.intake.inbound import Inbound
from kleinbot.images.intake.intake import Intake
from kleinbot.klein.pipeline.prompt import KleinPromptMeter
from kleinbot.metrics.counters import BotMetrics
from kleinbot.process.disk_space import DiskCheck
from kleinbot.process.loop_lag import LoopLag
from kleinbot.process.shutdown_marker import ShutdownMarker
from kleinbot.scheduler.cost import CostModel
from kleinbot.scheduler.scheduler import Scheduler
from kleinbot.store.database import Database
from kleinbot.texts import Texts
from kleinbot.upkeep.pairing import Pairing
from kleinbot.upkeep.sweeper import Sweeper
from kleinbot.usecases.attachments import Attachments
from kleinbot.usecases.cancel import Cancel
from kleinbot.usecases.delete import Delete
from kleinbot.usecases.edit import Edit
from kleinbot.usecases.favourites import Favourites
from kleinbot.usecases.history import History
from kleinbot.usecases.inputs import Inputs
from kleinbot.usecases.job_queries import JobQueries
from kleinbot.usecases.owner.bot_control import BotControl
from kleinbot.usecases.owner.departures import Departures
from kleinbot.usecases.owner.new_servers import NewServers
from kleinbot.usecases.owner.owner_queue import OwnerQueue
from kleinbot.usecases.owner.server_shares import ServerShares
from kleinbot.usecases.quota.administer import AdministerQuota
from kleinbot.usecases.quota.member_weight import SetMemberWeight
from kleinbot.usecases.quota.quota import QuotaRule
from kleinbot.usecases.quota.quota_view import QuotaView
from kleinbot.usecases.sources import Sources
from kleinbot.usecases.submit import Submit
from kleinbot.usecases.variations import Variations

_PRIOR_S_PER_PICTURE = {Device.CUDA: 0.5, Device.CPU: 6.0}
"""How long a picture is thought to take until the first one was measured."""


@dataclass(frozen=True)
class Outside:
    """What production takes from the machine and tests bring along. ``client_options`` go to discord.py.

    ``on_ending`` is told once the app begins to end: the exit code as far as it is known, and in how many
    seconds everything ought to be closed.
    """

    clock: Clock
    random: random.Random
    faults: Faults
    client_options: Mapping[str, Any]
    on_ending: Callable[[int, float], None] = lambda _code, _seconds: None


def machine() -> Outside:
    """Return the real outside."""
    return Outside(SystemClock(), random.SystemRandom(), NoFaults(), {})


class Container:
    """Every part, once, knowing those it needs. ``stopping`` is set once the bot is about to end.

    ``served`` is the model that draws, None while its card is away.
    """

    def __init__(
        self,
        settings: Settings,
        outside: Outside,
        model: ModelChoice,
        engine: Engine,
        database: Database,
        archive: Archive,
        pool: CpuPool,
        gpu_availability: GpuAvailability,
        pairing: Pairing,
        profile_reselection: ProfileReselection,
    ) -> None:
        clock, faults = outside.clock, outside.faults
        self.gpu_availability = gpu_availability
        self.profile_reselection = profile_reselection
        self.shutdown_marker = ShutdownMarker(settings.data_folder)
        self.on_ending = outside.on_ending
        self.engine = engine
        self.database = database
        self.loop_lag = LoopLag()
        self.profile = model.profile
        self.served = None if model.waits_for else model.size
        self.metrics_port = settings.metrics_port
        self.grace_s = settings.grace_s
        self.clock = clock
        self.archive = archive
        self.stopping = asyncio.Event()
        texts = Texts(settings.locale)
        self.sweeper = Sweeper(
            archive, settings.database_file, pairing, texts, clock, settings.archive_options
        )
        self.shares = ServerShares()
        self.allowed_servers = frozenset(settings.allowed_servers)
        everywhere = settings.quota_everywhere
        rule = QuotaRule(
            settings.quota_pictures * TENTHS,
            settings.quota_hours * HOUR_MS,
            None if everywhere is None else everywhere * TENTHS,
        )
        cost_model = CostModel(_PRIOR_S_PER_PICTURE[model.profile.device])
        capacity = CapacityNow(lambda: engine.profile, model.choice.usable_bytes)
        scheduler = Scheduler([(engine, capacity)], cost_model, clock, weights=self.shares)
        self.scheduler = scheduler
        # Whom the host has listed is no stranger.
        share = 1.0 if settings.allowed_servers else settings.new_server_share
        self.newcomers = NewServers(database, self.shares, scheduler, share, clock)
        replies = FirstResponses(lambda: self.client)
        self.skew = ClockSkew(clock)
        self.learning = MeasuredTimes(cost_model, model.profile.name, clock)
        metrics = self.metrics = BotMetrics()
        self.intake = Intake(clock)
        self.inbound = Inbound()
        self.status = StatusReader(
            scheduler=scheduler,
            metrics=metrics,
            loop_lag=self.loop_lag,
            inbound=self.inbound,
            intake=self.intake,
            archive=archive,
            sweeper=self.sweeper,
            skew=self.skew,
        )
        recall = JobQueries(database, archive, scheduler)
        self.live_messages = LiveMessages(recall, replies, texts, scheduler.engine_state, clock)
        results = ResultMessages(
            Attachments(recall, pool),
            texts,
            lambda locale: texts.say(locale, model.note) if model.note else None,
        )
        self.removal = MessageRemover(database, lambda: self.client, clock)
        ways = Routes(
            database,
            results,
            replies,
            lambda: self.client,
            clock,
            faults,
            metrics.delivered,
            self.removal.wake,
            self.skew,
        )
        expired_responses = ExpiredResponses(lambda: self.client, texts)
        self.delivery = OutboxWorker(
            database, recall, self.live_messages, ways, expired_responses, clock, metrics.kept, self.skew
        )
        self.stamps = ClockRepair(database, self._more_is_due, clock)
        self.retention = Retention(database, clock)
        claims = Claims(
            database=database,
            scheduler=scheduler,
            learning=self.learning,
            wake_delivery=self.delivery.wake,
            metrics=metrics,
            clock=clock,
        )
        self.finisher = Finisher(
            database=database,
            archive=archive,
            pool=pool,
            clock=clock,
            faults=faults,
            wake_delivery=self.delivery.wake,
            model_name=model.name,
            version=__version__,
            fail=claims.fail,
        )
        self.dispatcher = Dispatcher(
            scheduler=scheduler,
            engines=[engine],
            claims=claims,
            tasks=RenderTasks(archive, pool),
            finisher=self.finisher,
            sink=self.live_messages,
            disk=DiskCheck(archive.free_bytes),
            metrics=metrics,
            clock=clock,
            faults=faults,
        )
        self.meter = KleinPromptMeter(model.source.tokenizer_file)
        submit = Submit(
            database=database,
            archive=archive,
            scheduler=scheduler,
            recall=recall,
            meter=self.meter,
            rule=rule,
            clock=clock,
            random=outside.random,
            metrics=metrics,
        )
        cancel = Cancel(
            database=database,
            scheduler=scheduler,
            used=self.dispatcher.used,
            wake_delivery=self.delivery.wake,
            clock=clock,
        )
        self.departures = Departures(
            database, scheduler, lambda server_id: self.client.is_member_of(server_id),
            self.delivery.wake, clock,
        )  # fmt: skip
        self.downloads = Downloads(lambda: self.client, clock)
        sources = Sources(database)
        inputs = Inputs(
            archive, self.inbound, self.intake, pool, self.downloads.fetch, model.profile.largest_grid_tokens
        )
        history = History(database, recall, pool, self.removal.wake, clock)
        operate = BotControl(
            database=database,
            scheduler=scheduler,
            shares=self.shares,
            rule=rule,
            health=self.status.health,
            service_mode_changed=self.show_engine_state,
            clock=clock,
        )
        server_names = ServerNames(lambda: self.client)
        self.ownership = Ownership(lambda: self.client, clock)
        self.repeats = RepeatedEvents(database)
        interactions = Interactions(self.ownership, texts, clock)
        gate = InteractionGate(interactions, self.repeats, self.skew, self.allowed_servers)
        responder = JobResponder(self.live_messages, texts, clock)
        self.handlers = Handlers(
            jobs=JobHandlers(submit, cancel, recall, interactions, responder, texts, scheduler.engine_state),
            create=CreateHandlers(
                interactions,
                gate,
                responder,
                sources,
                Edit(submit, sources, inputs, model.profile.most_references),
                Variations(submit, sources, inputs),
                texts,
                clock,
            ),
            results=ResultHandlers(
                history,
                Favourites(database, history, clock),
                Delete(database, archive, history, self.removal.wake, clock),
                results,
                interactions,
                texts,
            ),
            history=HistoryHandlers(history, results, interactions, texts),
            quota=QuotaHandlers(
                QuotaView(database, rule, clock),
                AdministerQuota(database, rule, clock),
                SetMemberWeight(database, scheduler, self.shares, clock),
                interactions,
                texts,
            ),
            owner=OwnerHandlers(operate, rule, server_names, interactions, texts),
            owner_queue=OwnerQueueHandlers(
                operate,
                OwnerQueue(database, scheduler, recall),
                cancel,
                server_names,
                interactions,
                texts,
            ),
        )
        self.client = KleinbotClient(
            gate=gate,
            interactions=interactions,
            router=ButtonRouter(button_routes(self.handlers), gate),
            undelivered=Undelivered(
                database, recall, results, texts, clock, metrics.delivered, self.removal.wake
            ),
            texts=texts,
            welcome=self.newcomers.welcome,
            prepare=self._prepare,
            **outside.client_options,
        )
        self.presence = Presence(self.client, texts, clock)
        self.client.add_listener(self.presence.show_again, "on_shard_ready")
        for event in ("on_guild_join", "on_guild_remove", "on_ready"):
            self.client.add_listener(self.departures.look_soon, event)

    async def _prepare(self, client: KleinbotClient) -> None:
        has_base = Checkpoint.BASE in self.profile.checkpoints
        for cog in cogs(self.handlers, client.tree, has_base=has_base):
            await client.add_cog(cog)

    def _more_is_due(self) -> None:
        self.delivery.wake()
        self.removal.wake()

    def show_engine_state(self) -> None:
        """Show in the bot's presence what the engines are doing."""
        self.presence.show(self.scheduler.engine_state())


def cogs(
    handlers: Handlers, tree: app_commands.CommandTree[Any], *, has_base: bool
) -> tuple[commands.Cog, ...]:
    """Return the cogs; ``has_base``: this host has the base checkpoint, so /imagine has a quality."""
    return (
        ImagineWithQualityCog(handlers.jobs) if has_base else ImagineCog(handlers.jobs),
        QueueCog(handlers.jobs),
        QuotaCog(handlers.quota),
        OwnerCog(handlers.owner, handlers.owner_queue),
        EditCog(handlers.create),
        VariationsCog(handlers.create),
        PictureMenusCog(tree, handlers.create),
        HistoryCog(handlers.history),
    )
