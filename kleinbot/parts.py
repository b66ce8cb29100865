"""Everything that the running bot is made of, put together; nothing runs yet."""

import asyncio
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from cogs.edit import Edit as EditCommand
from cogs.history import History as HistoryCommands
from cogs.host import Host
from cogs.imagine import Imagine, ImagineInQualities
from cogs.line import Line as LineCommands
from cogs.picture_menus import PictureMenus
from cogs.quota import Quota
from cogs.variations import Variations as VariationsCommand
from kleinbot import __version__
from kleinbot.archive.archive import Archive
from kleinbot.chat.board import Board
from kleinbot.chat.client import KleinbotClient
from kleinbot.chat.clock_skew import ClockSkew
from kleinbot.chat.delivery import Delivery
from kleinbot.chat.downloads import Downloads
from kleinbot.chat.front_desk import FrontDesk
from kleinbot.chat.hand_over import HandOver
from kleinbot.chat.history_desk import HistoryDesk
from kleinbot.chat.host_desk import HostDesk
from kleinbot.chat.host_queue_desk import HostQueueDesk
from kleinbot.chat.keeping_desk import KeepingDesk
from kleinbot.chat.old_replies import OldReplies
from kleinbot.chat.presence import Presence
from kleinbot.chat.quota_desk import QuotaDesk
from kleinbot.chat.removal import Removal
from kleinbot.chat.repeats import Repeats
from kleinbot.chat.replies import Replies
from kleinbot.chat.results import Results
from kleinbot.chat.server_names import ServerNames
from kleinbot.chat.ways import Ways
from kleinbot.chat.workbench import Workbench
from kleinbot.choosing_anew import ChoosingAnew
from kleinbot.clean_stop import CleanStop
from kleinbot.dispatch.disk_room import DiskRoom
from kleinbot.dispatch.dispatcher import Dispatcher
from kleinbot.dispatch.finishing import Finisher
from kleinbot.dispatch.idle import IdleShare
from kleinbot.dispatch.learning import Learning
from kleinbot.dispatch.limits import LearnedLimits
from kleinbot.dispatch.retention import Retention
from kleinbot.dispatch.stamps import Stamps
from kleinbot.dispatch.starts import Starts
from kleinbot.dispatch.tasks import TaskMaker
from kleinbot.domain.clock import HOUR_MS, Clock, SystemClock
from kleinbot.domain.door import Door
from kleinbot.domain.faults import Faults, NoFaults
from kleinbot.domain.job import TENTHS
from kleinbot.domain.work import Checkpoint, EnginePhase, EngineState
from kleinbot.engine.protocol import Engine
from kleinbot.gauges import Gauges
from kleinbot.host.capacity import CapacityNow
from kleinbot.host.profile import Device
from kleinbot.images.cpu_pool import CpuPool
from kleinbot.images.inbound import Inbound
from kleinbot.images.intake import Intake
from kleinbot.klein.prompt import KleinPromptMeter
from kleinbot.lookout import Lookout
from kleinbot.loop_watch import LoopWatch
from kleinbot.metrics.house import HouseMetrics
from kleinbot.model_choice import ModelChoice
from kleinbot.queueing.admission import AdmissionLimits
from kleinbot.queueing.cost import CostModel
from kleinbot.queueing.estimates import EstimateErrors
from kleinbot.queueing.line import Line
from kleinbot.settings import Settings
from kleinbot.store.database import Database
from kleinbot.studio.administer import AdministerQuota
from kleinbot.studio.cancel import Cancel
from kleinbot.studio.delete import Delete
from kleinbot.studio.departures import Departures
from kleinbot.studio.edit import Edit
from kleinbot.studio.favour import Favour
from kleinbot.studio.history import History
from kleinbot.studio.host_queue import HostQueue
from kleinbot.studio.inputs import Inputs
from kleinbot.studio.newcomers import Newcomers
from kleinbot.studio.operate import Doorkeeper, Operate
from kleinbot.studio.parcels import Parcels
from kleinbot.studio.quota import QuotaRule
from kleinbot.studio.quota_view import QuotaView
from kleinbot.studio.recall import Recall
from kleinbot.studio.shares import Shares
from kleinbot.studio.sources import Sources
from kleinbot.studio.submit import Submit
from kleinbot.studio.variations import Variations
from kleinbot.studio.weigh import Weigh
from kleinbot.texts import Texts
from kleinbot.upkeep.bond import Bond
from kleinbot.upkeep.sweeper import Sweeper

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


