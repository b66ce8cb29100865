import asyncio
import os
import warnings
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

with warnings.catch_warnings():
    # discord.py 2.7 imports audioop, whose removal Python 3.11 and 3.12 announce.
    warnings.simplefilter("ignore", DeprecationWarning)
    import discord  # noqa: F401

from kleinbot.sandbox import Channel, FakeDiscord, Guild, MovableClock, Person
from tests.openapi import Checker
from tests.sandbox.demo_bot import DemoBot


@dataclass
class StandInEnv:
    standin: FakeDiscord
    clock: MovableClock
    server: Guild
    channel: Channel
    ada: Person
    bob: Person
    root: Person
    bot: DemoBot


@pytest.fixture
async def standin() -> AsyncIterator[FakeDiscord]:
    checker = Checker.from_environment(os.environ)
    async with FakeDiscord(now=MovableClock()) as standin:
        standin.on_exchange.append(checker.check)
        yield standin
    assert checker.findings == []


@pytest.fixture
async def env(standin: FakeDiscord) -> AsyncIterator[StandInEnv]:
    clock = standin.state.now
    assert isinstance(clock, MovableClock)
    server = standin.world.add_server("Studio")
    channel = standin.world.add_channel(server, "pictures")
    ada = standin.world.add_member(server, "ada")
    bob = standin.world.add_member(server, "bob")
    root = standin.world.add_member(server, "root", permissions=("administrator",))
    bot = DemoBot(connector=standin.connector(), guild_ready_timeout=0.05)
    running = asyncio.create_task(bot.start(standin.token))
    try:
        await standin.online(timeout_s=5)
        await standin.registered("imagine", timeout_s=5)
        yield StandInEnv(standin, clock, server, channel, ada, bob, root, bot)
    finally:
        await bot.close()
        await running
