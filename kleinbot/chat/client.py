"""The Discord client: only the ``guilds`` intent, nothing cached that is not needed."""

import asyncio
import logging
import sqlite3
from collections.abc import Awaitable, Callable, Collection, Coroutine
from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from kleinbot.chat.buttons import BUTTONS, PersistentButton
from kleinbot.chat.clock_skew import ClockSkew
from kleinbot.chat.front_desk import FrontDesk, actor_of
from kleinbot.chat.hand_over import HandOver
from kleinbot.chat.history_desk import HistoryDesk
from kleinbot.chat.host_powers import HostPowers
from kleinbot.chat.host_queue_buttons import HOST_QUEUE_BUTTONS
from kleinbot.chat.host_queue_desk import HostQueueDesk
from kleinbot.chat.keeping_buttons import KEEPING_BUTTONS
from kleinbot.chat.keeping_desk import KeepingDesk
from kleinbot.chat.making_buttons import MAKING_BUTTONS
from kleinbot.chat.option_rules import check_options
from kleinbot.chat.quota_buttons import QUOTA_BUTTONS
from kleinbot.chat.quota_desk import QuotaDesk
from kleinbot.chat.repeats import Repeats
from kleinbot.chat.replies import UNREACHED
from kleinbot.chat.translator import FluentTranslator
from kleinbot.chat.workbench import Workbench
from kleinbot.domain.clock import Clock
from kleinbot.domain.errors import Code, KleinbotError, Refusal
from kleinbot.texts import Texts

_log = logging.getLogger(__name__)


_ALL_BUTTONS: tuple[type[PersistentButton], ...] = (
    *BUTTONS, *MAKING_BUTTONS, *KEEPING_BUTTONS, *HOST_QUEUE_BUTTONS, *QUOTA_BUTTONS,
)  # fmt: skip

_ANSWERING_S = 2.0
"""For so long a client that closes waits for the answers that are in hand."""

_OF_ANOTHER_COMMAND = (
    app_commands.CommandNotFound,
    app_commands.CommandSignatureMismatch,
)
"""An unknown command, and one whose options are others."""


class CommandTree(app_commands.CommandTree["KleinbotClient"]):
    """One ladder for everything that goes wrong in a command: the person always gets a sentence."""

    async def interaction_check(self, interaction: discord.Interaction["KleinbotClient"], /) -> bool:
        # discord.py loses what is raised here, so a refusal is answered at once.
        if not await interaction.client.admits(interaction):
            return False
        try:
            if interaction.type is discord.InteractionType.application_command:
                check_options(interaction)
        except Exception as error:  # noqa: BLE001 - an edge: what is raised here would reach nobody
            await interaction.client.front_desk.answer_error(interaction, error)
            return False
        return True

    async def on_error(
        self, interaction: discord.Interaction["KleinbotClient"], error: app_commands.AppCommandError, /
    ) -> None:
        cause: BaseException = error
        if isinstance(error, app_commands.CommandInvokeError):
            cause = error.original
        elif isinstance(error, _OF_ANOTHER_COMMAND):
            # Clients keep commands for a while, and show the old ones after an update.
            _log.info("a command that is not ours, or no longer: %s", error)
            cause = Refusal(Code.COMMAND_CHANGED)
        if interaction.type is discord.InteractionType.autocomplete:
            if isinstance(cause, Refusal):
                await interaction.client.suggest_nothing(interaction)
                return
            _log.error("autocomplete failed", exc_info=cause)
            return
        await interaction.client.front_desk.answer_error(interaction, cause)
        interaction.client.hand_over_later(interaction)


