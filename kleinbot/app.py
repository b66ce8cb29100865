"""The running bot's life: what begins when, what ends when, and that it ends."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import discord

from kleinbot.archive.archive import Archive
from kleinbot.background import cancelled, exit_code, kept_going, log_ending, within
from kleinbot.chat.gateway_end import needs_more_shards, refusal_of
from kleinbot.chat.replies import UNREACHED
from kleinbot.chat.sync import sync_if_changed
from kleinbot.choosing_anew import IDLE_S, LOOK_EVERY_S, LOOK_IDLE_EVERY_S, ChoosingAnew
from kleinbot.dispatch.recovery import recover
from kleinbot.domain.clock import Clock
from kleinbot.domain.errors import Code, StartError
from kleinbot.domain.faults import Faults
from kleinbot.domain.work import EnginePhase
from kleinbot.engine.gpu_engine import GpuEngine
from kleinbot.engine.protocol import Engine
from kleinbot.engine.waiting import WaitingEngine
from kleinbot.engine_start import FIRST_RETRY_S, LONGEST_RETRY_S, Start, started
from kleinbot.failed_profiles import FailedProfiles
from kleinbot.folder_lock import folder_locked
from kleinbot.garbage import leave_to_itself, look_after_again
from kleinbot.images.cpu_pool import CpuPool
from kleinbot.lookout import Lookout
from kleinbot.metrics.server import served
from kleinbot.model_choice import choose_model, log_choice, pin_card
from kleinbot.parts import Outside, Parts, machine
from kleinbot.room import require_room
from kleinbot.settings import Settings
from kleinbot.store import served_model
from kleinbot.store.damage import damage_told
from kleinbot.store.database import Database
from kleinbot.store.log_owner import claim
from kleinbot.store.migrations import load_migrations, migrate
from kleinbot.supervisor import RESTART_CODE
from kleinbot.upkeep.bond import Bond, require_database, settle

_log = logging.getLogger(__name__)

_CLOSING_S = 10.0
_FINISHING_S = 30.0
_ENGINE_CLOSING_S = 20.0
"""A step takes less; compiling takes more, and cannot be stopped: the end of the process ends it."""
_ALL_CLOSINGS_S = 180.0
"""More than all that is waited for after the grace period, one after the other."""
_TOKENIZER_LOOK_S = 2.0
UNREACHED_ADVICE = (
    "Discord cannot be reached (%s), a new process will try again. Check this host's network and DNS, and "
    "https://discordstatus.com; `python bot.py doctor` tells more."
)

ANYBODY_MAY_INVITE = (
    "Every Discord server may invite this bot and draw here: KLEINBOT_ALLOWED_SERVERS is empty and the "
    "application is public. List your servers' ids in KLEINBOT_ALLOWED_SERVERS, or turn off Public Bot on "
    "the page Bot of https://discord.com/developers/applications. A server that joins later begins with a "
    "small share of the card (KLEINBOT_NEW_SERVER_SHARE)."
)


class App(Parts):
    """The parts, alive. ``opened`` builds them; ``run`` ends with the process's exit code."""

    def request_stop(self) -> None:
        """Ask ``run`` to end cleanly; may be called again and again."""
        self.stopping.set()

    async def run(self, token: str) -> int:
        """Recover, log in, work until ``request_stop`` or a failure; return the exit code.

        Raises StartError TOKEN_REFUSED where Discord does not know the token, also later, and INTENTS_REFUSED
        or GATEWAY_REFUSED where it takes no connection of this bot any more.
        """
        async with served(self.metrics, self.gauges.reading, self.metrics_port):
            return await self._run(token)

    async def _run(self, token: str) -> int:
        await self.doorkeeper.load(self.database.read)
        await self.newcomers.begin()
        await self.learning.load(self.database.read)
        ended_cleanly = await asyncio.to_thread(self.clean_stop.was_clean)
        await recover(
            self.database,
            self.line,
            self.limits,
            self.profile,
            self.served,
            self.clock,
            ended_cleanly=ended_cleanly,
        )
        await asyncio.to_thread(self.clean_stop.begin)
        await self.board.resume()
        self.engine.watch(lambda _: self.presence.show(self.engine_state()))
        self.presence.show(self.engine_state())
        code = await self._log_in(token)
        if code is not None:
            return code
        background = [
            asyncio.create_task(kept_going(work, self.clock), name=name)
            for name, work in (
                ("board", self.board.run),
                ("delivery", self.delivery.run),
                ("removal", self.removal.run),
                ("presence", self.presence.run),
                ("hosts", self.client.host_powers.run),
                ("loop watch", self.loop_watch.run),
                ("promises", self.dispatcher.keep_promises),
                ("sweep", lambda: self.sweeper.run(self.client.wait_until_ready)),
                ("archive mark", self.archive.keep_mark),
                ("stamps", self.stamps.run),
                ("departures", self.departures.run),
                ("retention", self.retention.run),
                ("commands", self._sync_commands),
                ("tokenizer", self._load_tokenizer),
            )
        ]
        gateway = asyncio.create_task(self.client.connect(), name="gateway")
        drawing = asyncio.create_task(self._draw(), name="dispatcher")
        stopping = asyncio.create_task(self.stopping.wait(), name="stop")
        try:
            await asyncio.wait({gateway, drawing, stopping}, return_when=asyncio.FIRST_COMPLETED)
            return await self._wind_down(gateway, drawing)
        finally:
            await cancelled((*background, gateway, drawing, stopping), _CLOSING_S)
            look_after_again()

    async def _log_in(self, token: str) -> int | None:
        """Log in; return an exit code where that did not come to be. Raises StartError TOKEN_REFUSED."""
        login = asyncio.create_task(self.client.login(token), name="login")
        stopping = asyncio.create_task(self.stopping.wait(), name="stop before login")
        try:
            await asyncio.wait({login, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if not login.done():
                return 0
            login.result()
            self._warn_where_anybody_may_invite()
        except discord.LoginFailure as error:
            raise StartError(Code.TOKEN_REFUSED) from error
        except UNREACHED as error:
            _log.error(UNREACHED_ADVICE, error)
            return RESTART_CODE
        finally:
            login.cancel()
            stopping.cancel()
            await asyncio.gather(login, stopping, return_exceptions=True)
        return None

    def _warn_where_anybody_may_invite(self) -> None:
        application = self.client.application
        if application is not None and application.bot_public and not self.allowed_servers:
            _log.warning(ANYBODY_MAY_INVITE)

    async def _wind_down(self, gateway: "asyncio.Task[None]", drawing: "asyncio.Task[int]") -> int:
        """Let the picture in hand be finished, put the rest back, say so; return the exit code.

        Raises StartError where Discord has refused the connection for good.
        """
        self.stopping.set()
        refusal, new_process = refusal_of(gateway), needs_more_shards(gateway)
        if new_process:
            _log.warning("the bot is in more servers than before; a new process asks Discord for more shards")
        elif refusal is None:
            log_ending(gateway, drawing)
        self.on_ending(exit_code(gateway, drawing), self.grace_s + _ALL_CLOSINGS_S)
        await self.dispatcher.stop()
        if self.engine.state.phase is EnginePhase.READY:
            await asyncio.wait({drawing}, timeout=self.grace_s)
        drawing.cancel()
        await asyncio.wait({drawing}, timeout=_CLOSING_S)
        await within(_FINISHING_S, self.finisher.close)
        await within(_CLOSING_S, self.delivery.drain)
        await within(_CLOSING_S, self.board.last_turn)
        code = RESTART_CODE if new_process else exit_code(gateway, drawing)
        if code != RESTART_CODE and not self.dispatcher.card_hangs:
            await within(_CLOSING_S, lambda: asyncio.to_thread(self.clean_stop.end))
        if refusal is not None:
            raise refusal
        return code

    async def close_engine(self) -> None:
        """Release the card, unless it hangs: waiting for its thread would only delay the restart."""
        if self.dispatcher.card_hangs:
            _log.error("the card hangs and is left as it is; only the end of the process frees it")
            return
        await within(_ENGINE_CLOSING_S, self.engine.close)

    async def _draw(self) -> int:
        """Draw until the bot stops; return the exit code that this asks for."""
        anew = self.choosing.after_memory_ran_out
        match await started(self.engine, self.clock, self.lookout.look_again, anew):
            case Start.READY:
                leave_to_itself()
                self.loop_watch.reset()
                return await self._draw_until_stopped()
            case Start.FAILED:
                # The bot stays online and says so.
                await self.stopping.wait()
            case Start.NEW_PROCESS:
                return RESTART_CODE
        return 0

    async def _draw_until_stopped(self) -> int:
        await asyncio.to_thread(self.choosing.ready)
        better = asyncio.create_task(self._better_found(), name="better profile")
        try:
            await self.dispatcher.run()
            return RESTART_CODE if better.done() and not self.stopping.is_set() else 0
        finally:
            await cancelled((better,), _CLOSING_S)

    async def _better_found(self) -> None:
        """End the drawing once a better profile fits and nothing has been drawn for a while."""
        while True:
            await self.clock.sleep(LOOK_EVERY_S)
            while self.dispatcher.idle_s < IDLE_S:
                await self.clock.sleep(LOOK_IDLE_EVERY_S)
            better = await asyncio.to_thread(self.choosing.better, self.engine.held_bytes)
            if better is not None and self.dispatcher.idle_s >= IDLE_S:
                break
        _log.warning(
            "The profile %s fits now and is better than %s; nothing waits, so the bot restarts with it.",
            better.profile.name,
            self.profile.name,
        )
        await self.dispatcher.stop()

    async def _sync_commands(self) -> None:
        pause_s = FIRST_RETRY_S
        while self.served is not None:  # else those of the model that is away stay
            try:
                await sync_if_changed(self.client.tree, self.client.application_id or 0, self.database)
                break
            except UNREACHED as error:
                _log.error("the commands could not be sent to Discord, trying again: %s", error)
            await self.clock.sleep(pause_s)
            pause_s = min(2 * pause_s, LONGEST_RETRY_S)
        await self.stopping.wait()

    async def _load_tokenizer(self) -> None:
        """Load the tokenizer once it is on disk, on a thread: the real one takes a third of a second."""
        while not await asyncio.to_thread(self.meter.load):
            await self.clock.sleep(_TOKENIZER_LOOK_S)
        await self.stopping.wait()


@asynccontextmanager
async def opened(
    settings: Settings,
    outside: Outside | None = None,
    engine: Engine | None = None,
    *,
    waits_for_card: bool = True,
) -> AsyncIterator[App]:
    """Build the app over ``settings.data_folder``; everything is closed again, in reverse order.

    Where not ``waits_for_card``, the small model draws while the card that was there before is away.

    Raises StartError where the folder is in use or its disk is full, the database cannot be used, or the
    weights are wrong.
    """
    outside = outside or machine()
    async with AsyncExitStack() as stack:
        await asyncio.to_thread(require_room, settings.data_folder)
        stack.enter_context(folder_locked(settings.data_folder, outside.clock))
        _log.info("the data folder is %s", await asyncio.to_thread(settings.data_folder.resolve))
        file, root = settings.database_file, settings.archive_folder
        # Also around what the app reads first: a damaged page is found by whoever needs it.
        stack.enter_context(damage_told(file))
        await asyncio.to_thread(require_database, file, root, settings.archive_options)
        served = await asyncio.to_thread(served_model.look_up, file) if waits_for_card else None
        failed = FailedProfiles(settings.scratch_folder, outside.clock)
        lookout = Lookout(settings, served, lambda: choose_model(settings, without=failed.names()))
        model = await asyncio.to_thread(lookout.model)
        if model.waits_for is None:
            log_choice(model, settings.weights)
        bond = await asyncio.to_thread(_prepare, file, root, outside.clock, outside.faults)
        database = await Database.open(file, outside.faults)
        stack.push_async_callback(within, _CLOSING_S, database.close)
        archive = await asyncio.to_thread(Archive, root, None, outside.clock)
        stack.push_async_callback(within, _CLOSING_S, archive.close)
        pool = CpuPool()
        stack.push_async_callback(within, _CLOSING_S, pool.close)
        if engine is None and (why := model.waits_for) is not None:
            engine = WaitingEngine(model.profile, lambda: lookout.problem or why)
        if engine is None:
            pin_card(model)
            scratch = settings.scratch_folder
            engine = GpuEngine(model.source, model.profile, outside.clock, outside.faults, scratch=scratch)
        choosing = ChoosingAnew(settings, model, failed)
        app = App(settings, outside, model, engine, database, archive, pool, lookout, bond, choosing)
        stack.push_async_callback(app.close_engine)
        stack.push_async_callback(within, _CLOSING_S, app.client.close)
        stack.push_async_callback(within, _CLOSING_S, app.downloads.close)
        stack.push_async_callback(within, _CLOSING_S, app.intake.close)
        yield app


def _prepare(file: Path, root: Path, clock: Clock, faults: Faults) -> Bond:
    migrate(file, load_migrations(), clock)
    try:
        claim(file, faults)
        return settle(file, root, clock, faults)
    except OSError as error:
        raise StartError(Code.FOLDER_UNUSABLE, folder=str(root), reason=str(error)) from error
