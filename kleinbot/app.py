"""The one place where everything is put together and taken apart."""

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import discord

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
from kleinbot.background import exit_code, kept_going, within
from kleinbot.chat.board import Board
from kleinbot.chat.client import KleinbotClient
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
from kleinbot.chat.replies import UNREACHED, Replies
from kleinbot.chat.results import Results
from kleinbot.chat.server_names import ServerNames
from kleinbot.chat.sync import sync_if_changed
from kleinbot.chat.ways import Ways
from kleinbot.chat.workbench import Workbench
from kleinbot.dispatch.disk_room import DiskRoom
from kleinbot.dispatch.dispatcher import Dispatcher
from kleinbot.dispatch.finishing import Finisher
from kleinbot.dispatch.idle import IdleShare
from kleinbot.dispatch.learning import Learning
from kleinbot.dispatch.limits import LearnedLimits
from kleinbot.dispatch.recovery import recover
from kleinbot.dispatch.starts import Starts
from kleinbot.dispatch.tasks import TaskMaker
from kleinbot.domain.clock import Clock, SystemClock
from kleinbot.domain.door import Door
from kleinbot.domain.errors import Code, StartError
from kleinbot.domain.faults import Faults, NoFaults
from kleinbot.domain.job import TENTHS
from kleinbot.domain.work import Checkpoint, EnginePhase, EngineState
from kleinbot.engine.gpu_engine import GpuEngine
from kleinbot.engine.protocol import Engine
from kleinbot.engine_start import FIRST_RETRY_S, LONGEST_RETRY_S, started
from kleinbot.folder_lock import folder_locked
from kleinbot.garbage import leave_to_itself, look_after_again
from kleinbot.gauges import Gauges
from kleinbot.host.profile import Device
from kleinbot.images.cpu_pool import CpuPool
from kleinbot.images.reader import PictureReader
from kleinbot.klein.prompt import KleinPromptMeter
from kleinbot.loop_watch import LoopWatch
from kleinbot.metrics.house import HouseMetrics
from kleinbot.metrics.server import served
from kleinbot.model_choice import ModelChoice, choose_model
from kleinbot.queueing.admission import AdmissionLimits
from kleinbot.queueing.cost import CostModel
from kleinbot.queueing.estimates import EstimateErrors
from kleinbot.queueing.line import Line
from kleinbot.settings import Settings
from kleinbot.store import lookup
from kleinbot.store.database import Database
from kleinbot.store.migrations import load_migrations, migrate
from kleinbot.studio.administer import AdministerQuota
from kleinbot.studio.cancel import Cancel
from kleinbot.studio.delete import Delete
from kleinbot.studio.edit import Edit
from kleinbot.studio.favour import Favour
from kleinbot.studio.history import History
from kleinbot.studio.host_queue import HostQueue
from kleinbot.studio.inputs import Inputs
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
from kleinbot.supervisor import RESTART_CODE
from kleinbot.texts import Texts

_log = logging.getLogger(__name__)

HOUR_MS = 60 * 60 * 1000
ORPHAN_AGE_MS = HOUR_MS
_CLOSING_S = 10.0
_ENGINE_CLOSING_S = 60.0
_TOKENIZER_LOOK_S = 2.0
_PRIOR_S_PER_PICTURE = {Device.CUDA: 0.5, Device.CPU: 6.0}
"""How long a picture is thought to take until the first one was measured."""


@dataclass(frozen=True)
class Outside:
    """What production takes from the machine and tests bring along. ``client_options`` go to discord.py."""

    clock: Clock
    random: random.Random
    faults: Faults
    client_options: Mapping[str, Any]


def machine() -> Outside:
    """Return the real outside."""
    return Outside(SystemClock(), random.SystemRandom(), NoFaults(), {})


