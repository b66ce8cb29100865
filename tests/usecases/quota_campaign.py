"""Random walks over quota rules, judged by a model of its own: ``python -m tests.usecases.quota_campaign``.

Roles come and go, rules are set and taken away, two servers, grants, resets, cancelled jobs, a clock that is
set back and repaired. Each walk is a seed.
"""

import argparse
import asyncio
import random
import tempfile
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

from kleinbot.domain.errors import Code, Refusal
from kleinbot.domain.job import JobState
from kleinbot.domain.people import Actor, MemberKey
from kleinbot.domain.quota import LimitSource, QuotaTerms
from kleinbot.store import clock_repair
from kleinbot.store.database import Database
from kleinbot.store.jobs import jobs
from kleinbot.store.members import members
from kleinbot.usecases.quota import quota
from kleinbot.usecases.quota.administer import AdministerQuota
from kleinbot.usecases.quota.quota import QuotaRule
from kleinbot.usecases.quota.role_rules import RoleRules
from tests.manual_clock import ManualClock
from tests.new_database import make_new
from tests.store.rows import new_job

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
TEN_MINUTES_MS = HOUR_MS // 6
OWNER = QuotaRule(30, DAY_MS)
MOST = 300
MOST_EVERYWHERE = 90
SERVERS = (10, 11)
ROLES = (21, 22, 23)
STEPS = 40

Windows = list[tuple[int, int]]
"""Tenths and length in milliseconds."""


@dataclass
class Part:
    """What a job took from one pot; ``pot`` None: the allowance. ``was_reset``: it counts only elsewhere."""

    server: int
    job: str
    pot: int | None
    tenths: int
    at_ms: int
    was_reset: bool = False


@dataclass
class Gift:
    server: int
    tenths: int
    given_ms: int
    expires_ms: int


@dataclass
class Found:
    accepted: int = 0
    refused: int = 0
    refused_everywhere: int = 0

    def add(self, other: "Found") -> None:
        self.accepted += other.accepted
        self.refused += other.refused
        self.refused_everywhere += other.refused_everywhere


