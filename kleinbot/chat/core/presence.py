"""The bot's status line: what the engine is doing."""

import asyncio
import logging
from collections.abc import Callable

import discord

from kleinbot.chat.core.discord_errors import UNREACHED
from kleinbot.chat.core.text import engine_values
from kleinbot.domain.clock import Clock
from kleinbot.domain.work import EngineState
from kleinbot.texts import Texts

_log = logging.getLogger(__name__)
EVERY_S = 15.0
"""Discord allows 120 gateway messages a minute and drops presence updates that come much faster."""


class Presence:
    """Shows the latest state of the engine; states in between are skipped."""

    def __init__(self, client: Callable[[], discord.Client], texts: Texts, clock: Clock) -> None:
        self._client = client
        self._texts = texts
        self._clock = clock
        self._changed = asyncio.Event()
        self._wanted = ""

    def show(self, state: EngineState) -> None:
        """Note what to show."""
        text = self._texts.say(None, f"presence-{state.phase}", **engine_values(state))
        if text != self._wanted:
            self._wanted = text
            # The client sends it with each new session; otherwise the status would be gone after a reconnect.
            self._client().activity = discord.CustomActivity(text)
            self._changed.set()

    async def show_again(self, shard_id: int) -> None:
        """Show it in a new session, which does not know what an earlier one showed."""
        del shard_id
        self._changed.set()

    async def run(self) -> None:
        """Show changes until cancelled."""
        await self._client().wait_until_ready()
        while True:
            await self._changed.wait()
            self._changed.clear()
            try:
                await self._client().change_presence(activity=discord.CustomActivity(self._wanted))
            except (*UNREACHED, discord.ConnectionClosed) as error:
                _log.info("the presence was not shown: %s", error)
            await self._clock.sleep(EVERY_S)
