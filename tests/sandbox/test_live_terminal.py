"""What the sandbox's terminal does only at a terminal: pictures, links, keys, lines that fit."""

import asyncio
import io
from pathlib import Path

import pytest
from prompt_toolkit.application import create_app_session
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput
from rich.console import Console

from kleinbot.sandbox.rules.picture_facts import plain_png
from kleinbot.sandbox.terminal import reading, thumbnails
from kleinbot.sandbox.terminal.completion import SandboxCompleter
from kleinbot.sandbox.terminal.input_lines import LiveLines
from kleinbot.sandbox.terminal.terminal import Terminal
from kleinbot.sandbox.terminal.thumbnails import ThumbnailSize
from kleinbot.sandbox.terminal.time_left import TimeLeft
from tests.sandbox.conftest import StandInEnv
from tests.sandbox.demo_bot import PNG
from tests.sandbox.test_terminal import QUICK

WIDTH = 60
CONTROL_C, CONTROL_D, ENTER = "\x03", "\x04", "\r"


def _console(output: io.StringIO, *, is_terminal: bool = True, no_color: bool = False) -> Console:
    return Console(
        file=output,
        highlight=False,
        width=WIDTH,
        force_terminal=is_terminal,
        color_system="truecolor" if is_terminal else None,
        no_color=no_color,
        legacy_windows=False,
    )


async def _pressed(env: StandInEnv, folder: Path, *keys: str) -> str:
    """Press keys at a terminal in whose channel a message with a form's button stands."""
    handle = await env.ada.command(env.channel, "imagine", prompt="a fox")
    await handle.message_where(lambda each: each.buttons)
    with create_pipe_input() as pipe, create_app_session(input=pipe, output=DummyOutput()):
        output = io.StringIO()
        lines = LiveLines(SandboxCompleter(list, list), lambda: "")
        terminal = Terminal(
            env.standin, folder / "my pictures", folder / "kept", console=_console(output), lines=lines
        )
        pipe.send_text("".join(keys))
        async with asyncio.timeout(20):
            await terminal.interact()
        await terminal.close()
        return " ".join(output.getvalue().split())


async def _shown(env: StandInEnv, folder: Path, console: Console) -> None:
    terminal = Terminal(env.standin, folder / "my pictures", folder / "kept", console=console, timeouts=QUICK)
    await terminal.run_once("/show", timeout_s=5)
    await terminal.close()


async def test_pictures_are_seen_and_lead_to_their_files(env: StandInEnv, tmp_path: Path) -> None:
    output = io.StringIO()
    await _shown(env, tmp_path, _console(output))
    written = output.getvalue()
    path = tmp_path / "my pictures" / "1-one.png"
    assert "38;2;200;30;30;48;2;200;30;30m▀" in written
    assert "]8;id=" in written
    assert f';{path.as_uri()}\x1b\\"{path}"' in written
    # Two pictures of 64×48 beside each other, not below.
    rows = [line for line in written.splitlines() if "▀" in line]
    assert len(rows) == 10
    assert all(line.count("▀") == 54 for line in rows)
    assert "the first" not in written


async def test_marked_words_are_styled_and_marks_are_not_shown(env: StandInEnv) -> None:
    text = "try `/imagine fox`, *Apps → Report*, **now**\n```\n/imagine 2 * 3 * 4\n```"
    message = env.ada.write(env.channel, text)
    shown = reading.lines(message, env.standin.state, [], styled=True)
    assert [each.plain for each in shown] == ["try /imagine fox, Apps → Report, now", "/imagine 2 * 3 * 4"]
    assert [span.style for span in shown[0].spans] == ["cyan", "italic", "bold"]


@pytest.mark.parametrize(("is_terminal", "no_color"), [(False, False), (True, True)])
async def test_without_a_terminal_or_without_colour_there_are_only_paths(
    env: StandInEnv, tmp_path: Path, is_terminal: bool, no_color: bool
) -> None:
    output = io.StringIO()
    await _shown(env, tmp_path, _console(output, is_terminal=is_terminal, no_color=no_color))
    written = output.getvalue()
    assert "▀" not in written
    assert "38;2" not in written
    assert "the first" in written
    assert f'▣ "{tmp_path / "my pictures" / "1-one.png"}"' in written or is_terminal
    assert ("\x1b" in written) is is_terminal