class Walk:
    def __init__(self, seed: int, database: Database, clock: ManualClock) -> None:
        self.chance = random.Random(seed)
        self.database, self.clock = database, clock
        self.admin = AdministerQuota(database, OWNER, clock)
        self.rules = RoleRules(database, OWNER, clock)
        self.own: dict[int, QuotaTerms | None] = {}
        self.default: dict[int, QuotaTerms | None] = {}
        self.given: dict[tuple[int, int], QuotaTerms] = {}
        self.roles: dict[int, set[int]] = {server: set() for server in SERVERS}
        self.parts: list[Part] = []
        self.gifts: dict[int, Gift] = {}
        self.found = Found()
        self.jobs = 0

    # The model, in the words of the documents

    @staticmethod
    def _windows(terms: QuotaTerms | None) -> Windows:
        if terms is None:
            return [(OWNER.limit_tenths, DAY_MS)]
        found = [(terms.tenths, DAY_MS if terms.hours is None else terms.hours * HOUR_MS)]
        if terms.hourly_tenths is not None:
            found.append((terms.hourly_tenths, HOUR_MS))
        if terms.burst_tenths is not None:
            found.append((terms.burst_tenths, TEN_MINUTES_MS))
        return found

    def _rule(self, server: int) -> tuple[Windows, LimitSource, int | None]:
        """Return the windows in force, whose they are, and the role."""
        own, default = self.own.get(server), self.default.get(server)
        source, role, best = LimitSource.MEMBER, None, self._windows(own)
        if own is None:
            source = LimitSource.HOST if default is None else LimitSource.SERVER
            best = self._windows(default)
            for each in sorted(self.roles[server]):
                terms = self.given.get((server, each))
                if terms is not None and _rank(self._windows(terms)) > _rank(best):
                    source, role, best = LimitSource.ROLE, each, self._windows(terms)
        return [*best, (MOST, DAY_MS)], source, role

    def _allowance(self, server: int) -> int:
        now_ms = self.clock.now_ms()
        left = [
            limit
            - sum(
                part.tenths
                for part in self.parts
                if part.server == server
                and part.pot is None
                and not part.was_reset
                and part.at_ms > now_ms - length
            )
            for limit, length in self._rule(server)[0]
        ]
        return max(0, min(left))

    def _pots(self, server: int) -> list[tuple[int, int]]:
        found = []
        for number, gift in self.gifts.items():
            rest = gift.tenths - sum(part.tenths for part in self.parts if part.pot == number)
            if gift.server == server and gift.expires_ms > self.clock.now_ms() and rest > 0:
                found.append((gift.expires_ms, number, rest))
        return [(number, rest) for _, number, rest in sorted(found)]

    def _here(self, server: int) -> int:
        return self._allowance(server) + sum(rest for _, rest in self._pots(server))

    def _left(self, server: int) -> int:
        since_ms = self.clock.now_ms() - DAY_MS
        counted = [part for part in self.parts if part.at_ms > since_ms]
        elsewhere = sum(part.tenths for part in counted if part.server != server)
        here = self._here(server)
        most = max(MOST_EVERYWHERE - sum(part.tenths for part in counted), here - elsewhere)
        return max(0, min(here, most))

    # Steps

    async def step(self) -> None:
        server = self.chance.choice(SERVERS)
        await self.chance.choices(
            (self._ask, self._cancel, self._role, self._role_rule, self._default, self._own, self._gift,
             self._reset, self._wait, self._set_back),
            (12, 3, 4, 4, 2, 2, 1, 1, 5, 1),
        )[0](server)  # fmt: skip
        for each in SERVERS:
            await self.judge(each)

    async def judge(self, server: int) -> None:
        member, now_ms = MemberKey(server, 1), self.clock.now_ms()
        reader = self.database.read
        found = await quota.own_balance(reader, member, OWNER, now_ms, frozenset(self.roles[server]))
        assert found.left_tenths == self._left(server) >= 0
        assert [(fund.grant_id, fund.tenths) for fund in found.funds] == [
            (None, self._allowance(server)), *self._pots(server)
        ]  # fmt: skip
        windows, source, role = self._rule(server)
        assert (found.limit.source, found.limit.role_id) == (source, role)
        told = quota.explained(found, found.binding.window)
        shown = (round(float(str(told["gives"])) * 10), int(str(told["minutes"])) * 60_000)
        assert shown in windows
        if told["source"] is LimitSource.MOST:
            assert shown == (MOST, DAY_MS)
        else:
            assert (told["source"], told["role"]) == (source, str(role or 0))

    async def _ask(self, server: int) -> None:
        price, now_ms = self.chance.randint(1, 25), self.clock.now_ms()
        pays = self._left(server) >= price
        owner, roles = MemberKey(server, 1), frozenset(self.roles[server])
        job = replace(new_job(f"{self.jobs:024x}", owner=owner, now_ms=now_ms), price_tenths=price)
        try:
            async with self.database.transaction() as transaction:
                await members.remember(transaction, owner, now_ms)
                before = await quota.require(transaction, owner, OWNER, price, now_ms, roles)
                await jobs.insert(transaction, job, before.funds)
        except Refusal as refusal:
            assert not pays
            await self._judge_refusal(refusal, server, price)
            return
        assert pays
        self.jobs += 1
        self.found.accepted += 1
        for pot, rest in [(None, self._allowance(server)), *self._pots(server)]:
            part = min(rest, price)
            if part > 0:
                self.parts.append(Part(server, job.job_id, pot, part, now_ms))
                price -= part
        assert price == 0

    async def _judge_refusal(self, refusal: Refusal, server: int, price: int) -> None:
        """A moment that was told is true: then the request fits, and a second earlier it does not."""
        everywhere = refusal.code is Code.QUOTA_EVERYWHERE
        assert everywhere == (self._here(server) >= price)
        self.found.refused += 1
        self.found.refused_everywhere += everywhere
        returns_s = int(str(refusal.parameters["returns_s"]))
        looks = [(returns_s * 1000 - now_ms) for now_ms in [self.clock.now_ms()]]
        saved = self.clock.now_ms()
        if any(0 <= returns_s * 1000 - gift.expires_ms < 1000 for gift in self.gifts.values()):
            return  # what is told is rounded up to a second, in which that grant expires
        if returns_s == 0:
            looks = [hours * HOUR_MS for hours in (1, 24, 48, 168, 200)]
        for after_ms in looks:
            self.clock.advance(after_ms / 1000)
            assert (self._left(server) >= price) == (returns_s != 0)
            await self.judge(server)
            self.clock.advance((saved - self.clock.now_ms()) / 1000)
        if returns_s:
            self.clock.advance((returns_s * 1000 - 1000 - saved) / 1000)
            assert self._left(server) < price
            self.clock.advance((saved - self.clock.now_ms()) / 1000)

    async def _cancel(self, server: int) -> None:
        blocked = {part.job for part in self.parts if part.was_reset}
        chosen = [each.job for each in self.parts if each.server == server and each.job not in blocked]
        if chosen:
            job = self.chance.choice(chosen)
            async with self.database.transaction() as transaction:
                await jobs.stop(transaction, job, JobState.CANCELLED, self.clock.now_ms())
            self.parts = [part for part in self.parts if part.job != job]

    async def _role(self, server: int) -> None:
        self.roles[server] ^= {self.chance.choice(ROLES)}

    def _terms(self) -> QuotaTerms:
        chance = self.chance
        return QuotaTerms(
            chance.choice((0, 10, 20, 30, 40, 60, 100, 300, 700)),
            chance.choice((None, None, 1, 6, 24, 48, 168)),
            chance.choice((None, None, 5, 15, 25)),
            chance.choice((None, None, 3, 8)),
        )

    async def _role_rule(self, server: int) -> None:
        role, terms = self.chance.choice(ROLES), self._terms()
        if self.chance.random() < 0.25:
            await self.rules.remove(_admin(server), role)
            self.given.pop((server, role), None)
        elif await _done(self.rules.set(_admin(server), role, terms)):
            self.given[server, role] = terms

    async def _default(self, server: int) -> None:
        terms = self._terms() if self.chance.random() < 0.7 else None
        if await _done(self.admin.set_default(_admin(server), terms)):
            self.default[server] = terms

    async def _own(self, server: int) -> None:
        terms = self._terms() if self.chance.random() < 0.4 else None
        if await _done(self.admin.set(_admin(server), 1, terms)):
            self.own[server] = terms

    async def _gift(self, server: int) -> None:
        tenths, days, now_ms = self.chance.randint(1, 40), self.chance.randint(1, 3), self.clock.now_ms()
        if await _done(self.admin.grant(_admin(server), 1, tenths, days, "why not")):
            self.gifts[len(self.gifts) + 1] = Gift(server, tenths, now_ms, now_ms + days * DAY_MS)

    async def _reset(self, server: int) -> None:
        roles, longest = frozenset(self.roles[server]), max(each[1] for each in self._rule(server)[0])
        counted = [
            part
            for part in self.parts
            if part.server == server
            and part.pot is None
            and not part.was_reset
            and part.at_ms > self.clock.now_ms() - longest
        ]
        returned, _ = await self.admin.reset(_admin(server), 1, "", roles)
        assert returned == sum(part.tenths for part in counted)
        for part in counted:
            part.was_reset = True

    async def _wait(self, server: int) -> None:
        self.clock.advance(self.chance.choice((1, 60, 599, 600, 3600, 7 * 3600, 24 * 3600, 100 * 3600)))

    async def _set_back(self, server: int) -> None:
        self.clock.advance(-self.chance.randint(1, 60) * 3600)
        now_ms = self.clock.now_ms()
        async with self.database.transaction() as transaction:
            await clock_repair.repair(transaction, now_ms)
        for part in self.parts:
            part.at_ms = min(part.at_ms, now_ms)
        for gift in self.gifts.values():
            ahead_ms = gift.given_ms - now_ms
            if ahead_ms > clock_repair.AHEAD_MS:
                gift.given_ms, gift.expires_ms = now_ms, gift.expires_ms - ahead_ms


