"""Results over Discord's limits: recompressed or split, each picture shown once, also after a kill."""

import asyncio
import re
import signal

import pytest

from kleinbot.domain.faults import FaultPoint
from kleinbot.sandbox import ShownMessage
from tests.e2e.bots import START_S, Bots, stopped
from tests.e2e.fault_injection import noisy_engine
from tests.e2e.pictures import chosen_in_more
from tests.e2e.running_bot import LOOKS_EVERY_S, BotEnvironment, RunningBot, has_pictures

QUICK_S = 20.0
KEY = re.compile(r"-[0-9a-f]{8}-")
TWO_PICTURES_ARE_TOO_MUCH = 350_000
"""A 256² picture that does not compress has 197 kB."""


async def _told(bot: RunningBot) -> None:
    await bot.until("SELECT COUNT(*) FROM outbox WHERE state = 'sent'", 1)


def _names(messages: list[ShownMessage]) -> list[list[str]]:
    """Return the names of each message's files, without the key of their job."""
    return [[KEY.sub("-", picture.filename, count=1) for picture in message.pictures] for message in messages]


async def test_what_one_request_cannot_carry_follows_in_channel_messages(environment: BotEnvironment) -> None:
    environment.standin.limits.request_bytes = TWO_PICTURES_ARE_TOO_MUCH
    async with environment.running_bot(noisy_engine()) as bot:
        handle = await bot.ada.command(bot.channel, "imagine", prompt="a fox", count=3)
        first = await handle.message_where(has_pictures, timeout_s=QUICK_S)
        await _told(bot)
        shown = bot.channel.messages
        assert shown[0].id == first.id
        assert _names(shown) == [[f"kleinbot-1-{i}.png"] for i in (1, 2, 3)]
        alt_text = shown[2].pictures[0].alt_text
        assert alt_text is not None
        assert alt_text.startswith("Picture 3 of 3, drawn by an AI model")
        assert [m.text for m in shown[1:]] == ["#1, continued"] * 2
        assert shown[1].buttons == []
        question = await chosen_in_more(bot.ada, first, "Delete", "for good?")
        await bot.ada.press(question, label="Delete for good")
        await bot.until("SELECT COUNT(*) FROM jobs WHERE deleted_ms IS NOT NULL", 1)
        await bot.until("SELECT COUNT(*) FROM removals", 0)
        assert bot.channel.messages == []


async def test_a_file_over_the_limit_becomes_a_webp_under_it(environment: BotEnvironment) -> None:
    environment.standin.limits.file_bytes = 100_000
    async with environment.running_bot(noisy_engine()) as bot:
        handle = await bot.ada.command(bot.channel, "imagine", prompt="a fox", count=2)
        done = await handle.message_where(has_pictures, timeout_s=QUICK_S)
        assert _names([done]) == [["kleinbot-1-1.webp", "kleinbot-1-2.webp"]]
        assert all(len(picture.data) <= 100_000 for picture in done.pictures)
        assert all(picture.data[8:12] == b"WEBP" for picture in done.pictures)
        assert done.pictures[1].alt_text == "Picture 2 of 2, drawn by an AI model for the prompt: a fox"


async def test_a_private_result_stays_one_message_that_only_its_member_sees(
    environment: BotEnvironment,
) -> None:
    environment.standin.limits.request_bytes = TWO_PICTURES_ARE_TOO_MUCH
    async with environment.running_bot(noisy_engine()) as bot:
        handle = await bot.ada.command(bot.channel, "imagine", prompt="a fox", count=3, private=True)
        done = await handle.message_where(has_pictures, timeout_s=QUICK_S)
        assert _names([done]) == [[f"kleinbot-1-{i}.webp" for i in (1, 2, 3)]]
        assert done.is_ephemeral
        assert bot.channel.messages == []


async def test_where_the_channel_is_closed_the_first_response_takes_all(environment: BotEnvironment) -> None:
    environment.standin.limits.request_bytes = TWO_PICTURES_ARE_TOO_MUCH
    async with environment.running_bot(noisy_engine()) as bot:
        bot.standin.deny(bot.channel, "send_messages")
        handle = await bot.ada.command(bot.channel, "imagine", prompt="a fox", count=3)
        await handle.message_where(lambda m: len(m.pictures) == 3, timeout_s=QUICK_S)
        await _told(bot)
        assert len(bot.channel.messages) == 1


async def test_show_and_hand_over_split_too(environment: BotEnvironment) -> None:
    environment.standin.limits.request_bytes = TWO_PICTURES_ARE_TOO_MUCH
    engine = noisy_engine()
    engine.gate.clear()
    async with environment.running_bot(engine) as bot:
        await bot.ada.command(bot.channel, "imagine", prompt="a fox", count=2, private=True)
        await engine.started.wait()
        bot.clock.advance(16 * 60)
        engine.gate.set()
        await bot.until("SELECT COUNT(*) FROM outbox WHERE state = 'kept'", 1)
        handle = await bot.ada.command(bot.channel, "queue")
        await _told(bot)
        handed = [message for message in handle.messages if message.pictures]
        assert _names(handed) == [["kleinbot-1-1.png"], ["kleinbot-1-2.png"]]
        assert all(message.is_ephemeral for message in handed)
        show = await bot.ada.command(bot.channel, "show", job="1")
        await show.message_where(lambda m: "continued" in m.text, timeout_s=QUICK_S)
        assert _names(show.messages) == [["kleinbot-1-1.png"], ["kleinbot-1-2.png"]]
        assert all(message.is_ephemeral for message in show.messages)


@pytest.mark.parametrize("nth", [1, 2])
@pytest.mark.parametrize("is_forgotten", [False, True])
async def test_no_part_is_doubled_or_lost_by_a_kill_after_it_was_posted(
    bots: Bots, nth: int, is_forgotten: bool
) -> None:
    bots.environment.standin.limits.request_bytes = TWO_PICTURES_ARE_TOO_MUCH
    async with bots.one(FaultPoint.AFTER_POST, nth) as killed:
        await bots.environment.ada.command(
            bots.environment.channel, "imagine", prompt="a fox", count=3, seed=3
        )
        assert await killed.wait(START_S) == -signal.SIGKILL
    if is_forgotten and nth > 1:
        bots.environment.clock.advance(60 * 60)  # Discord forgets the token and the nonces
    async with bots.one() as restarted:
        async with asyncio.timeout(START_S):
            while await asyncio.to_thread(bots.rows, "SELECT state FROM outbox") != [("sent",)]:
                await asyncio.sleep(LOOKS_EVERY_S)
        assert await stopped(restarted) == 0
    names = sorted(name for names in _names(bots.environment.channel.messages) for name in names)
    assert [name.partition(".")[0] for name in names] == ["kleinbot-1-1", "kleinbot-1-2", "kleinbot-1-3"]
