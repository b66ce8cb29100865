"""A backup that is taken while members ask, restored into an empty folder and opened by the whole bot."""

import asyncio
import os
import random
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from kleinbot.sandbox import ShownMessage
from tests.e2e.accounts import AccountCheck, Seen, rows
from tests.e2e.load_members import Participant, RandomMembers
from tests.e2e.pictures import a_png
from tests.e2e.running_bot import LOOKS_EVERY_S, WAIT_S, BotEnvironment, RunningBot, has_pictures
from tests.processes import finished
from tests.scripted_engine import ScriptedEngine

ENOUGH_WAITING = 12
MANY = {"quota_pictures": 100_000, "quota_everywhere": 1_000_000}
RUNNING = "SELECT COUNT(*) FROM attempts WHERE outcome = 'running'"
IN_HAND = "SELECT COUNT(*) FROM images WHERE state IN ('waiting', 'running')"


async def _bot_py(data: Path, *arguments: str) -> str:
    """Run a command of ``bot.py`` as a process of its own; return what it says."""
    command = [sys.executable, "-c", "from kleinbot.cli import main; main()", *arguments]
    environment = os.environ | {"KLEINBOT_DATA_FOLDER": str(data), "KLEINBOT_LOCALE": "en"}
    ended = await asyncio.to_thread(finished, command, env=environment)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


@asynccontextmanager
async def _asking(environment: BotEnvironment, bot: RunningBot) -> AsyncIterator[RandomMembers]:
    """Let members ask, cancel and press until the body ends."""
    backlog = 0
    members = RandomMembers(
        environment.standin,
        [Participant(person, environment.channel) for person in (environment.ada, environment.bob)],
        [a_png(seed=seed) for seed in range(2)],
        random.Random(3),
        think_s=0.05,
        may_ask=lambda: backlog < ENOUGH_WAITING,
    )

    async def look() -> None:
        nonlocal backlog
        while True:
            backlog = await bot.number(IN_HAND)
            await asyncio.sleep(10 * LOOKS_EVERY_S)

    tasks = [asyncio.create_task(work()) for work in (members.act, look)]
    try:
        yield members
    finally:
        for task in tasks:
            assert not task.done(), task.exception()
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _at_least(bot: RunningBot, sql: str, value: int) -> None:
    async with asyncio.timeout(WAIT_S):
        while await bot.number(sql) < value:
            await asyncio.sleep(10 * LOOKS_EVERY_S)


def _one(folder: Path, sql: str) -> int:
    return int(rows(folder, sql)[0][0])


def _result_of(environment: BotEnvironment, beginning: str, jobs: set[str]) -> tuple[ShownMessage, str]:
    """Return a message of ``jobs`` with such a button, the newest, and the button's custom id."""
    for message in reversed(environment.ada.sees(environment.channel)):
        for button in message.buttons:
            custom_id = button.custom_id or ""
            if custom_id.startswith(beginning) and any(job in custom_id for job in jobs):
                return message, custom_id
    raise AssertionError(beginning)


async def test_a_backup_under_load_comes_back_with_every_row_picture_and_button(
    environment: BotEnvironment, tmp_path: Path
) -> None:
    backup, engine = tmp_path / "backup", ScriptedEngine()
    async with environment.running_bot(engine, **MANY) as bot, _asking(environment, bot):
        await _at_least(bot, "SELECT COUNT(*) FROM jobs WHERE state = 'done'", 5)
        await _bot_py(environment.folder, "backup", str(backup))  # rows and files come and go meanwhile
        done = await bot.number("SELECT COUNT(*) FROM jobs WHERE state = 'done'")
        await _at_least(bot, "SELECT COUNT(*) FROM jobs WHERE state = 'done'", done + 3)
        while True:
            engine.gate.clear()
            engine.started.clear()
            await engine.started.wait()
            await _at_least(bot, IN_HAND, ENOUGH_WAITING)
            said = await _bot_py(environment.folder, "backup", str(backup))
            assert "is whole" in said
            assert said.count("\n") == 1, said  # nothing was left out
            if await bot.number(RUNNING) > 0:
                break
            engine.gate.set()  # its member had cancelled what was held: another one
        asked = await bot.number("SELECT COUNT(*) FROM jobs")
        engine.gate.set()
        await _at_least(bot, "SELECT COUNT(*) FROM jobs", asked + 3)  # what the backup cannot hold
    original = environment.folder
    environment.folder = tmp_path / "restored"
    await _bot_py(environment.folder, "restore", str(backup))
    kept, all_jobs = (_one(folder, "SELECT COUNT(*) FROM jobs") for folder in (environment.folder, original))
    assert 0 < kept < all_jobs
    assert _one(environment.folder, IN_HAND) > 0
    assert _one(environment.folder, RUNNING) > 0
    jobs = {row[0] for row in rows(environment.folder, "SELECT job_id FROM jobs WHERE state = 'done'")}
    async with environment.running_bot(ScriptedEngine(), **MANY) as bot:
        await bot.until("SELECT COUNT(*) FROM jobs WHERE state IN ('queued', 'running')", 0)
        for person in (environment.ada, environment.bob):  # to whom private results are handed over
            await (await person.command(environment.channel, "queue")).acknowledged(timeout_s=WAIT_S)
        await bot.until("SELECT COUNT(*) FROM outbox WHERE state != 'sent'", 0)
        assert bot.app.sweeper.problem is None
        for beginning in ("kb:reroll:", "kb:vary:"):
            message, custom_id = _result_of(environment, beginning, jobs)
            handle = await environment.ada.press(message, custom_id=custom_id)
            await handle.message_where(has_pictures, timeout_s=WAIT_S)
        number = _one(
            environment.folder,
            "SELECT MIN(number) FROM jobs WHERE state = 'done' AND deleted_ms IS NULL"
            f" AND member_id = {environment.ada.id}",
        )
        shown = await environment.ada.command(environment.channel, "show", job=str(number))
        assert (await shown.message_where(has_pictures, timeout_s=WAIT_S)).pictures
        await bot.until("SELECT COUNT(*) FROM outbox WHERE state != 'sent'", 0)
    assert AccountCheck(environment.folder, Seen()).check() == []
