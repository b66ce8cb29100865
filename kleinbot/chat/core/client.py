"""The Discord client: only the ``guilds`` intent, and nothing cached that is not needed."""

import asyncio
import logging
import sqlite3
from collections.abc import Awaitable, Callable, Collection, Coroutine, Mapping
from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from kleinbot.chat.core.discord_errors import UNREACHED
from kleinbot.chat.core.interaction_gate import InteractionGate
from kleinbot.chat.core.interactions import Interactions
from kleinbot.chat.core.option_rules import check_options
from kleinbot.chat.core.routing import ButtonRouter
from kleinbot.chat.core.translator import FluentTranslator
from kleinbot.chat.delivery.undelivered import Undelivered
from kleinbot.domain.errors import Code, Refusal
from kleinbot.domain.people import Actor
from kleinbot.texts import Texts

_log = logging.getLogger(__name__)

_COMMAND_CHANGED = (
    app_commands.CommandNotFound,
    app_commands.CommandSignatureMismatch,
)
"""An unknown command, and one whose options are others."""


class CommandTree(app_commands.CommandTree["KleinbotClient"]):
    """Answers every error of a command with a sentence."""

    async def interaction_check(self, interaction: discord.Interaction["KleinbotClient"], /) -> bool:
        # discord.py loses what is raised here, so a refusal is answered at once.
        if not await self.client.gate.admits(interaction):
            return False
        try:
            if interaction.type is discord.InteractionType.application_command:
                check_options(interaction)
        except Exception as error:  # noqa: BLE001 - an edge: what is raised here would reach nobody
            await self.client.interactions.answer_error(interaction, error)
            return False
        return True

    async def on_error(
        self, interaction: discord.Interaction["KleinbotClient"], error: app_commands.AppCommandError, /
    ) -> None:
        cause: BaseException = error
        if isinstance(error, app_commands.CommandInvokeError):
            cause = error.original
        elif isinstance(error, _COMMAND_CHANGED):
            # Discord's clients keep commands for a while, and show the old ones after an update.
            _log.info("a command that is not ours, or no longer: %s", error)
            cause = Refusal(Code.COMMAND_CHANGED)
        if interaction.type is discord.InteractionType.autocomplete:
            if isinstance(cause, Refusal):
                await _suggest_nothing(interaction)
                return
            _log.error("autocomplete failed", exc_info=cause)
            return
        await self.client.interactions.answer_error(interaction, cause)
        self.client.give_undelivered(interaction)


class CurrentClient:
    """Returns the client when called: what sends messages is built before what answers them."""

    def __init__(self) -> None:
        self.client: KleinbotClient | None = None

    def __call__(self) -> "KleinbotClient":
        if self.client is None:
            raise RuntimeError("the client is not built yet")
        return self.client

    def is_member_of(self, server_id: int) -> bool | None:
        """As ``KleinbotClient.is_member_of``."""
        return self().is_member_of(server_id)


class KleinbotClient(commands.AutoShardedBot):
    """The bot on Discord. ``options`` go to discord.py as they are (``connector``, ``shard_count`` …)."""

    def __init__(
        self,
        *,
        gate: InteractionGate,
        interactions: Interactions,
        router: ButtonRouter,
        undelivered: Undelivered,
        tell_member: Callable[[discord.Interaction[Any], Actor], Awaitable[None]],
        texts: Texts,
        register_present: Callable[[Collection[int]], Awaitable[None]],
        prepare: Callable[["KleinbotClient"], Awaitable[None]],
        options: Mapping[str, Any],
    ) -> None:
        """``tell_member`` tells who has sent a command what else they have to know.

        ``register_present`` gets the ids of all servers with each new session; ``prepare`` adds the cogs.

        ``gate`` and ``interactions`` are for the command tree.
        """
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
        self.gate = gate
        self.interactions = interactions
        self._router = router
        self._undelivered = undelivered
        self._tell_member = tell_member
        self._texts = texts
        self._register_present = register_present
        self._prepare = prepare
        self._background: set[asyncio.Task[None]] = set()
        self._has_begun = False
        self._is_closing = False

    async def login(self, token: str) -> None:
        self._has_begun = True
        await super().login(token)

    async def setup_hook(self) -> None:
        await self.tree.set_translator(FluentTranslator(self._texts))
        self.add_dynamic_items(*self._router.items)
        await self._prepare(self)

    async def on_ready(self) -> None:
        """Report the servers; Discord calls this after every new session."""
        self._begin(self._find_sent_unnoted())
        await self._register_present([server.id for server in self.guilds])

    def is_member_of(self, server_id: int) -> bool | None:
        """Tell whether the bot is in a server, even an unavailable one; None before the first session."""
        return self.get_guild(server_id) is not None if self.is_ready() else None

    async def on_interaction(self, interaction: discord.Interaction[Any]) -> None:
        """Answer the press of a button that only another version of the bot knows."""
        if interaction.type is not discord.InteractionType.component:
            return
        custom_id = interaction.custom_id or ""
        if not self.gate.begin_answer():
            return
        if custom_id.startswith("kb:") and not self._router.takes(custom_id):
            await self.interactions.answer_error(interaction, Refusal(Code.BUTTON_UNKNOWN))

    async def on_app_command_completion(self, interaction: discord.Interaction[Any], command: object) -> None:
        del command
        self.give_undelivered(interaction)

    def give_undelivered(self, interaction: discord.Interaction[Any]) -> None:
        """After a command, refused or not, give its member the results that could not be delivered before."""
        if interaction.guild_id is None or not interaction.response.is_done():
            return
        self._begin(self._give_undelivered(interaction))

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        if self._is_closing:
            work.close()
            return
        task = asyncio.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._background.discard(task)
        if task.cancelled() or (error := task.exception()) is None:
            return
        if self._is_closing:  # Connections are closed under it.
            _log.info("ended by the end of the client: %s", error)
        else:
            _log.error("what was begun beside the answers failed", exc_info=error)

    async def close(self) -> None:
        """Finish the answers in progress, and leave Discord: no request may follow."""
        self._is_closing = True
        await self.gate.close()
        for task in self._background:
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)
        # discord.py 2.7 raises AttributeError where there was no login: the queue of its shards is missing.
        if self._has_begun:
            await super().close()

    async def _give_undelivered(self, interaction: discord.Interaction[Any]) -> None:
        actor = self.interactions.actor_of(interaction)
        try:
            await self._tell_member(interaction, actor)
            await self._undelivered.to(interaction, actor)
        except (*UNREACHED, sqlite3.Error) as error:
            _log.warning("undelivered results could not be given to their member: %s", error)

    async def _find_sent_unnoted(self) -> None:
        try:
            await self._undelivered.find_sent(self)
        except (*UNREACHED, sqlite3.Error) as error:
            _log.warning("results that an earlier process may have sent could not be looked for: %s", error)


async def _suggest_nothing(interaction: discord.Interaction[Any]) -> None:
    try:
        await interaction.response.autocomplete([])
    except UNREACHED as error:
        _log.info("no suggestions could be sent: %s", error)
