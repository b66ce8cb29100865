"""Slow downloads: the first response is the answer unless 1.5 s have passed."""

import asyncio
import logging

import pytest

from kleinbot.chat.create.downloads import Downloads
from kleinbot.images.fetch import Reserve
from kleinbot.sandbox import Answer, InteractionHandle, Person
from tests.e2e.pictures import a_png, result, said
from tests.e2e.running_bot import BotEnvironment, RunningBot
from tests.scripted_engine import ScriptedEngine


@pytest.fixture
def arrival(monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """Delay every download until the test releases it."""
    arrived = asyncio.Event()
    fetch = Downloads.fetch

    async def slow(downloads: Downloads, address: str, reserve: Reserve) -> bytes:
        await arrived.wait()
        return await fetch(downloads, address, reserve)

    monkeypatch.setattr(Downloads, "fetch", slow)
    return arrived


async def deferred(bot: RunningBot, *, who: Person | None = None, **options: object) -> InteractionHandle:
    handle = await (who or bot.ada).command(bot.channel, "edit", instruction="a hat", **options)
    answer = asyncio.ensure_future(handle.acknowledged(timeout_s=30))
    while not answer.done():
        await asyncio.wait({answer}, timeout=0.02)
        bot.clock.advance(0.1)
    assert await answer is Answer.DEFERRED
    return handle


@pytest.mark.parametrize("private", [True, False])
async def test_a_slow_picture_is_waited_for_as_privately_as_it_was_asked(
    environment: BotEnvironment, arrival: asyncio.Event, private: bool
) -> None:
    async with environment.running_bot(ScriptedEngine()) as bot:
        handle = await deferred(bot, image=a_png(), private=private)
        assert handle.is_ephemeral == private
        arrival.set()
        done = await result(handle)
        assert len(handle.messages) == 1
        assert done.is_ephemeral == private


async def test_a_refusal_after_a_deferral_takes_the_place_of_the_answer(
    environment: BotEnvironment, arrival: asyncio.Event
) -> None:
    async with environment.running_bot(ScriptedEngine()) as bot:
        handle = await deferred(bot, image=b"nothing to see")
        arrival.set()
        await said(handle, "That file is not a picture")
        assert len(handle.messages) == 1
        assert await bot.number("SELECT COUNT(*) FROM jobs") == 0


async def test_a_stop_while_a_picture_is_coming_leaves_nothing(
    environment: BotEnvironment, arrival: asyncio.Event
) -> None:
    async with environment.running_bot(ScriptedEngine()) as bot:
        await deferred(bot, image=a_png())
        assert await bot.number("SELECT COUNT(*) FROM jobs") == 0
    assert list(environment.folder.rglob("references/*/*.png")) == []
    arrival.set()


async def test_who_is_not_answered_by_the_end_of_a_stop_leaves_no_error(
    environment: BotEnvironment, arrival: asyncio.Event, caplog: pytest.LogCaptureFixture
) -> None:
    async with environment.running_bot(ScriptedEngine()) as bot:
        await bot.ada.command(bot.channel, "edit", instruction="a hat", image=a_png())
        await deferred(bot, who=bot.bob, image=a_png())
    arrival.set()
    for _ in range(100):
        await asyncio.sleep(0)
    assert [each.getMessage() for each in caplog.records if each.levelno >= logging.ERROR] == []


async def test_a_fourth_file_of_a_member_is_refused_before_it_is_fetched(
    environment: BotEnvironment, arrival: asyncio.Event
) -> None:
    async with environment.running_bot(ScriptedEngine()) as bot:
        coming = [await deferred(bot, image=a_png(seed=seed)) for seed in range(3)]
        refused = await bot.ada.command(bot.channel, "edit", instruction="a hat", image=a_png(seed=9))
        await said(
            refused,
            "You already have 3 files on their way to me; wait until one is in. Nothing was charged.",
        )
        others = await deferred(bot, who=bot.bob, image=a_png(seed=4))
        assert bot.app.container.base.inbound.requests == 4
        arrival.set()
        for handle in (*coming, others):
            await result(handle)
        assert (bot.app.container.base.inbound.requests, bot.app.container.base.inbound.bytes) == (0, 0)
        await result(await bot.ada.command(bot.channel, "edit", instruction="a hat", image=a_png(seed=9)))