class KleinbotClient(commands.AutoShardedBot):
    """The bot on Discord. ``options`` go to discord.py as they are (``connector``, ``shard_count`` …)."""

    def __init__(
        self,
        *,
        quota_desk: QuotaDesk,
        front_desk: FrontDesk,
        workbench: Workbench,
        history_desk: HistoryDesk,
        keeping_desk: KeepingDesk,
        host_queue_desk: HostQueueDesk,
        hand_over: HandOver,
        repeats: Repeats,
        clock: Clock,
        skew: ClockSkew,
        texts: Texts,
        allowed_servers: frozenset[int],
        welcome: Callable[[Collection[int]], Awaitable[None]],
        prepare: Callable[["KleinbotClient"], Awaitable[None]],
        **options: Any,  # noqa: ANN401 - discord.py's own options, of every type
    ) -> None:
        super().__init__(
            command_prefix=commands.when_mentioned,
            tree_cls=CommandTree,
            help_command=None,
            intents=discord.Intents(guilds=True),
            allowed_mentions=discord.AllowedMentions.none(),
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
            max_messages=None,
            allowed_installs=app_commands.AppInstallationType(guild=True, user=False),
            allowed_contexts=app_commands.AppCommandContext(
                guild=True, dm_channel=False, private_channel=False
            ),
            **options,
        )
        self.quota_desk = quota_desk
        self.front_desk = front_desk
        self.workbench = workbench
        self.history_desk = history_desk
        self.keeping_desk = keeping_desk
        self.host_queue_desk = host_queue_desk
        self._kept = hand_over
        self.repeats = repeats
        self.skew = skew
        self._texts = texts
        self._allowed_servers = allowed_servers
        self._welcome = welcome
        self._prepare = prepare
        self._chores: set[asyncio.Task[None]] = set()
        self._in_hand: set[asyncio.Task[Any]] = set()
        self._is_closing = False
        self._has_begun = False
        self.host_powers = HostPowers(self, clock)

    async def login(self, token: str) -> None:
        self._has_begun = True
        await super().login(token)

    async def setup_hook(self) -> None:
        await self.tree.set_translator(FluentTranslator(self._texts))
        self.add_dynamic_items(*_ALL_BUTTONS)
        await self._prepare(self)

    async def on_ready(self) -> None:
        """Say which servers there are; Discord calls this after every new session."""
        self._begin_chore(self._look_back())
        await self._welcome([server.id for server in self.guilds])

    def is_member_of(self, server_id: int) -> bool | None:
        """Tell whether the bot is in a server, even an unavailable one; None before Discord has said so."""
        return self.get_guild(server_id) is not None if self.is_ready() else None

    async def admits(self, interaction: discord.Interaction[Any]) -> bool:
        """Tell whether to do what an interaction asks for: asked once for each, before anything else.

        Where it is refused, that is answered here; where it came before, or where the client closes, nothing
        is.
        """
        if not self._take_in_hand():
            return False
        self.skew.note(interaction.id)
        if await self.repeats.is_repeated(interaction.id):
            return False
        reason = self.reason_to_refuse(interaction)
        if reason is None:
            return True
        if interaction.type is discord.InteractionType.autocomplete:
            await interaction.response.autocomplete([])
        else:
            await self.front_desk.answer_error(interaction, reason)
        return False

    def reason_to_refuse(self, interaction: discord.Interaction[Any]) -> KleinbotError | None:
        """Return why this server is not served, or None."""
        if interaction.guild_id is None:
            return Refusal(Code.NOT_IN_A_SERVER)
        if self._allowed_servers and interaction.guild_id not in self._allowed_servers:
            return Refusal(Code.SERVER_NOT_ALLOWED)
        return None

    async def on_interaction(self, interaction: discord.Interaction[Any]) -> None:
        """Answer the press of a button that only another version of the bot knows."""
        if interaction.type is not discord.InteractionType.component:
            return
        custom_id = interaction.custom_id or ""
        if not self._take_in_hand():
            return
        if custom_id.startswith("kb:") and not any(each.takes(custom_id) for each in _ALL_BUTTONS):
            await self.front_desk.answer_error(interaction, Refusal(Code.BUTTON_UNKNOWN))

    async def suggest_nothing(self, interaction: discord.Interaction[Any]) -> None:
        try:
            await interaction.response.autocomplete([])
        except UNREACHED as error:
            _log.info("no suggestions could be sent: %s", error)

    async def on_app_command_completion(self, interaction: discord.Interaction[Any], command: object) -> None:
        del command
        self.hand_over_later(interaction)

    def hand_over_later(self, interaction: discord.Interaction[Any]) -> None:
        """After a command, refused or not, hand its member what could not be delivered before."""
        if interaction.guild_id is None or not interaction.response.is_done():
            return
        self._begin_chore(self._hand_over(interaction))

    def _begin_chore(self, work: Coroutine[Any, Any, None]) -> None:
        chore = asyncio.create_task(work)
        self._chores.add(chore)
        chore.add_done_callback(self._chores.discard)

    def _take_in_hand(self) -> bool:
        """Note that the present task answers somebody; False where no answer could be sent any more."""
        task = asyncio.current_task()
        if self._is_closing or task is None:
            return False
        self._in_hand.add(task)
        task.add_done_callback(self._in_hand.discard)
        return True

    async def close(self) -> None:
        """Answer whom there is time to answer, and leave Discord: no request may follow, nor fail."""
        self._is_closing = True
        if self._in_hand:
            _, late = await asyncio.wait(self._in_hand, timeout=_ANSWERING_S)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        for chore in self._chores:
            chore.cancel()
        await asyncio.gather(*self._chores, return_exceptions=True)
        # discord.py 2.7 raises AttributeError where there was no login: the queue of its shards is missing.
        if self._has_begun:
            await super().close()

    async def _hand_over(self, interaction: discord.Interaction[Any]) -> None:
        try:
            await self._kept.to(interaction, actor_of(interaction))
        except (*UNREACHED, sqlite3.Error) as error:
            _log.warning("kept results could not be handed over: %s", error)

    async def _look_back(self) -> None:
        try:
            await self._kept.look_back(self)
        except (*UNREACHED, sqlite3.Error) as error:
            _log.warning("what was handed over before could not be looked at: %s", error)
