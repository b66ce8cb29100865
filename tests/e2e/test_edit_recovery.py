"""Edits and variations over real kills: their input pictures are stored with the job."""

import signal

import pytest

from kleinbot.domain.faults import FaultPoint
from tests.e2e.bots import START_S, Bots, stopped
from tests.e2e.pictures import a_png
from tests.e2e.running_bot import has_pictures


@pytest.mark.parametrize("point", [FaultPoint.AFTER_CLAIM, FaultPoint.AFTER_FILE])
@pytest.mark.parametrize(
    ("command", "options"),
    [
        ("edit", {"instruction": "a hat", "reference-1": a_png(seed=2), "count": 2}),
        ("variations", {"strength": "strong", "count": 2}),
    ],
)
async def test_it_survives_a_kill_and_is_paid_once(
    bots: Bots, point: FaultPoint, command: str, options: dict[str, object]
) -> None:
    async with bots.one(point) as killed:
        handle = await bots.environment.ada.command_with(
            bots.environment.channel, command, options | {"image": a_png(seed=1)}
        )
        assert await killed.wait(START_S) == -signal.SIGKILL
    async with bots.one() as restarted:
        done = await handle.message_where(has_pictures, timeout_s=START_S)
        assert len(done.pictures) == 2
        assert await stopped(restarted) == 0
    assert bots.rows("SELECT state, COUNT(*) FROM jobs GROUP BY state") == [("done", 1)]
    assert bots.rows("SELECT kind, COUNT(*) FROM ledger GROUP BY kind ORDER BY kind") == [
        ("reserve", 2),
        ("settle", 2),
    ]
    files = {
        path.relative_to(bots.environment.folder / "archive").as_posix()
        for path in bots.environment.folder.rglob("*.png")
    }
    known = bots.rows("SELECT file FROM images UNION SELECT file FROM job_references")
    assert files == {row[0] for row in known}
