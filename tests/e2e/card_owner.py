"""The owner of a bot that is killed again and again, who frees the graphics card and takes it again."""

import asyncio
import random

from kleinbot.sandbox import FakeDiscord, PersonError, WaitTimeoutError

FREES_EVERY_S = 10.0
FREE_S = (0.5, 7.0)
ANSWERS_S = 5.0
AGAIN_S = 0.3


class CardOwner:
    """Acts in the first channel. ``speed_up``: how many times faster than usual."""

    def __init__(self, standin: FakeDiscord, seed: float, speed_up: float) -> None:
        self._channel = next(iter(standin.state.channels.values()))
        server = self._channel.server
        assert server is not None
        name = standin.world.owner.name
        self._person = standin.world.add_member(server, name, permissions=("manage_guild",))
        self._chance = random.Random(seed)
        self._speed_up = speed_up
        self.frees = 0
        """How often the bot was told to free the card, and answered."""

    async def act(self) -> None:
        """Act until cancelled."""
        while True:
            await asyncio.sleep(self._chance.expovariate(self._speed_up / FREES_EVERY_S))
            self.frees += await self._told("host queue pause", {"free": True})
            await asyncio.sleep(self._chance.uniform(*FREE_S) / self._speed_up)
            await self.resume()

    async def resume(self) -> None:
        """Let the bot draw again; return once it has answered."""
        while not await self._told("host queue resume", {}):
            await asyncio.sleep(AGAIN_S / self._speed_up)

    async def _told(self, command: str, options: dict[str, object]) -> bool:
        try:
            handle = await self._person.command_with(self._channel, command, options)
            await handle.acknowledged(timeout_s=ANSWERS_S)
        except (PersonError, WaitTimeoutError):  # it is offline, or was killed
            return False
        return True