class App:
    """The running bot. ``opened`` builds it; ``run`` ends with the process's exit code."""

    def __init__(
        self,
        settings: Settings,
        outside: Outside,
        model: ModelChoice,
        engine: Engine,
        database: Database,
        archive: Archive,
        pool: CpuPool,
    ) -> None:
        clock, faults = outside.clock, outside.faults
        self.engine = engine
        self.database = database
        self.loop_watch = LoopWatch()
        self._profile = model.profile
        self._metrics_port = settings.metrics_port
        self._grace_s = settings.grace_s
        self._clock = clock
        self._archive = archive
        self._stop = asyncio.Event()
        texts = Texts(settings.locale)
        self._shares = Shares()
        self._doorkeeper = Doorkeeper()
        rule = QuotaRule(settings.quota_pictures * TENTHS, settings.quota_hours * HOUR_MS)
        line = Line(self._shares)
        self._line = line
        cost_model = CostModel(_PRIOR_S_PER_PICTURE[model.profile.device])
        replies = Replies(lambda: self.client)
        self._learning = Learning(cost_model, model.profile.name, clock)
        self._limits = AdmissionLimits()
        meters = self._metrics = HouseMetrics()
        self.estimate_errors = EstimateErrors()
        self.idle_share = IdleShare(clock)
        self._gauges = Gauges(
            line=line,
            idle_share=self.idle_share,
            estimate_errors=self.estimate_errors,
            loop_watch=self.loop_watch,
            metrics=self._metrics,
            engine_state=self.engine_state,
        )
        capacity = model.capacity
        recall = Recall(
            database,
            archive,
            line,
            cost_model,
            self.engine_state,
            lambda: self._dispatcher.running_left_s(),
            lambda job_id: self._dispatcher.draws(job_id),
            clock,
        )
        self.board = Board(recall, replies, texts, self.engine_state, clock)
        results = Results(
            Parcels(recall, pool), texts, lambda locale: texts.say(locale, model.note) if model.note else None
        )
        ways = Ways(database, results, replies, lambda: self.client, clock, faults, meters.delivered)
        old_replies = OldReplies(lambda: self.client, texts)
        self.delivery = Delivery(database, recall, self.board, ways, old_replies, clock, meters.kept)
        self._removal = Removal(database, lambda: self.client, clock)
        self._finisher = Finisher(
            database=database,
            archive=archive,
            pool=pool,
            clock=clock,
            faults=faults,
            wake_delivery=self.delivery.wake,
            model_name=model.name,
            version=__version__,
            fail=lambda job_id, error: self._dispatcher.fail(job_id, error),
        )
        self._dispatcher = Dispatcher(
            database=database,
            engine=engine,
            line=line,
            cost_model=cost_model,
            learning=self._learning,
            limits=LearnedLimits(capacity),
            tasks=TaskMaker(archive, pool),
            finisher=self._finisher,
            sink=self.board,
            starts=Starts(self.estimate_errors, meters, clock),
            disk=DiskRoom(archive.free_bytes),
            idle=self.idle_share,
            meters=meters,
            wake_delivery=self.delivery.wake,
            is_paused=lambda: self._doorkeeper.door is Door.PAUSED,
            clock=clock,
            faults=faults,
        )
        self._meter = KleinPromptMeter(model.source.tokenizer_file)
        submit = Submit(
            database=database,
            line=line,
            cost_model=cost_model,
            limits=self._limits,
            recall=recall,
            listener=self._dispatcher,
            meter=self._meter,
            profile=model.profile,
            rule=rule,
            engine_state=self.engine_state,
            door=lambda: self._doorkeeper.door,
            clock=clock,
            random=outside.random,
            archive=archive,
            capacity=capacity,
            running_left_s=self._dispatcher.running_left_s,
            errors=self.estimate_errors,
            meters=meters,
        )
        cancel = Cancel(
            database=database,
            line=line,
            listener=self._dispatcher,
            wake_delivery=self.delivery.wake,
            clock=clock,
        )
        self.downloads = Downloads(lambda: self.client)
        sources = Sources(database)
        inputs = Inputs(
            archive, PictureReader(pool), pool, self.downloads.fetch, model.profile.largest_grid_tokens
        )
        front_desk = FrontDesk(submit, cancel, recall, self.board, texts, self.engine_state)
        history = History(database, recall, pool, clock)
        operate = Operate(
            database=database,
            line=line,
            shares=self._shares,
            doorkeeper=self._doorkeeper,
            rule=rule,
            profile=model.profile,
            engine_state=self.engine_state,
            free_bytes=archive.free_bytes,
            loop_late_s=lambda: self.loop_watch.worst_s,
            tallies=self._gauges.tallies,
            door_moved=self._door_moved,
            clock=clock,
        )
        server_names = ServerNames(lambda: self.client)
        host_queue_desk = HostQueueDesk(
            operate,
            HostQueue(database, line, recall, self._doorkeeper, self.engine_state),
            cancel,
            server_names,
            texts,
        )
        self.client = KleinbotClient(
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
                Delete(database, archive, history, self._removal.wake, clock),
                results,
                texts,
            ),
            host_queue_desk=host_queue_desk,
            hand_over=HandOver(database, recall, results, texts, clock, meters.delivered),
            texts=texts,
            allowed_servers=frozenset(settings.allowed_servers),
            prepare=self._prepare,
            **outside.client_options,
        )
        self._presence = Presence(self.client, texts)
        self._cogs = (
            Quota(
                QuotaDesk(
                    QuotaView(database, rule, clock),
                    AdministerQuota(database, rule, clock),
                    Weigh(database, self._shares, clock),
                    texts,
                )
            ),
            Host(HostDesk(operate, rule, server_names, texts), host_queue_desk),
        )

    def engine_state(self) -> EngineState:
        """Return what the engine is doing, as members are told it."""
        if self._stop.is_set():
            return EngineState(EnginePhase.DRAINING)
        state = self.engine.state
        if state.phase is EnginePhase.READY and self._doorkeeper.door is Door.PAUSED:
            return EngineState(EnginePhase.PAUSED)
        if state.phase is EnginePhase.READY and self._dispatcher.disk_is_full:
            return EngineState(EnginePhase.DISK_FULL)
        return state

    def request_stop(self) -> None:
        """Ask ``run`` to end cleanly; may be called again and again."""
        self._stop.set()

    async def run(self, token: str) -> int:
        """Recover, log in, work until ``request_stop`` or a failure; return the exit code.

        Raises StartError TOKEN_REFUSED where Discord does not know the token.
        """
        async with served(self._metrics, self._gauges.reading, self._metrics_port):
            return await self._run(token)

    async def _run(self, token: str) -> int:
        await self._doorkeeper.load(self.database.read)
        await self._shares.load(self.database.read)
        await self._learning.load(self.database.read)
        await recover(self.database, self._line, self._limits, self._profile.checkpoints, self._clock)
        await self.board.resume()
        self.engine.watch(lambda _: self._presence.show(self.engine_state()))
        code = await self._log_in(token)
        if code is not None:
            return code
        background = [
            asyncio.create_task(kept_going(work, self._clock), name=name)
            for name, work in (
                ("board", self.board.run),
                ("delivery", self.delivery.run),
                ("removal", self._removal.run),
                ("presence", self._presence.run),
                ("loop watch", self.loop_watch.run),
                ("promises", self._dispatcher.keep_promises),
                ("sweep", self._sweep),
                ("commands", self._sync_commands),
                ("tokenizer", self._load_tokenizer),
            )
        ]
        gateway = asyncio.create_task(self.client.connect(), name="gateway")
        drawing = asyncio.create_task(self._draw(), name="dispatcher")
        stopping = asyncio.create_task(self._stop.wait(), name="stop")
        try:
            await asyncio.wait({gateway, drawing, stopping}, return_when=asyncio.FIRST_COMPLETED)
            return await self._wind_down(gateway, drawing)
        finally:
            for task in (*background, gateway, drawing, stopping):
                task.cancel()
            await asyncio.gather(*background, gateway, drawing, stopping, return_exceptions=True)
            look_after_again()

    async def _log_in(self, token: str) -> int | None:
        """Log in; return an exit code where that did not come to be. Raises StartError TOKEN_REFUSED."""
        login = asyncio.create_task(self.client.login(token), name="login")
        stopping = asyncio.create_task(self._stop.wait(), name="stop before login")
        try:
            await asyncio.wait({login, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if not login.done():
                return 0
            login.result()
        except discord.LoginFailure as error:
            raise StartError(Code.TOKEN_REFUSED) from error
        except UNREACHED as error:
            _log.error("Discord cannot be reached, a new process will try again: %s", error)
            return RESTART_CODE
        finally:
            login.cancel()
            stopping.cancel()
            await asyncio.gather(login, stopping, return_exceptions=True)
        return None

    async def _wind_down(self, gateway: "asyncio.Task[None]", drawing: "asyncio.Task[None]") -> int:
        """Let the picture in hand be finished, put the rest back, say so; return the exit code."""
        self._stop.set()
        await self._dispatcher.stop()
        if self.engine.state.phase is EnginePhase.READY:
            await asyncio.wait({drawing}, timeout=self._grace_s)
        drawing.cancel()
        await asyncio.wait({drawing}, timeout=_CLOSING_S)
        await self._finisher.close()
        await within(_CLOSING_S, self.delivery.drain)
        await within(_CLOSING_S, self.board.last_turn)
        return exit_code(gateway, drawing)

    async def close_engine(self) -> None:
        """Release the card, unless it hangs: waiting for its thread would only delay the restart."""
        if self._dispatcher.card_hangs:
            _log.error("the card hangs and is left as it is; only the end of the process frees it")
            return
        await within(_ENGINE_CLOSING_S, self.engine.close)

    async def _draw(self) -> None:
        if not await started(self.engine, self._clock):
            # The bot stays online and says so.
            await self._stop.wait()
            return
        leave_to_itself()
        self.loop_watch.reset()
        await self._dispatcher.run()

    async def _prepare(self, client: KleinbotClient) -> None:
        has_base = Checkpoint.BASE in self._profile.checkpoints
        await client.add_cog(ImagineInQualities(client) if has_base else Imagine(client))
        await client.add_cog(LineCommands(client))
        for cog in self._cogs:
            await client.add_cog(cog)
        await client.add_cog(EditCommand(client))
        await client.add_cog(VariationsCommand(client))
        await client.add_cog(PictureMenus(client))
        await client.add_cog(HistoryCommands(client))

    async def _sync_commands(self) -> None:
        pause_s = FIRST_RETRY_S
        while True:
            try:
                await sync_if_changed(self.client.tree, self.client.application_id or 0, self.database)
                break
            except UNREACHED as error:
                _log.error("the commands could not be sent to Discord, trying again: %s", error)
            await self._clock.sleep(pause_s)
            pause_s = min(2 * pause_s, LONGEST_RETRY_S)
        await self._stop.wait()

    async def _load_tokenizer(self) -> None:
        """Load the tokenizer once it is on disk, on a thread: the real one takes a third of a second."""
        while not await asyncio.to_thread(self._meter.load):
            await self._clock.sleep(_TOKENIZER_LOOK_S)
        await self._stop.wait()

    def _door_moved(self) -> None:
        self._dispatcher.door_moved()
        self._presence.show(self.engine_state())

    async def _sweep(self) -> None:
        while True:
            known = await lookup.files(self.database.read)
            swept = await self._archive.sweep(known, ORPHAN_AGE_MS, self._clock.now_ms())
            if swept.files:
                _log.info("%d files that no row knows were removed", swept.files)
            await self._clock.sleep(HOUR_MS / 1000)


@asynccontextmanager
async def opened(
    settings: Settings, outside: Outside | None = None, engine: Engine | None = None
) -> AsyncIterator[App]:
    """Build the app over ``settings.data_folder``; everything is closed again, in reverse order.

    Raises StartError where the folder is in use, the database cannot be used, or the weights are wrong.
    """
    outside = outside or machine()
    async with AsyncExitStack() as stack:
        stack.enter_context(folder_locked(settings.data_folder, outside.clock))
        model = await asyncio.to_thread(choose_model, settings)
        file = settings.data_folder / "kleinbot.sqlite3"
        await asyncio.to_thread(_migrate, file, outside.clock)
        database = await Database.open(file)
        stack.push_async_callback(database.close)
        archive = Archive(settings.data_folder / "archive")
        stack.push_async_callback(archive.close)
        pool = CpuPool()
        stack.push_async_callback(pool.close)
        if engine is None:
            scratch = settings.scratch_folder
            engine = GpuEngine(model.source, model.profile, outside.clock, outside.faults, scratch=scratch)
        app = App(settings, outside, model, engine, database, archive, pool)
        stack.push_async_callback(app.close_engine)
        stack.push_async_callback(app.client.close)
        stack.push_async_callback(app.downloads.close)
        yield app


def _migrate(file: Path, clock: Clock) -> None:
    migrate(file, load_migrations(), clock)
