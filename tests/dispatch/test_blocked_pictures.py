"""What a classifier blocks costs nothing and is stored nowhere; what it cannot judge is delivered."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from kleinbot.dispatch.recovery import recover
from kleinbot.domain.errors import Code
from kleinbot.domain.faults import FaultPoint, Faults, NoFaults
from kleinbot.domain.job import ImageState, Job, JobState
from kleinbot.domain.pictures import Pixels
from kleinbot.domain.ports.picture_judge import NoJudge, PictureVerdict
from kleinbot.domain.profile import CPU_SMALL
from kleinbot.domain.work import ModelSize, RenderTask
from kleinbot.store.database import Database
from tests.dispatch.running import ended, running, until
from tests.manual_clock import START_MS, ManualClock
from tests.new_database import make_new
from tests.scripted_engine import ScriptedEngine
from tests.usecase_harness import ADA, BOB, UseCaseHarness, build

_RED = b"\xff\x00\x00"


class RedIsBlocked(NoJudge):
    """Blocks what begins with a red point, and cannot judge what begins with a white one."""

    async def judge(self, pixels: Pixels) -> PictureVerdict:
        await asyncio.sleep(0)
        first = pixels.rgb[:3]
        if first == b"\xff\xff\xff":
            return PictureVerdict.UNJUDGED
        return PictureVerdict.BLOCKED if first == _RED else PictureVerdict.PASSED


class OnceBefore(NoFaults):
    """Ends the transaction at a fault point, once."""

    def __init__(self, point: FaultPoint) -> None:
        self._point = point
        self.reached = 0

    def reach(self, point: FaultPoint) -> None:
        if point is self._point:
            self.reached += 1
            if self.reached == 1:
                raise asyncio.CancelledError


@asynccontextmanager
async def _host(folder: Path, faults: Faults | None = None) -> AsyncIterator[UseCaseHarness]:
    """A host that draws four at a time; images of the prompt "red" are red, of "red and not" the odd ones."""
    clock, file = ManualClock(START_MS), folder / "kleinbot.sqlite3"
    if not file.exists():
        make_new(file)
    database, engine = await Database.open(file), ScriptedEngine(replace(CPU_SMALL, largest_batch=4))
    engine.draw = _drawn
    harness = build(folder, database, clock, engine, faults=faults, judge=RedIsBlocked())
    yield harness
    await harness.finisher.close()
    await harness.archive.close()
    await database.close()


def _drawn(task: RenderTask) -> Pixels:
    grid = task.spec.grid
    width, height = grid.width_px, grid.height_px
    prompt = task.spec.prompt
    is_red = prompt == "red" or (prompt == "some red" and task.key.position % 2 == 1)
    colour = _RED if is_red else b"\xff\xff\xff" if prompt == "white" else b"\x10\x20\x30"
    return Pixels(width, height, colour * (width * height))


def _files(folder: Path) -> int:
    return sum(path.suffix == ".png" for path in (folder / "archive").rglob("*"))


async def _audit(harness: UseCaseHarness) -> list[tuple[int, int, str]]:
    rows = await harness.database.read.all(
        "SELECT server_id, member_id, details FROM audit WHERE action = 'picture-blocked'"
    )
    return [(row[0], row[1], row[2]) for row in rows]


def _states(job: Job) -> list[ImageState]:
    return [image.state for image in job.images]


async def test_a_batch_of_two_members_of_which_one_is_blocked(tmp_path: Path) -> None:
    async with _host(tmp_path) as harness:
        ada = (await harness.imagine(prompt="red", count=2)).status.job.job_id
        bob = (await harness.imagine(BOB, "some red", count=2)).status.job.job_id
        async with running(harness):
            mine, his = await until(harness, ada, ended), await until(harness, bob, ended)
        assert len(harness.engine.batches[0]) == 4
        assert (mine.state, _states(mine)) == (JobState.FAILED, [ImageState.FAILED] * 2)
        assert mine.error is not None
        assert (mine.error.code, dict(mine.error.parameters)) == (Code.PICTURE_BLOCKED, {"blocked": 2})
        assert (his.state, _states(his)) == (JobState.DONE, [ImageState.DONE, ImageState.FAILED])
        assert his.error is not None
        assert his.error.parameters == {"blocked": 1}
        assert (mine.refunded_tenths, his.refunded_tenths) == (20, 10)
        assert [await harness.spent_tenths(each) for each in (ADA, BOB)] == [0, 10]
        assert _files(tmp_path) == 1
        assert await _audit(harness) == [(10, 1, "{}"), (10, 1, "{}"), (10, 2, "{}")]
        assert await harness.database.read.number("SELECT COUNT(*) FROM outbox") == 2


async def test_what_cannot_be_judged_is_delivered(tmp_path: Path) -> None:
    async with _host(tmp_path) as harness:
        job_id = (await harness.imagine(prompt="white")).status.job.job_id
        async with running(harness):
            job = await until(harness, job_id, ended)
        assert (job.state, job.error, _files(tmp_path)) == (JobState.DONE, None, 1)
        assert await harness.spent_tenths() == 10


async def test_an_end_between_verdict_and_commit_refunds_once(tmp_path: Path) -> None:
    faults = OnceBefore(FaultPoint.BEFORE_COMMIT)
    async with _host(tmp_path, faults) as harness:
        job_id = (await harness.imagine(prompt="red")).status.job.job_id
        async with running(harness):
            async with asyncio.timeout(10):
                while not faults.reached or harness.finisher.is_busy:
                    await asyncio.sleep(0)
        assert (await harness.job(job_id)).state is JobState.RUNNING
        assert await _audit(harness) == []
        assert await harness.spent_tenths() == 10
        await harness.finisher.close()
    async with _host(tmp_path) as harness:
        await recover(
            harness.database, harness.scheduler, harness.engine.profile, ModelSize.FULL, harness.clock,
            ended_cleanly=False,
        )  # fmt: skip
        async with running(harness):
            job = await until(harness, job_id, ended)
        assert job.state is JobState.FAILED
        assert await harness.spent_tenths() == 0
        assert len(await _audit(harness)) == 1
        assert _files(tmp_path) == 0
