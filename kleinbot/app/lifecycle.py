"""The lifecycle of the running bot: the order of its start, and an end that always comes."""

import asyncio
import logging
from collections.abc import Callable

import discord

from kleinbot.app.card import Card
from kleinbot.app.card_wishes import CardWishes
from kleinbot.app.container import Container
from kleinbot.app.engine_startup import FIRST_RETRY_S, LONGEST_RETRY_S, StartOutcome, started
from kleinbot.app.gpu_availability import GpuAvailability
from kleinbot.app.model_choice import ModelChoice
from kleinbot.app.other_programs import ReadMemory as ReadMemory
from kleinbot.app.other_programs import watching
from kleinbot.app.profile_reselection import IDLE_S, LOOK_EVERY_S, LOOK_IDLE_EVERY_S, ProfileReselection
from kleinbot.chat.core.discord_errors import UNREACHED
from kleinbot.chat.core.gateway_close import needs_more_shards, refusal_of
from kleinbot.chat.core.sync import sync_if_changed
from kleinbot.config.settings import Settings
from kleinbot.dispatch.recovery import recover
from kleinbot.domain.errors import Code, StartError
from kleinbot.domain.work import EnginePhase
from kleinbot.installation import PROGRAM
from kleinbot.metrics.server import served
from kleinbot.process.background import cancelled, exit_code, log_ending, run_with_restarts, within
from kleinbot.process.gc_freeze import unfreeze
from kleinbot.process.shutdown_marker import ShutdownMarker
from kleinbot.process.supervisor import RESTART_CODE
from kleinbot.upkeep.sweeper import Sweeper
from kleinbot.usecases.owner.bot_control import stored_service_mode

_log = logging.getLogger(__name__)

_CLOSING_S = 10.0
_FINISHING_S = 30.0
_ENGINE_CLOSING_S = 20.0
"""A step takes less; compiling takes more and cannot be interrupted, so it ends with the process."""
_ALL_CLOSINGS_S = 180.0
"""More than the sum of all waits after the grace period."""
_TOKENIZER_LOOK_S = 2.0
UNREACHED_ADVICE = (
    "Discord cannot be reached (%s), a new process will try again. Check this host's network and DNS, and "
    f"https://discordstatus.com; `{PROGRAM} doctor` tells more."
)

ANYBODY_MAY_INVITE = (
    "Every Discord server may invite this bot and draw here: KLEINBOT_ALLOWED_SERVERS is empty and the "
    "application is public. List your servers' ids in KLEINBOT_ALLOWED_SERVERS, or turn off Public Bot on "
    "the page Bot of https://discord.com/developers/applications. A server that joins later begins with a "
    "small share of the card (KLEINBOT_NEW_SERVER_SHARE)."
)


