"""Which interactions are served, and what happens to errors in those that are."""

import asyncio
from collections.abc import Awaitable, Callable, Container
from typing import Any

import discord

from kleinbot.chat.core.clock_skew import ClockSkew
from kleinbot.chat.core.interactions import Interactions
from kleinbot.chat.core.repeated_events import RepeatedEvents
from kleinbot.chat.core.translator import t
from kleinbot.domain.errors import Code, Refusal

_ANSWERING_S = 2.0
"""How long ``close`` waits for the answers in progress."""

_ABOUT_DATA = frozenset(t(key).message for key in ("privacy-name", "settings-name", "menu-take-back"))
"""Commands and menus by which members keep what concerns their own data, as Discord names them to us."""

_ABOUT_DATA_BUTTONS = frozenset({"erase", "noerase", "unmake", "unmakeof"})
"""The names of their buttons, in ids like ``kb:erase``."""


class InteractionGate:
    """Every command, button and modal passes through it once."""

    def __init__(
        self,
        interactions: Interactions,
        repeats: RepeatedEvents,
        skew: ClockSkew,
        allowed_servers: frozenset[int],
        banned_servers: Container[int],
    ) -> None:
        """``allowed_servers``: the only servers to serve; empty: all. ``banned_servers``: never served."""
        self._interactions = interactions
        self._repeats = repeats
        self._skew = skew
        self._allowed_servers = allowed_servers
        self._banned_servers = banned_servers
        self._answering: set[asyncio.Task[Any]] = set()
        self._is_closing = False

    async def admits(self, interaction: discord.Interaction[Any]) -> bool:
        """Tell whether to do what an interaction asks for; called once for each, before anything else.

        Answers a refusal itself. A repeated interaction gets no answer, and none does once the gate closes.
        """
        if not self.begin_answer():
            return False
        self._skew.note(interaction.id)
        if await self._repeats.is_repeated(interaction.id):
            return False
        refusal = self._refusal_of(interaction)
        if refusal is None:
            return True
        if interaction.type is discord.InteractionType.autocomplete:
            await interaction.response.autocomplete([])
        else:
            await self._interactions.answer_error(interaction, refusal)
        return False

    async def run(
        self,
        interaction: discord.Interaction[Any],
        handle: Callable[[discord.Interaction[Any]], Awaitable[None]],
    ) -> None:
        """Handle an interaction if it is admitted; answer its errors, which discord.py would only log.

        For buttons and modals, which the command tree's check does not see. A button stays clickable in a
        server that is no longer served.
        """
        if not await self.admits(interaction):
            return
        try:
            await handle(interaction)
        except Exception as error:  # noqa: BLE001 - an edge: the person gets a sentence
            await self._interactions.answer_error(interaction, error)

    def begin_answer(self) -> bool:
        """Note that the present task answers somebody; False once no answer can be sent any more."""
        task = asyncio.current_task()
        if self._is_closing or task is None:
            return False
        self._answering.add(task)
        task.add_done_callback(self._answering.discard)
        return True

    async def close(self) -> None:
        """Admit nothing more, and end the answers in progress: what takes too long is cancelled."""
        self._is_closing = True
        if self._answering:
            _, late = await asyncio.wait(self._answering, timeout=_ANSWERING_S)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    def _refusal_of(self, interaction: discord.Interaction[Any]) -> Refusal | None:
        if interaction.guild_id is None:
            return Refusal(Code.NOT_IN_A_SERVER)
        if self._allowed_servers and interaction.guild_id not in self._allowed_servers:
            return Refusal(Code.SERVER_NOT_ALLOWED)
        if interaction.guild_id in self._banned_servers and not self._is_still_answered(interaction):
            return Refusal(Code.SERVER_BANNED)
        return None

    def _is_still_answered(self, interaction: discord.Interaction[Any]) -> bool:
        """Tell whether an interaction is served in a banned server too.

        The owner must be able to lift the ban from there, and members keep what concerns their own data.
        """
        if self._interactions.actor_of(interaction).is_owner:
            return True
        data: Any = interaction.data or {}
        if "custom_id" in data:
            ours, *name = str(data["custom_id"]).split(":", 2)
            return ours == "kb" and name[:1] != [] and name[0] in _ABOUT_DATA_BUTTONS
        return str(data.get("name", "")) in _ABOUT_DATA
