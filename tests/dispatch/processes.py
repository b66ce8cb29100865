"""Processes over the same files, one after the other, whose every step the state machine decides."""

import asyncio
import copy
import io
import shutil
import tempfile
from collections.abc import Coroutine
from dataclasses import replace
from pathlib import Path
from typing import TypeVar, cast

from hypothesis.stateful import RuleBasedStateMachine

from kleinbot.dispatch.recovery import recover
from kleinbot.domain.job_spec import ImageKey
from kleinbot.domain.people import Actor
from kleinbot.domain.profile import CPU_SMALL
from kleinbot.domain.work import ModelSize
from kleinbot.scheduler.admission import AdmissionLimits
from kleinbot.scheduler.entries import WaitingImage
from kleinbot.store.database import Database
from tests.e2e.accounts import ARCHIVE, DATABASE, record, rows
from tests.manual_clock import ManualClock
from tests.scripted_engine import ScriptedEngine
from tests.upkeep.installation import Installation
from tests.usecase_harness import UseCaseHarness, build

T = TypeVar("T")

PROFILE = replace(CPU_SMALL, largest_grid_tokens=16, largest_batch=4)
LIMITS = AdmissionLimits(token_member_cost=0.6, member_cost=2.0)
"""Small enough that, of images that cost about 0.1 once one was measured, some are relaxed or refused."""

WAIT_S = 60.0
"""Of real time: a busy machine's disk has been seen to keep a commit waiting for ten seconds."""


class Turnstile:
    """Takes the place of the scripted engine's gate: lets one part of a batch through at each push."""

    def __init__(self) -> None:
        self._pushed = asyncio.Event()
        self.somebody_waits = False

    def is_set(self) -> bool:
        """Return False: each push lets only those through who wait already."""
        return False

    async def wait(self) -> None:
        self.somebody_waits = True
        try:
            await self._pushed.wait()
        finally:
            self.somebody_waits = False
            self._pushed.clear()

    def push(self) -> None:
        self._pushed.set()


