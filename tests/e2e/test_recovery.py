"""Real processes, really killed: each job is finished once, paid once, delivered once."""

import asyncio
import json
import signal
import sys
from pathlib import Path

import pytest

from kleinbot.domain.faults import FaultPoint
from kleinbot.process.shutdown_marker import MARK
from tests.e2e.bots import START_S, Bots, bot_arguments, stopped
from tests.e2e.running_bot import LOOKS_EVERY_S, has_pictures

ROOT = Path(__file__).parents[2]
CHILD = (sys.executable, "-m", "tests.e2e.child")


def _accounted_for(bots: Bots, pictures: int) -> None:
    """Assert that everything of the one job exists exactly once."""
    assert bots.rows("SELECT state, COUNT(*) FROM jobs GROUP BY state") == [("done", 1)]
    assert bots.rows("SELECT kind, COUNT(*) FROM ledger GROUP BY kind ORDER BY kind") == [
        ("reserve", pictures),
        ("settle", pictures),
    ]
    assert bots.rows("SELECT state, COUNT(*) FROM outbox GROUP BY state") == [("sent", 1)]
    files = {
        path.relative_to(bots.environment.folder / "archive").as_posix()
        for path in bots.environment.folder.rglob("*.png")
    }
    assert files == {row[0] for row in bots.rows("SELECT file FROM images")}
    assert bots.rows("SELECT COUNT(*) FROM attempts WHERE outcome = 'running'") == [(0,)]
    shown = [message for message in bots.environment.channel.messages if message.pictures]
    assert len(shown) == 1
    assert len(shown[0].pictures) == pictures


@pytest.mark.parametrize(
    ("point", "nth"),
    [
        (FaultPoint.WITHIN_ENCODE, 2),  # the first is that of the start
        (FaultPoint.WITHIN_STEP, 2),
        (FaultPoint.WITHIN_DECODE, 2),
        (FaultPoint.BEFORE_COMMIT, 1),
        (FaultPoint.AFTER_COMMIT, 2),
    ],
)
async def test_a_job_survives_a_kill_at_each_fault_point(bots: Bots, point: FaultPoint, nth: int) -> None:
    ada, channel = bots.environment.ada, bots.environment.channel
    async with bots.one(point, nth) as killed:
        handle = await ada.command(channel, "imagine", prompt="a fox", count=2, seed=3)
        assert await killed.wait(START_S) == -signal.SIGKILL
    assert (bots.environment.folder / MARK).exists()
    async with bots.one() as restarted:
        await handle.message_where(has_pictures, timeout_s=START_S)
        assert await stopped(restarted) == 0
    assert not (bots.environment.folder / MARK).exists()
    if point is FaultPoint.WITHIN_STEP:  # a job that was on the GPU when the process was killed is suspect
        assert bots.rows("SELECT COUNT(*) FROM attempts WHERE outcome = 'lost'") != [(0,)]
    _accounted_for(bots, 2)


async def test_a_channel_message_sent_just_before_a_kill_is_not_sent_again(bots: Bots) -> None:
    ada, channel = bots.environment.ada, bots.environment.channel
    async with bots.one(FaultPoint.AFTER_COMMIT) as killed:
        await ada.command(channel, "imagine", prompt="a fox")
        await killed.wait(START_S)
    bots.environment.clock.advance(16 * 60)  # Discord forgets the token
    async with bots.one(FaultPoint.AFTER_POST) as killed:
        await channel.message_where(has_pictures, timeout_s=START_S)
        await killed.wait(START_S)
    assert bots.rows("SELECT state FROM outbox") == [("posting",)]
    bots.environment.clock.advance(60 * 60)  # and the nonce
    async with bots.one() as restarted:
        async with asyncio.timeout(START_S):
            while await asyncio.to_thread(bots.rows, "SELECT state FROM outbox") != [("sent",)]:
                await asyncio.sleep(LOOKS_EVERY_S)
        assert await stopped(restarted) == 0
    _accounted_for(bots, 1)


async def test_a_clean_stop_keeps_what_waits_and_the_next_start_goes_on(bots: Bots) -> None:
    ada, channel = bots.environment.ada, bots.environment.channel
    async with bots.one() as first:
        handles = [await ada.command(channel, "imagine", prompt=f"fox {i}", count=4) for i in range(6)]
        await handles[0].message_where(has_pictures, timeout_s=START_S)
        assert await stopped(first) == 0
    assert bots.rows("SELECT COUNT(*) FROM images WHERE state = 'running'") == [(0,)]
    left = bots.rows("SELECT COUNT(*) FROM jobs WHERE state = 'queued'")[0][0]
    assert left
    assert any("about to restart. Your place is kept" in message.text for message in channel.messages)
    async with bots.one() as restarted:
        for handle in handles:
            await handle.message_where(has_pictures, timeout_s=START_S)
        assert await stopped(restarted) == 0
    assert bots.rows("SELECT COUNT(*) FROM ledger WHERE kind = 'settle'") == [(24,)]
    assert sum(bool(message.pictures) for message in channel.messages) == 6


async def test_a_second_process_on_the_same_folder_is_refused(bots: Bots) -> None:
    async with bots.one() as first:
        second = await asyncio.create_subprocess_exec(
            *CHILD, json.dumps(bot_arguments(bots.environment)), cwd=ROOT, stderr=asyncio.subprocess.PIPE
        )
        try:
            _, errors = await asyncio.wait_for(second.communicate(), START_S)
        finally:
            if second.returncode is None:
                second.kill()
        assert second.returncode != 0
        assert b"error-folder-in-use" in errors
        assert not first.ended.done()
        assert await stopped(first) == 0
