"""The next sandbox has the messages of the last one, so that their buttons can be pressed."""

import asyncio
import io
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from rich.console import Console

from kleinbot.sandbox import FakeDiscord
from kleinbot.sandbox.people.outcome import OutcomeTimeouts
from kleinbot.sandbox.terminal.input_lines import PipedLines
from kleinbot.sandbox.terminal.terminal import Terminal
from tests.sandbox.demo_bot import PNG, Again, DemoBot

QUICK = OutcomeTimeouts(after_pictures_s=0.05, after_private_words_s=0.05, after_words_s=0.05)


@dataclass(frozen=True)
class Written:
    """What a session wrote, and how much of the last one was there."""

    text: str
    remembered: int
    latest: str
    people: frozenset[str]


async def _session(folder: Path, *script: str) -> Written:
    output = io.StringIO()
    async with FakeDiscord() as standin:
        terminal = Terminal(
            standin,
            folder / "pictures",
            folder / "kept",
            console=Console(file=output, highlight=False, width=200),
            lines=PipedLines(io.StringIO("\n".join(script))),
            timeouts=QUICK,
        )
        remembered, latest = await terminal.recall()
        async with _running_bot(standin):
            await terminal.interact(answer_timeout_s=5)
            await terminal.close()
        people = frozenset(each.name for each in standin.state.users.values())
    return Written(output.getvalue(), remembered, latest, people)


@asynccontextmanager
async def _running_bot(standin: FakeDiscord) -> AsyncIterator[None]:
    bot = DemoBot(connector=standin.connector(), guild_ready_timeout=0.05)
    bot.add_view(Again())
    running = asyncio.create_task(bot.start(standin.token))
    try:
        await standin.online(timeout_s=5)
        await standin.registered("imagine", timeout_s=5)
        yield
    finally:
        await bot.close()
        await running


async def test_an_old_button_is_pressed_in_the_next_sandbox(tmp_path: Path) -> None:
    first = await _session(tmp_path, "/show private:true", "as carla", "/imagine a fox")
    assert (first.remembered, first.latest) == (0, "")
    again = await _session(tmp_path, "show m2", "press Again", "/show")
    assert (again.remembered, again.latest) == (1, "m2")
    assert "carla" in again.people
    shown = again.text.split("m2 · kleinbot", 1)[1]
    assert "a fox x1" in shown
    assert f"▣ {tmp_path / 'pictures' / '2-fox.png'}\n" in shown
    assert "pressed" in shown
    # What only one person saw is not kept, and new messages do not get old numbers.
    assert "m1 ·" not in again.text
    assert "m3 · kleinbot" in shown
    assert [each.name for each in (tmp_path / "pictures").iterdir() if each.name.startswith("2-")] == [
        "2-fox.png"
    ]
    files = [each for each in (tmp_path / "kept").iterdir() if each.suffix != ".json"]
    assert sorted(each.read_bytes() for each in files) == [PNG] * len(files)


@pytest.mark.parametrize("damage", ["", "[]", '{"version": 2}', '{"version": 1, "people": 3}', "{"])
async def test_a_damaged_memory_is_an_empty_one(tmp_path: Path, damage: str) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "messages.json").write_text(damage)
    async with FakeDiscord() as standin:
        terminal = Terminal(
            standin, tmp_path / "pictures", tmp_path / "kept", lines=PipedLines(io.StringIO())
        )
        assert await terminal.recall() == (0, "")
        await terminal.close()


async def test_forgotten_files_are_removed_and_nothing_else(tmp_path: Path) -> None:
    await _session(tmp_path, "/imagine a fox")
    kept = tmp_path / "kept"
    (kept / "123").write_bytes(b"a file of ours that nothing names")
    (kept / "letter.txt").write_text("somebody's")
    index = json.loads((kept / "messages.json").read_text())
    await _session(tmp_path, "say hello")
    assert not (kept / "123").exists()
    assert (kept / "letter.txt").exists()
    assert all((kept / str(each["id"])).exists() for each in index["files"])