class Processes(RuleBasedStateMachine):
    """What the rules act on: the process that runs now, and how it ends and another one begins."""

    def __init__(self) -> None:
        super().__init__()
        self.places = tempfile.TemporaryDirectory()
        self.folder = Path(self.places.name) / "0"
        self.starts = 0
        self.clock = ManualClock()
        self.runner = asyncio.Runner()
        self.accepted: dict[str, Actor] = {}
        self.batches_seen = 0
        record(self.folder)

    def run(self, work: Coroutine[object, object, T]) -> T:
        return self.runner.run(asyncio.wait_for(work, 2 * WAIT_S))

    async def _begin(self, told: list[ImageKey]) -> None:
        """Start a process over ``folder``; ``told``: who waits, in the order that must hold."""
        self.engine = ScriptedEngine(PROFILE)
        self.turnstile = Turnstile()
        self.engine.gate = cast("asyncio.Event", self.turnstile)
        database = await Database.open(self.folder / DATABASE)
        self.harness: UseCaseHarness = build(self.folder, database, self.clock, self.engine, LIMITS)
        # Job keys must not come again: each process draws others, as chance does.
        self.harness.submit._random.seed(self.starts)
        self.starts += 1
        self.clock.advance(0.001)
        failed = self._failed()
        await recover(database, self.harness.scheduler, PROFILE, ModelSize.SMALL, self.clock)
        if self._failed() == failed:  # else one was given up, and its member is charged less
            order = self._order()
            assert not told or order == told, "the order that was told holds"
        self.dispatching = asyncio.create_task(self.harness.dispatcher.run())
        self.batches_seen = 0
        await self._settled()

    async def _close(self) -> None:
        self.dispatching.cancel()
        await asyncio.gather(self.dispatching, return_exceptions=True)
        await self.harness.finisher.close()
        await self.harness.archive.close()
        await self.harness.database.close()

    def _order(self) -> list[ImageKey]:
        """Return in which order all would start, were the batches in hand taken back into line.

        Which is what a restart does: who had joined a batch before their turn wait for their turn again.
        """
        queue = copy.deepcopy(self.harness.queue)
        running = {image.key for image in queue.running}
        for key in running.intersection(self._images_that_are("running")):  # nobody wants the others any more
            queue.returned(key)
        return [image.key for image in queue.order()]

    async def _settled(self) -> None:
        """Let everything go as far as it goes without us: then a batch is on the card, or nothing waits."""
        try:
            async with asyncio.timeout(WAIT_S):
                while not (self.turnstile.somebody_waits or self._is_idle() or self.dispatching.done()):
                    await self.harness.finisher.emptied()
                    await asyncio.sleep(0)
                await self.harness.finisher.emptied()
        except TimeoutError:
            queue, stuck = self.harness.queue, io.StringIO()
            self.dispatching.print_stack(file=stuck)
            raise AssertionError(
                f"work is conserved: {queue.waiting} wait, {queue.running} run, {stuck.getvalue()}"
            ) from None
        if self.dispatching.done():
            self.dispatching.result()
            raise AssertionError("the dispatcher has ended")
        self._look_at_new_batches()

    def _is_idle(self) -> bool:
        """Nothing waits, and the rows say so too: what fails leaves the queue a moment before."""
        if self.harness.queue.waiting or self.harness.queue.running:
            return False
        return not (self._images_that_are("waiting") or self._images_that_are("running"))

    def _look_at_new_batches(self) -> None:
        new = self.engine.batches[self.batches_seen :]
        self.batches_seen = len(self.engine.batches)
        running = {image.key: image for image in self.harness.queue.running}
        for batch in new:
            self._assert_fair_start([running[task.key] for task in batch])

    def _assert_fair_start(self, batch: list[WaitingImage]) -> None:
        first = batch[0]
        assert {image.shape for image in batch} == {first.shape}
        most = 1 if any(image.alone for image in batch) else self.harness.limits.max_batch(first.shape)
        assert len(batch) <= most
        expected_ms = 1000 * self.harness.cost_model.expected_s(first.shape)
        for image in batch:
            deadline_ms = self.harness.queue.deadline_ms(image.key.job_id)
            assert deadline_ms is None or self.clock.now_ms() + expected_ms <= deadline_ms
            older = [other for other in self.harness.queue.waiting if _same_queue(other, image)]
            assert all(image.order < other.order for other in older), "first in, first out"

    def _push(self) -> None:
        self.turnstile.push()
        self.run(self._pushed_through())

    async def _pushed_through(self) -> None:
        self.clock.advance(0.001)
        async with asyncio.timeout(WAIT_S):
            while self.turnstile.somebody_waits:
                await asyncio.sleep(0)
        await self._settled()

    async def _dispatched(self) -> None:
        await asyncio.wait_for(asyncio.shield(self.dispatching), WAIT_S)

    async def _stopped(self, in_hand: bool) -> None:
        await self.harness.dispatcher.stop()
        async with asyncio.timeout(WAIT_S):
            while in_hand and not self.dispatching.done():
                self.turnstile.push()
                await asyncio.sleep(0)

    async def _restarted(self, folder: Path, told: list[ImageKey], passes_s: int = 0) -> None:
        """End what is left of the old process, which can no longer harm, and begin a new one."""
        await self._close()
        self.folder = folder
        self.clock.advance(passes_s)
        await self._begin(told)

    async def _swept(self) -> None:
        """Remove what crashes have left, as a start does once it is an hour old."""
        await asyncio.to_thread(Installation(self.folder).sweep_all)

    def _count(self, table: str) -> int:
        return int(rows(self.folder, f"SELECT COUNT(*) FROM {table}")[0][0])

    def _images_that_are(self, state: str) -> list[ImageKey]:
        found = rows(self.folder, f"SELECT job_id, position FROM images WHERE state = '{state}'")
        return sorted(ImageKey(row[0], row[1]) for row in found)

    def _failed(self) -> int:
        return int(rows(self.folder, "SELECT COUNT(*) FROM jobs WHERE state = 'failed'")[0][0])

    def _state(self, job_id: str) -> str:
        return str(rows(self.folder, f"SELECT state FROM jobs WHERE job_id = '{job_id}'")[0][0])

    async def _crashed(self, pushes: bool, turns: int, told: list[ImageKey], passes_s: int) -> None:
        if pushes and self.turnstile.somebody_waits:
            self.turnstile.push()
            for _ in range(turns):
                await asyncio.sleep(0)
            told = []  # some of them may have ended
        survived = self.folder.with_name(str(self.starts))
        _copy(self.folder, survived)
        await self._restarted(survived, told, passes_s)


def _same_queue(one: WaitingImage, other: WaitingImage) -> bool:
    return (one.server_id, one.member_id) == (other.server_id, other.member_id)


def _copy(folder: Path, to: Path) -> None:
    """Copy what a power cut would leave: the log last, since what it holds is newer than the file."""
    to.mkdir()
    for name in (DATABASE, f"{DATABASE}-wal"):
        if (folder / name).exists():
            shutil.copyfile(folder / name, to / name)
    shutil.copytree(
        folder / ARCHIVE, to / ARCHIVE, ignore=lambda _, names: [n for n in names if n.endswith(".tmp")]
    )
