"""/privacy through the real client: what a person gets and what is deleted, and nothing of anybody else."""

import asyncio
import io
import json
import zipfile
from pathlib import Path

from kleinbot.sandbox import ShownMessage
from tests.e2e.pictures import a_png, answered, chosen_in_more, delivered, result, said, said_alone
from tests.e2e.running_bot import BotEnvironment, RunningBot
from tests.scripted_engine import ScriptedEngine

QUICK_S = 20.0
PROMPT = "a violet zeppelin over Samarkand"


def _files(message: ShownMessage) -> dict[str, bytes]:
    (attachment,) = message.pictures
    with zipfile.ZipFile(io.BytesIO(attachment.data)) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


def _found(folder: Path, *marks: bytes) -> list[str]:
    return sorted(
        file.name
        for file in folder.rglob("*")
        if file.is_file() and any(mark in file.read_bytes() for mark in marks)
    )


async def _exported(bot: RunningBot) -> dict[str, bytes]:
    asked = await bot.ada.command(bot.channel, "privacy export")
    told = await said_alone(asked, "everything that I hold about you")
    assert "one file" in told.text
    (part,) = [message for message in asked.messages if message.pictures]
    assert part.is_ephemeral
    return _files(part)


async def test_a_person_gets_what_is_theirs_and_nobody_elses(environment: BotEnvironment) -> None:
    async with environment.running_bot(ScriptedEngine()) as bot:
        mine = await delivered(bot, prompt=PROMPT, count=2)
        varied = await result(await bot.bob.press(mine, label="V1"))
        await bot.until("SELECT COUNT(*) FROM outbox WHERE state != 'sent'", 0)
        await answered(bot.ada, mine, "♥", "Which pictures")
        await delivered(bot, bot.bob, prompt="a secret of bob's")
        files = await _exported(bot)
        jobs = [json.loads(data) for name, data in files.items() if name.endswith("jobs-00001.json")]
        assert [row["prompt"] for row in jobs[0]] == [PROMPT]
        assert [name for name in files if name.endswith(".png")] == [
            f"{bot.server.id}/pictures/1-1.png",
            f"{bot.server.id}/pictures/1-2.png",
        ]
        everything = b"".join(data for name, data in files.items() if name.endswith(".json"))
        assert b"secret" not in everything
        assert str(bot.bob.id).encode() not in everything
        assert str(varied.id).encode() not in everything
        again = await bot.ada.command(bot.channel, "privacy export")
        await said_alone(again, "within the last day")
        bot.clock.advance(86_401)
        skipped = await bot.ada.command(bot.channel, "privacy export", skip=1)
        await said_alone(skipped, "everything that I hold")
        (part,) = [message for message in skipped.messages if message.pictures]
        assert [name for name in _files(part) if name.endswith(".png")] == [
            f"{bot.server.id}/pictures/1-2.png"
        ]


async def test_everything_goes_also_what_is_being_drawn(environment: BotEnvironment) -> None:
    engine = ScriptedEngine()
    async with environment.running_bot(engine) as bot:
        mine = await delivered(bot, prompt=PROMPT)
        varied = await result(await bot.bob.press(mine, label="Subtle"))
        private = await delivered(bot, prompt=PROMPT, private=True)
        await said(await bot.ada.command(bot.channel, "edit", image=a_png(), instruction="x"), "x")
        await bot.until("SELECT COUNT(*) FROM outbox WHERE state != 'sent'", 0)
        engine.gate = asyncio.Event()
        drawn = await bot.ada.command(bot.channel, "imagine", prompt=PROMPT)
        await said(drawn, PROMPT)
        asked = await bot.ada.command(bot.channel, "privacy delete")
        question = await said_alone(asked, "Delete everything that I hold about you")
        assert "what you have spent or were given" in question.text
        await answered(bot.ada, question, "Keep everything", "Nothing was deleted")
        assert await bot.number("SELECT COUNT(*) FROM erasures") == 0
        asked = await bot.ada.command(bot.channel, "privacy delete")
        question = await said_alone(asked, "Delete everything")
        pressed = await bot.ada.press(question, label="Delete everything")
        done = await said(pressed, "Everything that I held about you is deleted")
        assert "somebody" in done.text
        engine.gate.set()
        await bot.until("SELECT COUNT(*) FROM removals", 0)
        assert mine.is_deleted
        assert not varied.is_deleted
        assert not private.is_deleted  # nobody but her can
        waiting = drawn.response
        assert waiting is not None
        assert waiting.is_deleted
        assert not [m for m in bot.channel.messages if PROMPT in m.text and m is not varied]
        recipe = await chosen_in_more(bot.bob, varied, "Recipe", "of somebody")
        assert str(bot.ada.id) not in recipe.text
        assert await bot.number(f"SELECT COUNT(*) FROM jobs WHERE member_id = {bot.ada.id}") == 0
        ended = await bot.ada.command(bot.channel, "history")
        await said(ended, "no pictures here yet")
    ids = (str(environment.ada.id).encode(),)
    assert _found(environment.folder, *ids) == []
    pictures = list(environment.folder.glob("archive/*/*/*.png"))
    assert len(pictures) == 1