def _rank(windows: Windows) -> tuple[Fraction, int, int, list[int]]:
    """Most pictures a day; of equal ones the larger number, fewer bounds, larger bounds."""
    limits = [limit for limit, _ in windows]
    a_day = min(Fraction(limit, length) for limit, length in windows)
    return a_day, limits[0], -len(windows), limits


def _admin(server: int) -> Actor:
    return Actor(server, 99, "en", is_admin=True)


async def _done(work: object) -> bool:
    try:
        await work  # type: ignore[misc]
    except Refusal:
        return False
    return True


async def _walk(seed: int) -> Found:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "kleinbot.sqlite3"
        make_new(file)
        database = await Database.open(file)
        try:
            walk = Walk(seed, database, ManualClock())
            for _ in range(STEPS):
                await walk.step()
        finally:
            await database.close()
    return walk.found


def campaign(first: int, examples: int) -> Found:
    """Walk as often as told; a failure names its seed."""
    found = Found()
    for seed in range(first, first + examples):
        try:
            found.add(asyncio.run(_walk(seed)))
        except AssertionError as error:
            error.add_note(f"seed {seed}")
            raise
    return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=1000)
    parser.add_argument("--first", type=int, default=0)
    given = parser.parse_args()
    print(campaign(given.first, given.examples))  # noqa: T201
