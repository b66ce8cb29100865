"""A state machine over the real thing: use cases, line, dispatcher, finisher, a database file and an archive.

Only the engine is scripted: each part of a batch waits until a rule lets it go on, fail, rest, or end the
process. A crash takes the files as they are at that moment, in the middle of whatever is written, and all is
built anew over them. Which of the ten properties of ``kleinbot/docs/invariants.md`` is asserted where:

1. Work conservation: ``_settled`` (after every rule either a batch is on the card or nothing waits).
2. Fairness bound, 3. starvation freedom, 4. isolation, 10. no credit hoarding, no splitting gain: of policy
   alone: in ``tests/scheduler`` (test_invariants, test_fairness, test_line).
5. First in, first out within a member: ``_assert_fair_start``, of every batch that starts.
6. One terminal state, charged or refunded once: ``every_reservation_ends_once`` after every rule, and the
   whole account check, including intermediate states, in ``teardown``.
7. No late start of what was promised: ``_assert_fair_start``.
8. Batch members share a key, fit, and were all waiting: ``_assert_fair_start``.
9. Output independence: ``each_picture_is_of_its_own_seed``, whatever its batch was, after every rule.

And a crash or a stop changes nothing in the order of what waits (``_begin``).

No rule has a precondition and no draw looks at the state: how many images a batch has, and so when nobody is
on the card, may depend on how fast the disk is. A rule that has nothing to do does nothing.
"""

from contextlib import suppress
from dataclasses import replace

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule

from kleinbot.domain.errors import Code, FatalEngineError, Refusal, RenderError
from kleinbot.domain.geometry import Aspect
from kleinbot.domain.people import Actor
from kleinbot.domain.requests import ImagineRequest
from kleinbot.domain.work import Fallback, OutOfMemory
from kleinbot.images.labelled import decode_own
from tests.dispatch.processes import Processes
from tests.e2e.accounts import ARCHIVE, AccountCheck, Seen, rows
from tests.manual_clock import passes
from tests.usecase_harness import ADA, BOB, MODERATOR, STRANGER, reply

DORA = Actor(server_id=11, member_id=4, locale="en-US")
MEMBERS = (ADA, BOB, DORA)
QUARTER_OF_AN_HOUR_S = 16 * 60
STEPS = 4
asking = st.tuples(
    st.sampled_from(MEMBERS),
    st.integers(1, 4),
    st.sampled_from([Aspect.SQUARE, Aspect.SQUARE, Aspect.WIDE_16_9]),
)
profile_reselection = st.integers(0, 60)
"""Which of several, counted round: how many there are may depend on how fast the disk is."""

passing = st.sampled_from([0, 0, 0, QUARTER_OF_AN_HOUR_S])


class StudioMachine(Processes):
    # Beginning and ending processes

    @initialize()
    def first_start(self) -> None:
        self.run(self._begin([]))

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
            accepted = self.run(self.harness.submit.imagine(actor, request, reply(self.clock)))
        except Refusal as refusal:
            if refusal.code is not Code.MEMBER_LINE_FULL:
                raise
            assert (self._count("jobs"), self._count("ledger")) == before
        else:
            self.accepted[accepted.status.job.job_id] = actor

    @rule(which=profile_reselection, by=st.sampled_from(["owner", "moderator", "stranger", "other"]))
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
            self.run(self.harness.cancel.by_id(who, job_id))
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

    @rule(times=st.integers(1, 3))
    def draw(self, times: int) -> None:
        for _ in range(times):
            if self.turnstile.somebody_waits:
                self._push()

    @rule(after=st.integers(1, STEPS - 1))
    def rest(self, after: int) -> None:
        """The batch on the card comes back suspended, whoever asked for it."""
        if not self.turnstile.somebody_waits or self.harness.scheduler.engines[0].resting:
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

    @rule(which=profile_reselection)
    def fail_one(self, which: int) -> None:
        """One image of the batch comes back without pixels, after all that memory could be made."""
        if not self.turnstile.somebody_waits:
            return
        keys = sorted(task.key for task in self.engine.batches[-1])
        self.engine.image_errors = {keys[which % len(keys)]: RenderError(Code.OUT_OF_MEMORY)}
        self.engine.out_of_memory = [(OutOfMemory(Fallback.BATCH_OF_ONE, len(keys)),)]
        self._push()
        self.engine.image_errors.clear()

    # How processes end

    @rule()
    def the_gpu_breaks(self) -> None:
        if not self.turnstile.somebody_waits:
            return
        told = self._order()
        self.engine.failures = [FatalEngineError("illegal memory access")]
        self.turnstile.push()
        with suppress(FatalEngineError):
            self.run(self._dispatched())
        self.run(self._restarted(self.folder, told))

    @rule()
    def the_gpu_hangs(self) -> None:
        if not self.turnstile.somebody_waits:
            return
        told = self._order()
        self.run(passes(self.clock, QUARTER_OF_AN_HOUR_S))
        with suppress(FatalEngineError):
            self.run(self._dispatched())
        assert self.dispatching.done(), "the watchdog saw it"
        self.run(self._restarted(self.folder, told))

    @rule(pushes=st.booleans(), turns=st.integers(0, 40), passes_s=passing)
    def crash(self, pushes: bool, turns: int, passes_s: int) -> None:
        """Take the files as they are; with ``pushes`` while the results of a batch are being stored."""
        self.run(self._crashed(pushes, turns, self._order(), passes_s))

    @rule(in_hand=st.booleans(), passes_s=passing)
    def stop(self, in_hand: bool, passes_s: int) -> None:
        """A clean stop, which lets the batch in hand be finished or, at the end of its grace, does not."""
        self.run(self._stopped(in_hand))
        self.run(self._restarted(self.folder, self._order(), passes_s))

    # What must hold

    @invariant()
    def every_reservation_ends_once(self) -> None:
        """Each image is reserved once; what has ended is settled or refunded once, the rest is neither."""
        if not hasattr(self, "harness"):
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
        if not hasattr(self, "harness"):
            return
        queue = {image.key for image in (*self.harness.queue.waiting, *self.harness.queue.running)}
        assert {*self._images_that_are("waiting"), *self._images_that_are("running")} <= queue
        assert set(self._images_that_are("waiting")) == {image.key for image in self.harness.queue.waiting}

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
        """Let every job end, and check the accounts."""
        try:
            if hasattr(self, "harness"):
                while self.turnstile.somebody_waits:
                    self._push()
                assert self._is_idle()
                self.run(self._swept())
                self.run(self._close())
                del self.harness
                findings = AccountCheck(self.folder, Seen(), is_swept=True).check_without_messages()
                assert not findings, "\n".join(findings)
                self.each_picture_is_of_its_own_seed()
        finally:
            # A connection that a failed example leaves open would keep the process from ever ending.
            if hasattr(self, "harness"):
                self.run(self._close())
            self.runner.close()
            self.places.cleanup()


StudioMachine.TestCase.settings = settings(
    max_examples=20,
    stateful_step_count=20,
    deadline=None,
    derandomize=True,
    phases=(Phase.generate,),  # shrinking such an example takes many minutes
    report_multiple_bugs=False,
    suppress_health_check=[HealthCheck.too_slow],
)
TestStudio = StudioMachine.TestCase