class App:
    """Runs the bot in ``container``. ``run`` returns the process's exit code.

    ``stopping`` is set once the bot is about to end. ``on_ending``: see ``Externals``.
    """

    def __init__(
        self,
        container: Container,
        settings: Settings,
        model: ModelChoice,
        gpu_availability: GpuAvailability,
        profile_reselection: ProfileReselection,
        sweeper: Sweeper,
        on_ending: Callable[[int, float], None],
        card_memory: ReadMemory | None = None,
    ) -> None:
        self.container = container
        self.sweeper = sweeper
        self.stopping = asyncio.Event()
        self._engine = container.scheduling.engines[0]
        self._profile = model.profile
        self.is_small = model.note is not None
        self._served = None if model.waits_for else model.size
        self._grace_s = settings.grace_s
        self._metrics_port = settings.metrics_port
        self._allowed_servers = settings.allowed_servers
        self._shutdown_marker = ShutdownMarker(settings.data_folder)
        self._gpu_availability = gpu_availability
        self.profile_reselection = profile_reselection
        self._on_ending = on_ending
        dispatcher, scheduler = container.rendering.dispatcher, container.scheduling.scheduler
        clock = container.base.clock
        is_taken = watching(settings, model, self._engine, container, card_memory)
        self.card = Card(
            engine=self._engine,
            scheduler=scheduler,
            dispatcher=dispatcher,
            wishes=CardWishes(settings, scheduler, lambda: dispatcher.idle_s, clock, is_taken=is_taken),
            start=self._start_engine,
            has_better=lambda: profile_reselection.better(0) is not None,
            changed=container.show_engine_state,
            clock=clock,
        )

    def request_stop(self) -> None:
        """Ask ``run`` to end cleanly; may be called repeatedly."""
        self.stopping.set()
        self.container.scheduling.scheduler.is_ending = True

    async def run(self, token: str) -> int:
        """Recover, log in, work until ``request_stop`` or a failure; return the exit code.

        Raises StartError TOKEN_REFUSED if Discord rejects the token, also later, and INTENTS_REFUSED or
        GATEWAY_REFUSED if it permanently refuses this bot's connection.
        """
        async with served(self.container.metrics, self.container.status.reading, self._metrics_port):
            return await self._run(token)

    async def _run(self, token: str) -> int:
        self.container.scheduling.scheduler.set_service_mode(
            await stored_service_mode(self.container.base.database.read)
        )
        await self.container.usecases.owner.new_servers.begin()
        await self.container.usecases.owner.banned.load(self.container.base.database.read)
        await self.container.scheduling.measured_times.load(self.container.base.database.read)
        ended_cleanly = await asyncio.to_thread(self._shutdown_marker.was_clean)
        await recover(
            self.container.base.database,
            self.container.scheduling.scheduler,
            self._profile,
            self._served,
            self.container.base.clock,
            ended_cleanly=ended_cleanly,
        )
        await asyncio.to_thread(self._shutdown_marker.begin)
        await self.container.delivery.live_messages.resume()
        self._engine.watch(lambda _: self.container.show_engine_state())
        self.container.show_engine_state()
        code = await self._log_in(token)
        if code is not None:
            return code
        background = self._background()
        gateway = asyncio.create_task(self.container.discord.client.connect(), name="gateway")
        drawing = asyncio.create_task(self._draw(), name="dispatcher")
        stopping = asyncio.create_task(self.stopping.wait(), name="stop")
        try:
            await asyncio.wait({gateway, drawing, stopping}, return_when=asyncio.FIRST_COMPLETED)
            return await self._wind_down(gateway, drawing)
        finally:
            await cancelled((*background, gateway, drawing, stopping), _CLOSING_S)
            unfreeze()

    def _background(self) -> list[asyncio.Task[None]]:
        """Begin what runs until the bot stops."""
        return [
            asyncio.create_task(run_with_restarts(work, self.container.base.clock), name=name)
            for name, work in (
                ("live messages", self.container.delivery.live_messages.run),
                ("delivery", self.container.delivery.outbox_worker.run),
                ("removal", self.container.delivery.remover.run),
                ("edits of results", self.container.delivery.refresher.run),
                ("reports", self.container.delivery.case_poster.run),
                ("showcase", self.container.delivery.showcase.run),
                ("presence", self.container.discord.presence.run),
                ("ownership", self.container.discord.ownership.run),
                ("loop lag", self.container.loop_lag.run),
                ("promises", self.container.rendering.dispatcher.keep_promises),
                ("sweep", lambda: self.sweeper.run(self.container.discord.client.wait_until_ready)),
                ("archive mark", self.container.base.archive.persist_mark),
                ("clock repair", self.container.delivery.clock_repair.run),
                ("departures", self.container.usecases.owner.departures.run),
                ("erasures", self.container.usecases.privacy.erase.run),
                ("taking back", self.container.usecases.privacy.take_back.run),
                ("purge", self.container.usecases.privacy.purge.run),
                ("left members", self.container.usecases.privacy.left_members.run),
                ("gone servers", self.container.usecases.privacy.gone_servers.run),
                ("retention", self.container.delivery.retention.run),
                ("search index", self.container.usecases.finding.fill_index.run),
                ("joining posts", self.container.discord.joining.run),
                ("commands", self._sync_commands),
                ("tokenizer", self._load_tokenizer),
                ("classifier", self.container.base.judge.run),
            )
        ]

    async def _log_in(self, token: str) -> int | None:
        """Log in; return an exit code if that did not succeed. Raises StartError TOKEN_REFUSED."""
        login = asyncio.create_task(self.container.discord.client.login(token), name="login")
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
        application = self.container.discord.client.application
        if application is not None and application.bot_public and not self._allowed_servers:
            _log.warning(ANYBODY_MAY_INVITE)

    async def _wind_down(self, gateway: "asyncio.Task[None]", drawing: "asyncio.Task[int]") -> int:
        """Finish the running image, put back the rest, update messages; return the exit code.

        Raises StartError if Discord has permanently refused the connection.
        """
        self.request_stop()
        refusal, new_process = refusal_of(gateway), needs_more_shards(gateway)
        if new_process:
            _log.warning("the bot is in more servers than before; a new process asks Discord for more shards")
        elif refusal is None:
            log_ending(gateway, drawing)
        self._on_ending(exit_code(gateway, drawing), self._grace_s + _ALL_CLOSINGS_S)
        await self.container.rendering.dispatcher.stop()
        if self._engine.state.phase is EnginePhase.READY:
            await asyncio.wait({drawing}, timeout=self._grace_s)
        drawing.cancel()
        await asyncio.wait({drawing}, timeout=_CLOSING_S)
        await within(_FINISHING_S, self.container.rendering.finisher.close)
        await within(_CLOSING_S, self.container.delivery.outbox_worker.drain)
        await within(_CLOSING_S, self.container.delivery.live_messages.last_turn)
        code = RESTART_CODE if new_process else exit_code(gateway, drawing)
        if code != RESTART_CODE and not self.container.rendering.dispatcher.gpu_hangs:
            await within(_CLOSING_S, lambda: asyncio.to_thread(self._shutdown_marker.end))
        if refusal is not None:
            raise refusal
        return code

    async def close_engine(self) -> None:
        """Release the GPU unless it hangs: waiting for its thread would only delay the restart."""
        if self.container.rendering.dispatcher.gpu_hangs:
            _log.error("the GPU hangs and is not released; only the end of the process frees it")
            return
        await within(_ENGINE_CLOSING_S, self._engine.close)

    async def _draw(self) -> int:
        """Draw until the bot stops; return the exit code for that."""
        card = asyncio.create_task(self.card.run(), name="card")
        drawing = asyncio.create_task(self._draw_once_ready(), name="engine loops")
        try:
            await asyncio.wait({card, drawing}, return_when=asyncio.FIRST_COMPLETED)
            if drawing.done():
                return drawing.result()
            if card.result() is StartOutcome.NEW_PROCESS:
                return RESTART_CODE
            # The bot stays online and reports the problem.
            await self.stopping.wait()
            return 0
        finally:
            await cancelled((card, drawing), _CLOSING_S)

    async def _start_engine(self) -> StartOutcome:
        anew = self.profile_reselection.after_memory_ran_out
        return await started(self._engine, self.container.base.clock, self._gpu_availability.look_again, anew)

    async def _draw_once_ready(self) -> int:
        await self.card.ready.wait()
        self.container.loop_lag.reset()
        return await self._draw_until_stopped()

    async def _draw_until_stopped(self) -> int:
        await asyncio.to_thread(self.profile_reselection.ready)
        better = asyncio.create_task(self._better_found(), name="better profile")
        try:
            await self.container.rendering.dispatcher.run()
            return RESTART_CODE if better.done() and not self.stopping.is_set() else 0
        finally:
            await cancelled((better,), _CLOSING_S)

    async def _better_found(self) -> None:
        """Stop drawing once a better profile fits and nothing has been drawn for a while."""
        while True:
            await self.container.base.clock.sleep(LOOK_EVERY_S)
            while self.container.rendering.dispatcher.idle_s < IDLE_S:
                await self.container.base.clock.sleep(LOOK_IDLE_EVERY_S)
            if self.container.scheduling.scheduler.let_go is not None:
                continue  # it is looked for before the model is loaded again
            better = await asyncio.to_thread(self._better_profile)
            if better is not None and self.container.rendering.dispatcher.idle_s >= IDLE_S:
                break
        _log.warning(
            "The profile %s fits now and is better than %s; no job waits, so the bot restarts with it.",
            better.profile.name,
            self._profile.name,
        )
        await self.container.rendering.dispatcher.stop()

    def _better_profile(self) -> ModelChoice | None:
        return self.profile_reselection.better(self._engine.held_bytes)

    async def _sync_commands(self) -> None:
        pause_s = FIRST_RETRY_S
        while self._served is not None:  # else the commands of the unavailable model stay
            try:
                await sync_if_changed(
                    self.container.discord.client.tree,
                    self.container.discord.client.application_id or 0,
                    self.container.base.database,
                )
                break
            except UNREACHED as error:
                _log.error("the commands could not be sent to Discord, retrying: %s", error)
            await self.container.base.clock.sleep(pause_s)
            pause_s = min(2 * pause_s, LONGEST_RETRY_S)
        await self.stopping.wait()

    async def _load_tokenizer(self) -> None:
        """Load the tokenizer once it is on disk, on a thread: the real one takes a third of a second."""
        while not await asyncio.to_thread(self.container.meter.load):
            await self.container.base.clock.sleep(_TOKENIZER_LOOK_S)
        await self.stopping.wait()
