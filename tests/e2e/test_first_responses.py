"""A late first response: nothing is reported before it, and nothing is stored that was already shown."""

import asyncio
import gc
from typing import Any

import discord
import pytest

from kleinbot.chat.create.downloads import Downloads
from kleinbot.chat.jobs import job_responder
from kleinbot.sandbox import ShownMessage
from tests.e2e.pictures import a_png, said_alone
from tests.e2e.running_bot import BotEnvironment, RunningBot, has_pictures
from tests.scripted_engine import ScriptedEngine

QUICK_S = 15.0
ANSWERS = 30


@pytest.mark.parametrize("private", [False, True])
async def test_a_picture_that_is_done_before_its_deferral_waits_for_it(
    environment: BotEnvironment, monkeypatch: pytest.MonkeyPatch, private: bool
) -> None:
    """Discord accepts the deferral slowly, and the picture is finished meanwhile."""
    deferring = asyncio.Event()
    fetch, defer = Downloads.fetch, job_responder._defer

    async def fetch_later(downloads: Downloads, *options: Any) -> Any:
        await deferring.wait()
        return await fetch(downloads, *options)

    monkeypatch.setattr(Downloads, "fetch", fetch_later)
    monkeypatch.setattr(job_responder, "DEFER_AFTER_S", 0.05)
    async with environment.running_bot(ScriptedEngine()) as bot:

        async def defer_slowly(interaction: discord.Interaction[Any], is_private: bool) -> None:
            deferring.set()
            await bot.until("SELECT COUNT(*) FROM outbox", 1)
            for _ in range(30):  # delivery has had every opportunity
                await bot.number("SELECT 1")
            await defer(interaction, is_private)

        monkeypatch.setattr(job_responder, "_defer", defer_slowly)
        handle = await bot.ada.command(
            bot.channel, "edit", instruction="a hat", image=a_png(), private=private
        )
        done = await handle.message_where(has_pictures, timeout_s=QUICK_S)
        await bot.until("SELECT COUNT(*) FROM outbox WHERE state = 'sent' AND way = 'reply'", 1)
        assert handle.response is not None
        assert handle.response.id == done.id
        texts = [message.text for message in handle.messages]
        assert not any("in line" in text for text in texts)
        assert bot.app.container.delivery.live_messages._live == {}


async def _answered(bot: RunningBot, command: str, said: str) -> None:
    def says(message: ShownMessage) -> bool:
        return said in message.text

    handle = await bot.ada.command(bot.channel, command)
    await handle.message_where(says, timeout_s=QUICK_S)


async def test_nothing_is_kept_of_an_answer_that_was_given(environment: BotEnvironment) -> None:
    async with environment.running_bot(ScriptedEngine()) as bot:
        await bot.ada.command(bot.channel, "imagine", prompt="a fox")
        await bot.until("SELECT COUNT(*) FROM outbox WHERE state = 'sent'", 1)
        for command, said in (("queue", "nothing in line"), ("history", "fox")):
            await _answered(bot, command, said)
        tasks = len(asyncio.all_tasks())
        for _ in range(ANSWERS):
            await _answered(bot, "queue", "nothing in line")
            await _answered(bot, "history", "fox")
        gc.collect()
        assert len(asyncio.all_tasks()) <= tasks + 5
        assert len(bot.app.container.discord.client._connection._view_store._views) == 0
        assert len(bot.app.container.discord.client._connection._view_store._synced_message_views) == 0


@pytest.mark.parametrize("command", ["queue", "cancel"])  # answered by a view, and by a sentence
async def test_an_answer_that_discord_refuses_is_followed_by_a_sentence(
    environment: BotEnvironment, command: str
) -> None:
    engine = ScriptedEngine()
    engine.gate.clear()
    async with environment.running_bot(engine) as bot:
        await bot.ada.command(bot.channel, "imagine", prompt="a fox")
        await bot.until("SELECT COUNT(*) FROM jobs", 1)
        await engine.started.wait()
        bot.standin.break_next("POST /interactions/*/callback", status=400, code=50035)
        await said_alone(await bot.ada.command(bot.channel, command), "Something went wrong on my side.")
        engine.gate.set()


async def test_an_answer_that_comes_too_late_is_no_incident(
    environment: BotEnvironment, caplog: pytest.LogCaptureFixture
) -> None:
    async with environment.running_bot(ScriptedEngine()) as bot:
        bot.standin.break_next("POST /interactions/*/callback", status=404, code=10062)
        await bot.ada.command(bot.channel, "quota")
        await bot.standin.exchange_where(
            lambda each: each.status == 404 and each.path.endswith("/callback"), timeout_s=QUICK_S
        )
        await said_alone(await bot.ada.command(bot.channel, "quota"), "pictures left")
    assert "did not reach its member" in caplog.text
    assert "incident" not in caplog.text