@pytest.mark.parametrize(
    ("data", "rows", "columns"),
    [
        (PNG, 12, 32),
        (plain_png(1, 900, (1, 2, 3)), 16, 1),
        (plain_png(900, 1, (1, 2, 3)), 1, 32),
        (b"GIF89a", None, None),
        (PNG[:60], None, None),
        (b"", None, None),
    ],
)
def test_a_thumbnail_is_bounded_and_of_nothing_but_pictures(
    data: bytes, rows: int | None, columns: int | None
) -> None:
    drawn = thumbnails.thumbnail(data, ThumbnailSize(thumbnails.COLUMNS, thumbnails.ROWS))
    assert (drawn and len(drawn)) == rows
    assert (drawn and len(drawn[0].plain)) == columns


@pytest.mark.parametrize(
    ("count", "width", "columns"), [(1, 200, 32), (4, 56, 12), (4, 30, None), (0, 60, 32)]
)
def test_pictures_share_the_width(count: int, width: int, columns: int | None) -> None:
    room = thumbnails.room_for(count, width)
    assert (room and room.columns) == columns


async def test_a_wrong_file_does_not_discard_a_form(env: StandInEnv, tmp_path: Path) -> None:
    cat = tmp_path / "cat.png"
    cat.write_bytes(PNG)
    form = ("press Edit", ENTER, "a wolf", ENTER, "Ink", ENTER, "/nowhere/x.png", ENTER)
    # The prompt and the style stand there as they were typed; the path is replaced.
    again = (ENTER, ENTER, "\x15", str(cat), ENTER)
    written = await _pressed(env, tmp_path, *form, *again, "quit", ENTER)
    assert "cannot attach /nowhere/x.png: there is no such file" in written
    assert "Nothing was sent. Once more" in written
    assert f"a wolf in i with [{len(PNG)}]" in written


async def test_control_c_leaves_a_form_then_a_line_then_the_sandbox(env: StandInEnv, tmp_path: Path) -> None:
    left = ("press Edit", ENTER, "a wolf", CONTROL_C)
    line = ("/nonsense that is not sent", CONTROL_C, "as bob", ENTER)
    written = await _pressed(env, tmp_path, *left, *line, CONTROL_C)
    assert "You left the form; nothing was sent." in written
    assert "a wolf in" not in written
    assert "nonsense" not in written
    assert "You are bob now." in written


async def test_the_end_of_input_leaves_a_form_too(env: StandInEnv, tmp_path: Path) -> None:
    keys = ("press Edit", ENTER, CONTROL_D, CONTROL_D)
    assert "You left the form; nothing was sent." in await _pressed(env, tmp_path, *keys)


@pytest.mark.parametrize(
    ("width", "line"),
    [
        (200, "a fox in a forest · Drawing ▓▓░░ 50 % · Costs 1 picture. · about 9 s left"),
        (60, "a fox in a forest · Drawing ▓▓░░ 50 % · about 9 s left"),
        (50, "a fox in a f… · Drawing ▓▓░░ 50 % · about 9 s left"),
        (35, "Drawing ▓▓░░ 50 % · about 9 s left"),
        (30, "Drawing 50 % · about 9 s left"),
        (24, "Drawin… · about 9 s left"),
    ],
)
async def test_progress_fits_the_width_and_keeps_the_time_left(
    env: StandInEnv, width: int, line: str
) -> None:
    message = env.ada.write(env.channel, "**a fox in a forest**\nDrawing ▓▓░░ 50 %\n-# Costs 1 picture.")
    shown = reading.progress(message, env.standin.state, width, "about 9 s left")
    assert shown == line
    assert len(shown) <= width


async def test_wide_signs_count_twice(env: StandInEnv) -> None:
    message = env.ada.write(env.channel, "狐" * 40)
    assert reading.progress(message, env.standin.state, 21) == "狐" * 10 + "…"


def test_the_time_left_follows_the_percentages() -> None:
    fixed = [1_000_000.0]
    left = TimeLeft(lambda: fixed[0])
    left.note(1, "Drawing 20 %")
    assert left.said(1, "en") == ""
    fixed[0] += 10
    left.note(1, "Drawing 40 %")
    assert left.said(1, "en") == "about 30 s left"
    fixed[0] += 12
    assert left.said(1, "de") == "noch etwa 18 s"
    left.note(1, "Loading 10 %")
    assert left.said(1, "en") == ""
    fixed[0] += 100
    left.note(1, "Loading 20 %")
    assert left.said(1, "en") == "about 13 min left"
    left.note(1, "done")
    assert left.said(1, "en") == ""
