"""Real processes, really killed: each job is finished once, paid once, delivered once."""

import asyncio
import json
import signal
import sqlite3
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest

from kleinbot.domain.faults import FaultPoint
from tests.e2e.house import Stage, has_pictures

START_S = 60.0
ROOT = Path(__file__).parents[2]
CHILD = (sys.executable, "-m", "tests.e2e.child")


def _told(stage: Stage, **more: object) -> str:
    address = stage.standin.address(stage.folder.parent)
    return json.dumps(
        {
            "folder": str(stage.folder),
            "weights": str(stage.weights),
            "port": address.port,
            "ca_pem_path": str(address.ca_pem_path),
            "token": stage.standin.token,
            **more,
        }
    )


@asynccontextmanager
async def _bot(
    stage: Stage, kill_at: FaultPoint | None = None, nth: int = 1
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run the bot as a process of its own until the body ends; online when the body begins."""
    log = stage.folder.parent / "stderr"
    with log.open("ab") as stderr:
        process = await asyncio.create_subprocess_exec(
            *CHILD, _told(stage, kill_at=kill_at, nth=nth), cwd=ROOT, stderr=stderr
        )
    online = asyncio.ensure_future(stage.standin.online(timeout_s=START_S))
    ended = asyncio.ensure_future(process.wait())
    try:
        await asyncio.wait({online, ended}, return_when=asyncio.FIRST_COMPLETED)
        assert process.returncode is None, log.read_text()
        await online
        await stage.standin.registered("imagine", timeout_s=START_S)
        yield process
    finally:
        online.cancel()
        if process.returncode is None:
            process.kill()
        await asyncio.gather(online, ended, return_exceptions=True)


async def _stop(process: asyncio.subprocess.Process) -> int:
    process.send_signal(signal.SIGTERM)
    return await asyncio.wait_for(process.wait(), START_S)


def _all(stage: Stage, sql: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(stage.folder / "kleinbot.sqlite3")) as connection:
        return connection.execute(sql).fetchall()


def _accounted_for(stage: Stage, pictures: int) -> None:
    """Assert that everything of the one job is there exactly once."""
    assert _all(stage, "SELECT state, COUNT(*) FROM jobs GROUP BY state") == [("done", 1)]
    assert _all(stage, "SELECT kind, COUNT(*) FROM ledger GROUP BY kind ORDER BY kind") == [
        ("reserve", pictures),
        ("settle", pictures),
    ]
    assert _all(stage, "SELECT state, COUNT(*) FROM outbox GROUP BY state") == [("sent", 1)]
    files = {path.relative_to(stage.folder / "archive").as_posix() for path in stage.folder.rglob("*.png")}
    assert files == {row[0] for row in _all(stage, "SELECT file FROM images")}
    assert _all(stage, "SELECT COUNT(*) FROM attempts WHERE outcome = 'running'") == [(0,)]
    shown = [message for message in stage.channel.messages if message.pictures]
    assert len(shown) == 1
    assert len(shown[0].pictures) == pictures


@pytest.mark.parametrize(
    ("point", "nth"),
    [
        (FaultPoint.AFTER_CLAIM, 1),
        (FaultPoint.WITHIN_STEP, 2),
        (FaultPoint.AFTER_FILE, 2),
        (FaultPoint.BEFORE_COMMIT, 1),
        (FaultPoint.AFTER_COMMIT, 2),
        (FaultPoint.AFTER_POST, 1),
    ],
)
async def test_a_job_survives_a_kill_at_each_fault_point(stage: Stage, point: FaultPoint, nth: int) -> None:
    async with _bot(stage, point, nth) as killed:
        handle = await stage.ada.command(stage.channel, "imagine", prompt="a fox", count=2, seed=3)
        assert await asyncio.wait_for(killed.wait(), START_S) == -signal.SIGKILL
    async with _bot(stage) as restarted:
        await handle.message_where(has_pictures, timeout_s=START_S)
        assert await _stop(restarted) == 0
    _accounted_for(stage, 2)


async def test_a_channel_message_sent_just_before_a_kill_is_not_sent_again(stage: Stage) -> None:
    async with _bot(stage, FaultPoint.AFTER_COMMIT) as killed:
        await stage.ada.command(stage.channel, "imagine", prompt="a fox")
        await asyncio.wait_for(killed.wait(), START_S)
    stage.clock.advance(16 * 60)  # Discord forgets the token
    async with _bot(stage, FaultPoint.AFTER_POST) as killed:
        await stage.channel.message_where(has_pictures, timeout_s=START_S)
        await asyncio.wait_for(killed.wait(), START_S)
    assert _all(stage, "SELECT state FROM outbox") == [("posting",)]
    stage.clock.advance(60 * 60)  # and the nonce
    async with _bot(stage) as restarted:
        async with asyncio.timeout(START_S):
            while await asyncio.to_thread(_all, stage, "SELECT state FROM outbox") != [("sent",)]:
                pass
        assert await _stop(restarted) == 0
    _accounted_for(stage, 1)


async def test_a_clean_stop_keeps_what_waits_and_the_next_start_goes_on(stage: Stage) -> None:
    async with _bot(stage) as stopped:
        handles = [
            await stage.ada.command(stage.channel, "imagine", prompt=f"fox {i}", count=4) for i in range(6)
        ]
        await handles[0].message_where(has_pictures, timeout_s=START_S)
        assert await _stop(stopped) == 0
    assert _all(stage, "SELECT COUNT(*) FROM images WHERE state = 'running'") == [(0,)]
    left = _all(stage, "SELECT COUNT(*) FROM jobs WHERE state = 'queued'")[0][0]
    assert left
    assert any("about to restart. Your place is kept" in message.text for message in stage.channel.messages)
    async with _bot(stage) as restarted:
        for handle in handles:
            await handle.message_where(has_pictures, timeout_s=START_S)
        assert await _stop(restarted) == 0
    assert _all(stage, "SELECT COUNT(*) FROM ledger WHERE kind = 'settle'") == [(24,)]
    assert sum(bool(message.pictures) for message in stage.channel.messages) == 6


async def test_a_second_process_on_the_same_folder_is_refused(stage: Stage) -> None:
    async with _bot(stage) as first:
        second = await asyncio.create_subprocess_exec(
            *CHILD, _told(stage), cwd=ROOT, stderr=asyncio.subprocess.PIPE
        )
        _, errors = await asyncio.wait_for(second.communicate(), START_S)
        assert second.returncode != 0
        assert b"error-folder-in-use" in errors
        assert first.returncode is None
        assert await _stop(first) == 0
