"""Edits and variations over real kills: what they are made from is kept with the job."""

import asyncio
import signal

import pytest

from kleinbot.domain.faults import FaultPoint
from tests.e2e.house import Stage, has_pictures
from tests.e2e.pictures import a_png
from tests.e2e.test_recovery import START_S, _all, _bot, _stop


@pytest.mark.parametrize("point", [FaultPoint.AFTER_CLAIM, FaultPoint.AFTER_FILE])
@pytest.mark.parametrize(
    ("command", "options"),
    [
        ("edit", {"instruction": "a hat", "reference-1": a_png(seed=2), "count": 2}),
        ("variations", {"strength": "strong", "count": 2}),
    ],
)
async def test_it_survives_a_kill_and_is_paid_once(
    stage: Stage, point: FaultPoint, command: str, options: dict[str, object]
) -> None:
    async with _bot(stage, point) as killed:
        handle = await stage.ada.command_with(stage.channel, command, options | {"image": a_png(seed=1)})
        assert await asyncio.wait_for(killed.wait(), START_S) == -signal.SIGKILL
    async with _bot(stage) as restarted:
        done = await handle.message_where(has_pictures, timeout_s=START_S)
        assert len(done.pictures) == 2
        assert await _stop(restarted) == 0
    assert _all(stage, "SELECT state, COUNT(*) FROM jobs GROUP BY state") == [("done", 1)]
    assert _all(stage, "SELECT kind, COUNT(*) FROM ledger GROUP BY kind ORDER BY kind") == [
        ("reserve", 2),
        ("settle", 2),
    ]
    files = {path.relative_to(stage.folder / "archive").as_posix() for path in stage.folder.rglob("*.png")}
    known = _all(stage, "SELECT file FROM images UNION SELECT file FROM job_references")
    assert files == {row[0] for row in known}