class Parts:
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
        lookout: Lookout,
        bond: Bond,
        choosing: ChoosingAnew,
    ) -> None:
        clock, faults = outside.clock, outside.faults
        self.lookout = lookout
        self.choosing = choosing
        self.clean_stop = CleanStop(settings.data_folder)
        self.on_ending = outside.on_ending
        self.engine = engine
        self.database = database
        self.loop_watch = LoopWatch()
        self.profile = model.profile
        self.served = None if model.waits_for else model.size
        self.metrics_port = settings.metrics_port
        self.grace_s = settings.grace_s
        self.clock = clock
        self.archive = archive
        self.stopping = asyncio.Event()
        texts = Texts(settings.locale)
        self.sweeper = Sweeper(archive, settings.database_file, bond, texts, clock, settings.archive_options)
        self.shares = Shares()
        self.doorkeeper = Doorkeeper()
        self.allowed_servers = frozenset(settings.allowed_servers)
        everywhere = settings.quota_everywhere
        rule = QuotaRule(
            settings.quota_pictures * TENTHS,
            settings.quota_hours * HOUR_MS,
            None if everywhere is None else everywhere * TENTHS,
        )
        line = Line(self.shares)
        self.line = line
        # Whom the host has listed is no stranger.
        share = 1.0 if settings.allowed_servers else settings.new_server_share
        self.newcomers = Newcomers(database, self.shares, line, share, clock)
        cost_model = CostModel(_PRIOR_S_PER_PICTURE[model.profile.device])
        replies = Replies(lambda: self.client)
        self.skew = ClockSkew(clock)
        self.learning = Learning(cost_model, model.profile.name, clock)
        self.limits = AdmissionLimits()
        meters = self.metrics = HouseMetrics()
        self.estimate_errors = EstimateErrors()
        self.idle_share = IdleShare(clock)
        self.intake = Intake(clock)
        self.inbound = Inbound()
        self.gauges = Gauges(
            line=line,
            idle_share=self.idle_share,
            estimate_errors=self.estimate_errors,
            loop_watch=self.loop_watch,
            metrics=self.metrics,
            engine_state=self.engine_state,
            inbound=self.inbound,
            intake=self.intake,
        )
        capacity = CapacityNow(lambda: engine.profile, model.choice.usable_bytes)
        recall = Recall(
            database,
            archive,
            line,
            cost_model,
            self.engine_state,
            lambda job_id: self.dispatcher.draws(job_id),
            clock,
        )
        self.board = Board(recall, replies, texts, self.engine_state, clock)
        results = Results(
            Parcels(recall, pool), texts, lambda locale: texts.say(locale, model.note) if model.note else None
        )
        self.removal = Removal(database, lambda: self.client, clock)
        ways = Ways(
            database,
            results,
            replies,
            lambda: self.client,
            clock,
            faults,
            meters.delivered,
            self.removal.wake,
            self.skew,
        )
        old_replies = OldReplies(lambda: self.client, texts)
        self.delivery = Delivery(
            database, recall, self.board, ways, old_replies, clock, meters.kept, self.skew
        )
        self.stamps = Stamps(database, self._more_is_due, clock)
        self.retention = Retention(database, clock)
        self.finisher = Finisher(
            database=database,
            archive=archive,
            pool=pool,
            clock=clock,
            faults=faults,
            wake_delivery=self.delivery.wake,
            model_name=model.name,
            version=__version__,
            fail=lambda job_id, error: self.dispatcher.fail(job_id, error),
        )
        self.dispatcher = Dispatcher(
            database=database,
            engine=engine,
            line=line,
            cost_model=cost_model,
            learning=self.learning,
            limits=LearnedLimits(capacity),
            tasks=TaskMaker(archive, pool),
            finisher=self.finisher,
            sink=self.board,
            starts=Starts(self.estimate_errors, meters, clock),
            disk=DiskRoom(archive.free_bytes),
            idle=self.idle_share,
            meters=meters,
            wake_delivery=self.delivery.wake,
            is_paused=lambda: self.doorkeeper.door is Door.PAUSED,
            clock=clock,
            faults=faults,
        )
        self.meter = KleinPromptMeter(model.source.tokenizer_file)
        submit = Submit(
            database=database,
            line=line,
            cost_model=cost_model,
            limits=self.limits,
            recall=recall,
            listener=self.dispatcher,
            meter=self.meter,
            profile=model.profile,
            rule=rule,
            engine_state=self.engine_state,
            door=lambda: self.doorkeeper.door,
            clock=clock,
            random=outside.random,
            archive=archive,
            capacity=capacity,
            errors=self.estimate_errors,
            meters=meters,
        )
        cancel = Cancel(
            database=database,
            line=line,
            listener=self.dispatcher,
            used=self.dispatcher.used,
            wake_delivery=self.delivery.wake,
            clock=clock,
        )
        self.departures = Departures(
            database, line, self.dispatcher, lambda server_id: self.client.is_member_of(server_id),
            self.delivery.wake, clock,
        )  # fmt: skip
        self.downloads = Downloads(lambda: self.client, clock)
        sources = Sources(database)
        inputs = Inputs(
            archive, self.inbound, self.intake, pool, self.downloads.fetch, model.profile.largest_grid_tokens
        )
        front_desk = FrontDesk(submit, cancel, recall, self.board, texts, self.engine_state, clock)
        history = History(database, recall, pool, self.removal.wake, clock)
        operate = Operate(
            database=database,
            line=line,
            shares=self.shares,
            doorkeeper=self.doorkeeper,
            rule=rule,
            profile=model.profile,
            engine_state=self.engine_state,
            free_bytes=archive.free_bytes,
            archive_problem=lambda: self.sweeper.problem,
            clock_ahead_ms=lambda: self.skew.ahead_ms if self.skew.is_told else None,
            loop_late_s=lambda: self.loop_watch.worst_s,
            tallies=self.gauges.tallies,
            door_moved=self._door_moved,
            clock=clock,
        )
        server_names = ServerNames(lambda: self.client)
        host_queue_desk = HostQueueDesk(
            operate,
            HostQueue(database, line, recall, self.doorkeeper, self.engine_state),
            cancel,
            server_names,
            texts,
        )
        quota_desk = QuotaDesk(
            QuotaView(database, rule, clock),
            AdministerQuota(database, rule, clock),
            Weigh(database, line, self.shares, clock),
            texts,
        )
        self.client = KleinbotClient(
            quota_desk=quota_desk,
            front_desk=front_desk,
            workbench=Workbench(
                front_desk,
                sources,
                Edit(submit, sources, inputs, model.profile.most_references),
                Variations(submit, sources, inputs),
                texts,
                clock,
            ),
            history_desk=HistoryDesk(history, results, texts),
            keeping_desk=KeepingDesk(
                history,
                Favour(database, history, clock),
                Delete(database, archive, history, self.removal.wake, clock),
                results,
                texts,
            ),
            host_queue_desk=host_queue_desk,
            repeats=Repeats(database),
            clock=clock,
            skew=self.skew,
            hand_over=HandOver(database, recall, results, texts, clock, meters.delivered, self.removal.wake),
            texts=texts,
            allowed_servers=self.allowed_servers,
            welcome=self.newcomers.welcome,
            prepare=self._prepare,
            **outside.client_options,
        )
        self.presence = Presence(self.client, texts, clock)
        self.client.add_listener(self.presence.show_again, "on_shard_ready")
        for event in ("on_guild_join", "on_guild_remove", "on_ready"):
            self.client.add_listener(self.departures.look_soon, event)
        self._cogs = (
            Quota(quota_desk),
            Host(HostDesk(operate, rule, server_names, texts), host_queue_desk),
        )

    def engine_state(self) -> EngineState:
        """Return what the engine is doing, as members are told it."""
        if self.stopping.is_set():
            return EngineState(EnginePhase.DRAINING)
        state = self.engine.state
        if state.phase is EnginePhase.READY and self.doorkeeper.door is Door.PAUSED:
            return EngineState(EnginePhase.PAUSED)
        if state.phase is EnginePhase.READY and self.dispatcher.disk_is_full:
            return EngineState(EnginePhase.DISK_FULL)
        return state

    async def _prepare(self, client: KleinbotClient) -> None:
        has_base = Checkpoint.BASE in self.profile.checkpoints
        await client.add_cog(ImagineInQualities(client) if has_base else Imagine(client))
        await client.add_cog(LineCommands(client))
        for cog in self._cogs:
            await client.add_cog(cog)
        await client.add_cog(EditCommand(client))
        await client.add_cog(VariationsCommand(client))
        await client.add_cog(PictureMenus(client))
        await client.add_cog(HistoryCommands(client))

    def _more_is_due(self) -> None:
        self.delivery.wake()
        self.removal.wake()

    def _door_moved(self) -> None:
        self.dispatcher.door_moved()
        self.presence.show(self.engine_state())
