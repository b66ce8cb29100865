"""A state machine over the ledger in a real file: whatever happens in whatever order, the sums are right.

The model keeps its own books in plain Python, and after every step the rows must agree with them.
"""

import asyncio
import contextlib
import tempfile
from collections.abc import Coroutine
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from kleinbot.domain.errors import Code, Refusal
from kleinbot.domain.job import JobState
from kleinbot.domain.people import Actor
from kleinbot.domain.work import ImageKey
from kleinbot.store import jobs, members, stamps
from kleinbot.store.database import Database
from kleinbot.studio import quota
from kleinbot.studio.administer import AdministerQuota
from kleinbot.studio.quota import QuotaRule
from kleinbot.studio.quota_view import statement
from tests.manual_clock import ManualClock
from tests.new_database import make_new
from tests.store.rows import ADA, finished, new_job

T = TypeVar("T")

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
RULE = QuotaRule(12, DAY_MS)
ADMIN = Actor(ADA.server_id, 99, "en", is_admin=True)


@dataclass
class Part:
    """What one picture took from one pot: a grant's number, or None for the allowance."""

    pot: int | None
    tenths: int
    reserved_ms: int
    given_back: bool = False

    def keep(self, used_tenths: int) -> int:
        """Give back all but what was used, the first pots being used first; return what is used of others."""
        kept = min(self.tenths, used_tenths)
        if not self.given_back:
            self.tenths, self.given_back = kept, kept == 0
        return used_tenths - kept


@dataclass
class Books:
    """The model: what was reserved from where, and what grants there are."""

    parts: dict[ImageKey, list[Part]] = field(default_factory=dict)
    open: list[ImageKey] = field(default_factory=list)
    grants: dict[int, tuple[int, int]] = field(default_factory=dict)
    granted_ms: dict[int, int] = field(default_factory=dict)
    """Amount and expiry by number, counted from 1 as the rows are."""

    used: dict[str, int] = field(default_factory=dict)
    """What counts of jobs that were cancelled while they were drawn, as it was then."""

    def all_parts(self) -> list[Part]:
        return [part for parts in self.parts.values() for part in parts if not part.given_back]

    def allowance_spent(self, now_ms: int) -> int:
        """A clock that is set back may bring two full windows together: then it is above the limit."""
        return sum(
            part.tenths
            for part in self.all_parts()
            if part.pot is None and part.reserved_ms > now_ms - RULE.window_ms
        )

    def allowance_left(self, now_ms: int) -> int:
        return max(0, RULE.limit_tenths - self.allowance_spent(now_ms))

    def granted_left(self, now_ms: int) -> int:
        return sum(rest for _, rest in self.grants_left(now_ms))

    def grants_left(self, now_ms: int) -> list[tuple[int, int]]:
        """Return number and rest of those that live, in the order in which they are spent."""
        rests = []
        for number, (amount, expires_ms) in self.grants.items():
            rest = amount - sum(part.tenths for part in self.all_parts() if part.pot == number)
            if expires_ms > now_ms and rest > 0:
                rests.append((expires_ms, number, rest))
        return [(number, rest) for _, number, rest in sorted(rests)]

    def left(self, now_ms: int) -> int:
        return self.allowance_left(now_ms) + self.granted_left(now_ms)

    def reserve(self, key: ImageKey, price: int, now_ms: int) -> None:
        pots: list[tuple[int | None, int]] = [
            (None, self.allowance_left(now_ms)), *self.grants_left(now_ms),
        ]  # fmt: skip
        parts = []
        for pot, rest in pots:
            part = min(rest, price)
            if part > 0:
                parts.append(Part(pot, part, now_ms))
                price -= part
        assert price == 0
        self.parts[key] = parts
        self.open.append(key)


class LedgerMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.file = Path(self.folder.name) / "kleinbot.sqlite3"
        self.clock = ManualClock()
        make_new(self.file)
        self.runner = asyncio.Runner()
        self.database = self.run(Database.open(self.file))
        self.run(self._remember())
        self.books = Books()
        self.job_count = 0

    def run(self, work: Coroutine[object, object, T]) -> T:
        return self.runner.run(work)

    def teardown(self) -> None:
        self.settle_everything()
        self.run(self.database.close())
        self.runner.close()
        self.folder.cleanup()

    async def _remember(self) -> None:
        async with self.database.transaction() as transaction:
            await members.remember(transaction, ADA, self.clock.now_ms())

    # What may happen

    @initialize(given=st.booleans())
    def begin(self, given: bool) -> None:
        """With a grant, so that many a picture is paid from two pots."""
        if given:
            self.grant(40, 3)
            self.request(3, 3)

    @rule(count=st.integers(1, 3), price=st.integers(1, 8))
    def request(self, count: int, price: int) -> None:
        job_id = f"{self.job_count:024x}"
        self.job_count += 1
        now_ms = self.clock.now_ms()
        wanted = count * price
        accepted = self.run(self._request(job_id, count, price))
        assert accepted == (self.books.left(now_ms) >= wanted)
        if accepted:
            for position in range(count):
                self.books.reserve(ImageKey(job_id, position), price, now_ms)

    async def _request(self, job_id: str, count: int, price: int) -> bool:
        job = replace(new_job(job_id, count, now_ms=self.clock.now_ms()), price_tenths=price)
        try:
            async with self.database.transaction() as transaction:
                before = await quota.require(transaction, ADA, RULE, count * price, self.clock.now_ms())
                await jobs.insert(transaction, job, before.funds)
        except Refusal as refusal:
            if refusal.code is not Code.QUOTA_EXHAUSTED:
                raise
            return False
        return True

    @precondition(lambda self: self.books.open)
    @rule(data=st.data())
    def finish_a_picture(self, data: st.DataObject) -> None:
        key = data.draw(st.sampled_from(self.books.open))
        assert self.run(self._finish(key))
        self.books.open.remove(key)

    async def _finish(self, key: ImageKey) -> bool:
        async with self.database.transaction() as transaction:
            await jobs.claim(transaction, key, "batch", self.clock.now_ms())
            return await jobs.finish_image(transaction, finished(key), self.clock.now_ms())

    @precondition(lambda self: self.books.open)
    @rule(
        data=st.data(), state=st.sampled_from([JobState.CANCELLED, JobState.FAILED]), times=st.integers(1, 2)
    )
    def stop_a_job(self, data: st.DataObject, state: JobState, times: int) -> None:
        job_id = data.draw(st.sampled_from(self.books.open)).job_id
        assert [self.run(self._stop(job_id, state)) for _ in range(times)] == [True, False][:times]
        for key in [key for key in self.books.open if key.job_id == job_id]:
            self.books.open.remove(key)
            for part in self.books.parts[key]:
                part.given_back = True

    @precondition(lambda self: self.books.open)
    @rule(data=st.data(), times=st.integers(1, 2))
    def cancel_what_is_drawn(self, data: st.DataObject, times: int) -> None:
        """Of some of its pictures something was used, which stays paid."""
        job_id = data.draw(st.sampled_from(self.books.open)).job_id
        keys = [key for key in self.books.open if key.job_id == job_id]
        begun = data.draw(st.lists(st.sampled_from(keys), min_size=1, unique=True))
        used = {key.position: data.draw(st.integers(0, 8)) for key in begun}
        stopped = [self.run(self._stop(job_id, JobState.CANCELLED, used)) for _ in range(times)]
        assert stopped == [True, False][:times]
        self.books.used[job_id] = 0
        for key in keys:
            self.books.open.remove(key)
            rest = used.get(key.position, 0)
            for part in self.books.parts[key]:
                rest = part.keep(rest)
            kept = (part.tenths for part in self.books.parts[key] if not part.given_back)
            self.books.used[job_id] += sum(kept)

    async def _stop(self, job_id: str, state: JobState, used: dict[int, int] | None = None) -> bool:
        async with self.database.transaction() as transaction:
            return await jobs.stop(transaction, job_id, state, self.clock.now_ms(), used_tenths=used)

    @rule(amount=st.integers(1, 40), days=st.integers(1, 3))
    def grant(self, amount: int, days: int) -> None:
        now_ms = self.clock.now_ms()
        unspent = self.books.granted_left(now_ms)
        administer = AdministerQuota(self.database, RULE, self.clock)
        given = self.run(self._attempt(administer.grant(ADMIN, ADA.member_id, amount, days, "why not")))
        assert given == (unspent + amount <= RULE.most_tenths(None))
        if given:
            number = len(self.books.grants) + 1
            self.books.grants[number] = (amount, now_ms + days * DAY_MS)
            self.books.granted_ms[number] = now_ms

    async def _attempt(self, work: Coroutine[object, object, object]) -> bool:
        with contextlib.suppress(Refusal):
            await work
            return True
        return False

    @rule()
    def reset(self) -> None:
        now_ms = self.clock.now_ms()
        spent = self.books.allowance_spent(now_ms)
        administer = AdministerQuota(self.database, RULE, self.clock)
        returned, _ = self.run(administer.reset(ADMIN, ADA.member_id, ""))
        assert returned == spent
        for part in self.books.all_parts():
            if part.pot is None and part.reserved_ms > now_ms - RULE.window_ms:
                part.given_back = True

    @rule(hours=st.integers(1, 30))
    def time_passes(self, hours: int) -> None:
        self.clock.advance(hours * 3600)

    @rule(hours=st.integers(1, 60))
    def the_clock_was_ahead(self, hours: int) -> None:
        """It is set back: what it has stamped too late counts from now on, and in the order it was made."""
        self.clock.advance(-hours * 3600)
        now_ms = self.clock.now_ms()
        self.run(self._bring_back())
        for part in self.books.all_parts():
            part.reserved_ms = min(part.reserved_ms, now_ms)
        for number, (amount, expires_ms) in self.books.grants.items():
            ahead_ms = self.books.granted_ms[number] - now_ms
            if ahead_ms > stamps.AHEAD_MS:
                self.books.grants[number] = (amount, expires_ms - ahead_ms)
                self.books.granted_ms[number] = now_ms

    async def _bring_back(self) -> None:
        async with self.database.transaction() as transaction:
            await stamps.bring_back(transaction, self.clock.now_ms())

    @rule()
    def a_member_looks(self) -> None:
        """Writes off what has expired, and nothing else."""
        self.run(statement(self.database, ADA, RULE, self.clock.now_ms()))

    @rule(torn=st.booleans())
    def crash(self, torn: bool) -> None:
        """End and come again; ``torn``: in the middle of a transaction that was not committed."""
        if torn:
            self.run(self._torn_request())
            self.run(self._torn_cancel())
        self.run(self.database.close())
        self.database = self.run(Database.open(self.file))

    async def _torn_request(self) -> None:
        job = new_job("f" * 24, 2, now_ms=self.clock.now_ms())
        with contextlib.suppress(ConnectionAbortedError):
            async with self.database.transaction() as transaction:
                await jobs.insert(transaction, job)
                raise ConnectionAbortedError

    async def _torn_cancel(self) -> None:
        with contextlib.suppress(ConnectionAbortedError):
            async with self.database.transaction() as transaction:
                for key in self.books.open:
                    used = {key.position: 1}
                    now_ms = self.clock.now_ms()
                    await jobs.stop(transaction, key.job_id, JobState.CANCELLED, now_ms, used_tenths=used)
                raise ConnectionAbortedError

    # What must hold

    @invariant()
    def the_balance_is_that_of_the_books_and_never_negative(self) -> None:
        now_ms = self.clock.now_ms()
        found = self.run(quota.balance(self.database.read, ADA, RULE, now_ms))
        assert found.left_tenths == self.books.left(now_ms)
        assert found.left_tenths >= 0
        assert [(fund.grant_id, fund.tenths) for fund in found.funds] == [
            (None, self.books.allowance_left(now_ms)), *self.books.grants_left(now_ms),
        ]  # fmt: skip
        assert all(spending.tenths > 0 for spending in found.spendings)

    @invariant()
    def the_sum_of_the_entries_is_the_balance(self) -> None:
        now_ms = self.clock.now_ms()
        allowance = self.number(
            f"SELECT SUM(amount_tenths) FROM ledger WHERE grant_id IS NULL AND counts_ms > {now_ms - DAY_MS}"
        )
        granted = self.number(
            "SELECT SUM(l.amount_tenths) FROM ledger l JOIN grants g USING (grant_id)"
            f" WHERE g.expires_ms > {now_ms}"
        )
        assert (-allowance, granted) == (
            self.books.allowance_spent(now_ms), self.books.granted_left(now_ms),
        )  # fmt: skip

    @invariant()
    def what_was_used_counts_once(self) -> None:
        """Of all that was cancelled or failed nothing else is paid."""
        found = self.run(self.database.read.all("SELECT job_id, used_tenths FROM jobs"))
        assert {row[0]: row[1] for row in found if row[1] is not None} == self.books.used
        over = "SELECT COUNT(*) FROM ledger r JOIN ledger e USING (job_id, position)"
        assert self.number(
            f"{over} WHERE r.kind = 'reserve' AND e.kind = 'refund' AND r.grant_id IS e.grant_id"
            " AND (e.amount_tenths NOT BETWEEN 0 AND -r.amount_tenths)"
        ) == 0  # fmt: skip

    @invariant()
    def nothing_of_a_grant_is_overdrawn(self) -> None:
        assert self.number(
            "SELECT COUNT(*) FROM (SELECT SUM(amount_tenths) AS rest FROM ledger"
            " WHERE grant_id IS NOT NULL GROUP BY grant_id) WHERE rest < 0"
        ) == 0  # fmt: skip

    @invariant()
    def a_reservation_is_open_or_has_ended_once(self) -> None:
        pictures = "SELECT COUNT(DISTINCT job_id || position) FROM ledger WHERE kind"
        reserved = self.number(f"{pictures} = 'reserve'")
        ended = self.number(f"{pictures} IN ('settle', 'refund')")
        assert reserved == len(self.books.parts)
        assert reserved - ended == len(self.books.open)

    def settle_everything(self) -> None:
        """In the end every reservation has exactly one end in each pot it was taken from."""
        for key in self.books.open:
            assert self.run(self._finish(key))
        assert self.number(
            "SELECT COUNT(*) FROM (SELECT SUM(kind = 'reserve') AS begun, SUM(kind IN ('settle', 'refund'))"
            " AS ended FROM ledger WHERE job_id IS NOT NULL"
            " GROUP BY job_id, position, COALESCE(grant_id, 0)) WHERE begun != 1 OR ended != 1"
        ) == 0  # fmt: skip

    def number(self, sql: str) -> int:
        return self.run(self.database.read.number(sql))


LedgerMachine.TestCase.settings = settings(
    max_examples=25,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
TestLedger = LedgerMachine.TestCase
