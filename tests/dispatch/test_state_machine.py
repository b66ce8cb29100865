"""A state machine over the real thing: use cases, line, dispatcher, finisher, a database file and an archive.

Only the engine is scripted: each part of a batch waits until a rule lets it go on, fail, rest, or end the
process. A crash takes the files as they are at that moment, in the middle of whatever is written, and all is
built anew over them. Which of the ten invariants of performance.md §4.4 is asserted where:

1. Work conservation: ``_settled`` (after every rule either a batch is on the card or nothing waits).
2. Fairness bound, 3. starvation freedom, 4. isolation, 10. no credit hoarding, no splitting gain: of policy
   alone: in ``tests/queueing`` (test_invariants, test_fairness, test_line).
5. First in, first out within a member: ``_assert_fair_start``, of every batch that starts.
6. One terminal state, charged or refunded once: ``every_reservation_ends_once`` after every rule, and the
   whole books, with every state passed through, in ``teardown``.
7. No late start of what was promised: ``_assert_fair_start``.
8. Batch members share a key, fit, and were all in line: ``_assert_fair_start``.
9. Output independence: ``each_picture_is_of_its_own_seed``, whatever its batch was, after every rule.

And a crash or a stop changes nothing in the order of those in line (``_begin``).

No rule has a precondition and no draw looks at the state: how many images a batch has, and so when nobody is
on the card, may depend on how fast the disk is. A rule that has nothing to do does nothing.
"""

import asyncio
import copy
import io
import shutil
import tempfile
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TypeVar, cast

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from kleinbot.dispatch.recovery import recover
from kleinbot.domain.errors import Code, FatalEngineError, Refusal, RenderError
from kleinbot.domain.geometry import Aspect
from kleinbot.domain.job import ImagineRequest
from kleinbot.domain.people import Actor
from kleinbot.domain.work import ImageKey, OutOfMemory, Rung
from kleinbot.host.profile import CPU_SMALL
from kleinbot.images.labelled import decode_own
from kleinbot.queueing.admission import AdmissionLimits
from kleinbot.queueing.waiting import WaitingImage
from kleinbot.store import lookup
from kleinbot.store.database import Database
from tests.e2e.accounts import ARCHIVE, DATABASE, Books, Seen, record, rows
from tests.manual_clock import ManualClock
from tests.scripted_engine import ScriptedEngine
from tests.studio_harness import ADA, BOB, MODERATOR, STRANGER, Studio, build, reply

T = TypeVar("T")

DORA = Actor(server_id=11, member_id=4, locale="en-US")
MEMBERS = (ADA, BOB, DORA)
PROFILE = replace(CPU_SMALL, largest_grid_tokens=16, largest_batch=4)
LIMITS = AdmissionLimits(token_member_cost=0.6, member_cost=2.0)
"""Small enough that, of images that cost about 0.1 once one was measured, some are relaxed or refused."""

WAIT_S = 60.0
"""Of real time: a busy machine's disk has been seen to keep a commit waiting for ten seconds."""
QUARTER_OF_AN_HOUR_S = 16 * 60
STEPS = 4
asking = st.tuples(
    st.sampled_from(MEMBERS),
    st.integers(1, 4),
    st.sampled_from([Aspect.SQUARE, Aspect.SQUARE, Aspect.WIDE_16_9]),
)
choosing = st.integers(0, 60)
"""Which of several, counted round: how many there are may depend on how fast the disk is."""

passing = st.sampled_from([0, 0, 0, QUARTER_OF_AN_HOUR_S])


class Turnstile:
    """Takes the place of the scripted engine's gate: lets one part of a batch through at each push."""

    def __init__(self) -> None:
        self._pushed = asyncio.Event()
        self.somebody_waits = False

    async def wait(self) -> None:
        self.somebody_waits = True
        try:
            await self._pushed.wait()
        finally:
            self.somebody_waits = False
            self._pushed.clear()

    def push(self) -> None:
        self._pushed.set()


class StudioMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.places = tempfile.TemporaryDirectory()
        self.folder = Path(self.places.name) / "0"
        self.starts = 0
        self.clock = ManualClock()
        self.runner = asyncio.Runner()
        self.accepted: dict[str, Actor] = {}
        self.batches_seen = 0
        self.has_ended = False
        record(self.folder)

    def run(self, work: Coroutine[object, object, T]) -> T:
        return self.runner.run(asyncio.wait_for(work, 2 * WAIT_S))

    # Beginning and ending processes

    @initialize()
    def first_start(self) -> None:
        self.run(self._begin([]))

    async def _begin(self, told: list[ImageKey]) -> None:
        """Start a process over ``folder``; ``told``: who is in line, in the order that must hold."""
        self.engine = ScriptedEngine(PROFILE)
        self.turnstile = Turnstile()
        self.engine.gate = cast("asyncio.Event", self.turnstile)
        database = await Database.open(self.folder / DATABASE)
        self.studio: Studio = build(self.folder, database, self.clock, self.engine, LIMITS)
        # Job keys must not come again: each process draws others, as chance does.
        self.studio.submit._random.seed(self.starts)
        self.starts += 1
        self.clock.advance(0.001)
        failed = self._failed()
        await recover(database, self.studio.line, LIMITS, PROFILE.checkpoints, self.clock)
        if self._failed() == failed:  # else one was given up, and its member is charged less
            order = self._order()
            assert not told or order == told, "the order that was told holds"
        self.dispatching = asyncio.create_task(self.studio.dispatcher.run())
        self.batches_seen = 0
        await self._settled()

    async def _close(self) -> None:
        self.dispatching.cancel()
        await asyncio.gather(self.dispatching, return_exceptions=True)
        await self.studio.finisher.close()
        await self.studio.archive.close()
        await self.studio.database.close()

    def _order(self) -> list[ImageKey]:
        """Return in which order all would start, were the batches in hand taken back into line.

        Which is what a restart does: who had joined a batch before their turn wait for their turn again.
        """
        line = copy.deepcopy(self.studio.line)
        running = {image.key for image in line.running}
        for key in running.intersection(self._images_that_are("running")):  # nobody wants the others any more
            line.returned(key)
        return [image.key for image in line.order()]

    async def _settled(self) -> None:
        """Let everything go as far as it goes without us: then a batch is on the card, or nothing waits."""
        try:
            async with asyncio.timeout(WAIT_S):
                while not (self.turnstile.somebody_waits or self._is_idle() or self.dispatching.done()):
                    await self.studio.finisher.emptied()
                    await asyncio.sleep(0)
                await self.studio.finisher.emptied()
        except TimeoutError:
            line, stuck = self.studio.line, io.StringIO()
            self.dispatching.print_stack(file=stuck)
            raise AssertionError(
                f"work is conserved: {line.waiting} wait, {line.running} run, {stuck.getvalue()}"
            ) from None
        if self.dispatching.done():
            self.dispatching.result()
            raise AssertionError("the dispatcher has ended")
        self._look_at_new_batches()

    def _is_idle(self) -> bool:
        """Nothing is in line, and the rows say so too: what fails leaves the line a moment before."""
        if self.studio.line.waiting or self.studio.line.running:
            return False
        return not (self._images_that_are("waiting") or self._images_that_are("running"))

    def _look_at_new_batches(self) -> None:
        new = self.engine.batches[self.batches_seen :]
        self.batches_seen = len(self.engine.batches)
        running = {image.key: image for image in self.studio.line.running}
        for batch in new:
            self._assert_fair_start([running[task.key] for task in batch])

    def _assert_fair_start(self, batch: list[WaitingImage]) -> None:
        first = batch[0]
        assert {image.shape for image in batch} == {first.shape}
        assert {image.lane for image in batch} == {first.lane}
        most = 1 if any(image.alone for image in batch) else self.studio.limits.max_batch(first.shape)
        assert len(batch) <= most
        expected_ms = 1000 * self.studio.cost_model.expected_s(first.shape)
        for image in batch:
            assert image.deadline_ms is None or self.clock.now_ms() + expected_ms <= image.deadline_ms
            older = [other for other in self.studio.line.waiting if _same_queue(other, image)]
            assert all(image.order < other.order for other in older), "first in, first out"

    # What people do

    @rule(asked=st.lists(asking, min_size=1, max_size=4))
    def submit(self, asked: list[tuple[Actor, int, Aspect]]) -> None:
        for actor, count, aspect in asked:
            self._ask(actor, count, aspect)
        self.run(self._settled())

    def _ask(self, actor: Actor, count: int, aspect: Aspect) -> None:
        self.clock.advance(0.001)
        before = self._count("jobs"), self._count("ledger")
        request = ImagineRequest("a fox", aspect, count, seed=self.starts * 7 + count)
        try:
            accepted = self.run(self.studio.submit.imagine(actor, request, reply(self.clock)))
        except Refusal as refusal:
            if refusal.code is not Code.MEMBER_LINE_FULL:
                raise
            assert (self._count("jobs"), self._count("ledger")) == before
        else:
            self.accepted[accepted.card.job.job_id] = actor

    @rule(which=choosing, by=st.sampled_from(["owner", "moderator", "stranger", "other"]))
    def cancel(self, which: int, by: str) -> None:
        if not self.accepted:
            return
        job_id = sorted(self.accepted)[which % len(self.accepted)]
        owner = self.accepted[job_id]
        moderator = replace(MODERATOR, server_id=owner.server_id)
        other = BOB if owner is ADA else ADA
        who = {"owner": owner, "moderator": moderator, "stranger": STRANGER, "other": other}[by]
        is_open = self._state(job_id) in ("queued", "running")
        may = by in ("owner", "moderator") or (by == "stranger" and owner.server_id == STRANGER.server_id)
        try:
            self.run(self.studio.cancel.by_id(who, job_id))
        except Refusal:
            assert not (is_open and may)
        else:
            assert is_open
            assert may
        self.run(self._settled())

    @rule(seconds=st.integers(1, 3))
    def time_passes(self, seconds: int) -> None:
        """A little, so that the watchdog does not bark; more of it passes while no process runs."""
        self.clock.advance(seconds)

    # What the card does

    def _push(self) -> None:
        self.turnstile.push()
        self.run(self._pushed_through())

    async def _pushed_through(self) -> None:
        self.clock.advance(0.001)
        async with asyncio.timeout(WAIT_S):
            while self.turnstile.somebody_waits:
                await asyncio.sleep(0)
        await self._settled()

    @rule(times=st.integers(1, 3))
    def draw(self, times: int) -> None:
        for _ in range(times):
            if self.turnstile.somebody_waits:
                self._push()

    @rule(after=st.integers(1, STEPS - 1))
    def rest(self, after: int) -> None:
        """The batch on the card comes back suspended, whoever asked for it."""
        if not self.turnstile.somebody_waits:
            return
        self.engine.yields_after = [after]
        self._push()

    @rule(code=st.sampled_from([Code.RENDER_FAILED, Code.OUT_OF_MEMORY]))
    def fail(self, code: Code) -> None:
        """The whole batch fails: several are tried one by one, one is given up."""
        if not self.turnstile.somebody_waits:
            return
        self.engine.failures = [RenderError(code)]
        self._push()

    @rule(which=choosing)
    def fail_one(self, which: int) -> None:
        """One image of the batch comes back without pixels, after all that memory could be made."""
        if not self.turnstile.somebody_waits:
            return
        keys = sorted(task.key for task in self.engine.batches[-1])
        self.engine.image_errors = {keys[which % len(keys)]: RenderError(Code.OUT_OF_MEMORY)}
        self.engine.out_of_memory = [(OutOfMemory(Rung.BATCH_OF_ONE, len(keys)),)]
        self._push()
        self.engine.image_errors.clear()

    # How processes end

    @rule()
    def the_card_breaks(self) -> None:
        if not self.turnstile.somebody_waits:
            return
        told = self._order()
        self.engine.failures = [FatalEngineError("illegal memory access")]
        self.turnstile.push()
        with suppress(FatalEngineError):
            self.run(self._dispatched())
        self.run(self._restarted(self.folder, told))

    @rule()
    def the_card_hangs(self) -> None:
        if not self.turnstile.somebody_waits:
            return
        told = self._order()
        self.clock.advance(QUARTER_OF_AN_HOUR_S)
        with suppress(FatalEngineError):
            self.run(self._dispatched())
        assert self.dispatching.done(), "the watchdog saw it"
        self.run(self._restarted(self.folder, told))

    async def _dispatched(self) -> None:
        await asyncio.wait_for(asyncio.shield(self.dispatching), WAIT_S)

    @rule(pushes=st.booleans(), turns=st.integers(0, 40), passes_s=passing)
    def crash(self, pushes: bool, turns: int, passes_s: int) -> None:
        """Take the files as they are; with ``pushes`` while the results of a batch are being stored."""
        self.run(self._crashed(pushes, turns, self._order(), passes_s))

    async def _crashed(self, pushes: bool, turns: int, told: list[ImageKey], passes_s: int) -> None:
        if pushes and self.turnstile.somebody_waits:
            self.turnstile.push()
            for _ in range(turns):
                await asyncio.sleep(0)
            told = []  # some of them may have ended
        survived = self.folder.with_name(str(self.starts))
        _copy(self.folder, survived)
        await self._restarted(survived, told, passes_s)

    @rule(in_hand=st.booleans(), passes_s=passing)
    def stop(self, in_hand: bool, passes_s: int) -> None:
        """A clean stop, which lets the batch in hand be finished or, at the end of its grace, does not."""
        self.run(self._stopped(in_hand))
        self.run(self._restarted(self.folder, self._order(), passes_s))

    async def _stopped(self, in_hand: bool) -> None:
        await self.studio.dispatcher.stop()
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

    # What must hold

    @invariant()
    def every_reservation_ends_once(self) -> None:
        """Each image is reserved once; what has ended is settled or refunded once, the rest is neither."""
        if not hasattr(self, "studio"):
            return
        assert not rows(
            self.folder,
            "SELECT i.job_id, i.position, i.state, l.begun, l.settled, l.refunded FROM images i LEFT JOIN"
            " (SELECT job_id, position, SUM(kind = 'reserve') AS begun, SUM(kind = 'settle') AS settled,"
            "  SUM(kind = 'refund') AS refunded FROM ledger GROUP BY job_id, position) l"
            " USING (job_id, position)"
            " WHERE l.begun != 1 OR l.settled != (i.state = 'done')"
            " OR l.refunded != (i.state IN ('failed', 'cancelled'))",
        )

    @invariant()
    def the_line_and_the_rows_agree(self) -> None:
        if not hasattr(self, "studio"):
            return
        line = {image.key for image in (*self.studio.line.waiting, *self.studio.line.running)}
        assert {*self._images_that_are("waiting"), *self._images_that_are("running")} <= line
        assert set(self._images_that_are("waiting")) == {image.key for image in self.studio.line.waiting}

    @invariant()
    def nothing_accepted_is_lost(self) -> None:
        known = {row[0] for row in rows(self.folder, "SELECT job_id FROM jobs")}
        assert set(self.accepted) <= known

    @invariant()
    def each_picture_is_of_its_own_seed(self) -> None:
        for row in rows(self.folder, "SELECT file, base_seed FROM images WHERE state = 'done'"):
            pixels = decode_own((self.folder / ARCHIVE / row["file"]).read_bytes())
            assert set(pixels.rgb) == {row["base_seed"] % 256}

    def teardown(self) -> None:
        """Let everything come to its end, and do the books."""
        try:
            if hasattr(self, "studio"):
                while self.turnstile.somebody_waits:
                    self._push()
                assert self._is_idle()
                self.run(self._swept())
                self.run(self._close())
                del self.studio
                findings = Books(self.folder, Seen(), is_swept=True).check_untold()
                assert not findings, "\n".join(findings)
                self.each_picture_is_of_its_own_seed()
        finally:
            # A connection that a failed example leaves open would keep the process from ever ending.
            if hasattr(self, "studio"):
                self.run(self._close())
            self.runner.close()
            self.places.cleanup()

    async def _swept(self) -> None:
        """Remove what crashes have left, as a start does once it is an hour old."""
        known = await lookup.files(self.studio.database.read)
        await self.studio.archive.sweep(known, 0, 2**50)

    def _count(self, table: str) -> int:
        return int(rows(self.folder, f"SELECT COUNT(*) FROM {table}")[0][0])

    def _images_that_are(self, state: str) -> list[ImageKey]:
        found = rows(self.folder, f"SELECT job_id, position FROM images WHERE state = '{state}'")
        return sorted(ImageKey(row[0], row[1]) for row in found)

    def _failed(self) -> int:
        return int(rows(self.folder, "SELECT COUNT(*) FROM jobs WHERE state = 'failed'")[0][0])

    def _state(self, job_id: str) -> str:
        return str(rows(self.folder, f"SELECT state FROM jobs WHERE job_id = '{job_id}'")[0][0])


def _same_queue(one: WaitingImage, other: WaitingImage) -> bool:
    return (one.lane, one.server_id, one.member_id) == (other.lane, other.server_id, other.member_id)


def _copy(folder: Path, to: Path) -> None:
    """Copy what a power cut would leave: the log last, since what it holds is newer than the file."""
    to.mkdir()
    for name in (DATABASE, f"{DATABASE}-wal"):
        if (folder / name).exists():
            shutil.copyfile(folder / name, to / name)
    shutil.copytree(
        folder / ARCHIVE, to / ARCHIVE, ignore=lambda _, names: [n for n in names if n.endswith(".tmp")]
    )


StudioMachine.TestCase.settings = settings(
    max_examples=30,
    stateful_step_count=20,
    deadline=None,
    derandomize=True,
    phases=(Phase.generate,),  # shrinking such an example takes many minutes
    report_multiple_bugs=False,
    suppress_health_check=[HealthCheck.too_slow],
)
TestStudio = StudioMachine.TestCase
