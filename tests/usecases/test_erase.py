"""Everything about a person is deleted: rows, files, copies, free pages and the log, also over kills."""

import asyncio
import random
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from kleinbot.archive.names import ArchiveFolder
from kleinbot.domain.clock import DAY_MS
from kleinbot.domain.errors import Code, Refusal
from kleinbot.domain.faults import FaultPoint
from kleinbot.domain.job import FinishedImage
from kleinbot.domain.job_spec import ImageKey
from kleinbot.domain.moderation.bans import Ban, BanKind, Target
from kleinbot.domain.people import Actor
from kleinbot.domain.quota import AuditAction
from kleinbot.domain.reference import Reference, Role
from kleinbot.domain.server_settings import MemberSettings
from kleinbot.store.database import Database
from kleinbot.store.delivery import outbox, posted
from kleinbot.store.delivery.outbox import Route
from kleinbot.store.delivery.posted import PostedFor
from kleinbot.store.jobs import jobs
from kleinbot.store.members import audit, grants, members, settings
from kleinbot.store.moderation import bans
from kleinbot.store.personal_data import NOBODY_ID
from kleinbot.store.results import favourites
from kleinbot.usecases.moderation.access import ban_parameters
from tests.manual_clock import START_MS, ManualClock
from tests.new_database import make_new
from tests.scripted_engine import ScriptedEngine
from tests.specs import with_spec
from tests.store.rows import new_job
from tests.usecase_harness import BOB, MODERATOR, UseCaseHarness, build

EVE_ID = 987_654_321_012_345_678
EVE = Actor(server_id=10, member_id=EVE_ID, locale="en-US")
EVE_ELSEWHERE = replace(EVE, server_id=11)
PROMPT = "a violet zeppelin over Samarkand"
SECRET = b"pixels of the zeppelin"
POINTS = [point for point in FaultPoint if point.startswith("erasure_")]


class KilledError(BaseException):
    """Stands for the end of the process."""


@dataclass
class _Kill:
    """Ends everything when ``at`` is reached for the first time."""

    at: FaultPoint | None = None

    def reach(self, point: FaultPoint) -> None:
        if point is self.at:
            self.at = None
            raise KilledError


@asynccontextmanager
async def _studio(folder: Path, kill: _Kill, clock: ManualClock) -> AsyncIterator[UseCaseHarness]:
    database = await Database.open(folder / "kleinbot.sqlite3", kill)
    harness = build(folder, database, clock, ScriptedEngine(), faults=kill, chance=random.SystemRandom())
    try:
        yield harness
    finally:
        await harness.finisher.close()
        await harness.archive.close()
        await database.close()


async def _work(harness: UseCaseHarness) -> None:
    """Let the deletion go on while everything is told, for delivery is not part of these tests."""
    task = asyncio.ensure_future(harness.usecases.privacy.erase.work())
    while not task.done():
        harness.clock.advance(1)
        await _tell(harness)
        await asyncio.wait({task}, timeout=0.002)
    task.result()


async def _tell(harness: UseCaseHarness) -> None:
    async with harness.database.transaction() as transaction:
        await transaction.change("UPDATE outbox SET state = 'sent', way = 'unneeded' WHERE state = 'pending'")


async def _done(harness: UseCaseHarness, actor: Actor) -> ImageKey:
    """Make a result with a file, told in a channel."""
    prompt = PROMPT if actor.member_id == EVE_ID else "their own words"
    job = (await harness.imagine(actor, prompt)).status.job
    key = ImageKey(job.job_id, 0)
    file = await harness.archive.put(
        actor.server_id, job.job_id, 0, SECRET if actor.member_id == EVE_ID else b"pixels of theirs"
    )
    now_ms = harness.clock.now_ms()
    async with harness.database.transaction() as transaction:
        await jobs.claim(transaction, key, "batch", now_ms)
        image = FinishedImage(key, file.path, file.byte_count, file.sha256, "cd", 0.5)
        await jobs.finish_image(transaction, image, now_ms)
        told = await harness.database.read.number("SELECT COALESCE(MAX(outbox_id), 0) + 1 FROM outbox")
        message_id = 7000 + told
        await posted.note(transaction, job.job_id, (0,), 5, message_id, PostedFor.DELIVERY, now_ms)
        await outbox.mark_sent(transaction, told, Route.CHANNEL, 5, message_id, now_ms)
    return key


async def _fill(harness: UseCaseHarness) -> ImageKey:
    """Let EVE do all that leaves rows, and BOB make something from her picture. Return BOB's result."""
    here, theirs = await _done(harness, EVE), await _done(harness, BOB)
    await _done(harness, EVE_ELSEWHERE)
    now_ms = harness.clock.now_ms()
    child = with_spec(new_job("b" * 24, 1, BOB.member, now_ms), prompt="their own words", parent=here)
    copy = await harness.archive.put(10, child.job_id, 0, SECRET, ArchiveFolder.REFERENCES)
    reference = Reference(0, Role.REFERENCE, copy.path, copy.sha256, child.spec.grid)
    async with harness.database.transaction() as transaction:
        await jobs.insert(transaction, with_spec(child, references=(reference,)))
        await favourites.add(transaction, EVE.member, theirs, now_ms)
        await favourites.add(transaction, BOB.member, here, now_ms)
        await settings.set_of_member(transaction, EVE.member, MemberSettings(others_may_edit=False))
        await grants.give(transaction, EVE.member, 50, now_ms + DAY_MS, MODERATOR.member_id, "gift", now_ms)
        await members.remember(transaction, BOB.member, now_ms)
        await bans.put(
            transaction,
            Ban(EVE_ELSEWHERE.member, BanKind.BAN, "her name is Eve", BOB.member_id, now_ms, None),
        )
        await bans.put(transaction, Ban(BOB.member, BanKind.TIMEOUT, "x", EVE_ID, now_ms - 1, now_ms))
        await grants.give(transaction, BOB.member, 50, now_ms + DAY_MS, EVE_ID, "by her", now_ms)
        await audit.note(
            transaction, AuditAction.QUOTA_GRANT, EVE_ID, now_ms, server_id=10, member_id=BOB.member_id
        )
    moderating = replace(EVE, is_moderator=True)
    await harness.cancel.by_id(moderating, (await harness.imagine(BOB, "their own words")).status.job.job_id)
    await harness.usecases.delete.delete(moderating, (await _done(harness, BOB)).job_id)
    await harness.imagine(EVE, PROMPT)  # still waits
    async with harness.database.transaction() as transaction:
        await transaction.change("UPDATE outbox SET state = 'sent', way = 'unneeded' WHERE state = 'pending'")
    return ImageKey(child.job_id, 0)


def _found(folder: Path) -> list[str]:
    """Return in which files EVE's id or words stand."""
    ids = [EVE_ID.to_bytes(8, "big"), str(EVE_ID).encode()]
    marks = [*ids, PROMPT.encode(), SECRET]
    return sorted(
        {
            f"{file.name}: {mark!r}"
            for file in folder.rglob("*")
            if file.is_file()
            for mark in marks
            if mark in file.read_bytes()
        }
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    make_new(tmp_path / "kleinbot.sqlite3")
    return tmp_path


@pytest.mark.parametrize("killed_at", [None, *POINTS])
async def test_nothing_is_left_but_what_was_announced(folder: Path, killed_at: FaultPoint | None) -> None:
    clock, kill = ManualClock(START_MS), _Kill(killed_at)
    async with _studio(folder, kill, clock) as harness:
        child = await _fill(harness)
        erase = harness.usecases.privacy.erase
        question = await erase.question(EVE)
        assert question.stays.is_banned
        # A role's rule or a server's may count for a week, whatever the host's own window is.
        until_ms = clock.now_ms() + 7 * DAY_MS
        assert (question.stays.spent_until_ms, question.stays.is_audited) == (until_ms, True)
        await erase.begin(EVE)
        with pytest.raises(Refusal) as caught:
            await harness.imagine(replace(EVE, event_id=77), PROMPT)
        assert caught.value.code is Code.BEING_ERASED
        try:
            await _work(harness)
        except KilledError:
            assert killed_at is not None
    if killed_at is not None:
        assert kill.at is None
        async with _studio(folder, kill, clock) as harness:
            await _work(harness)
    async with _studio(folder, kill, clock) as harness:
        read = harness.database.read
        assert await read.number("SELECT COUNT(*) FROM jobs WHERE member_id = ?", EVE_ID) == 0
        assert await read.number("SELECT COUNT(*) FROM jobs WHERE member_id = ?", NOBODY_ID) == 3
        assert await read.number("SELECT COUNT(*) FROM removals") == 3  # two of hers, and Bob's deleted one
        assert await harness.spent_tenths(EVE) == -40  # one picture paid, one given back, the gift
        parent = (await harness.job(child.job_id)).parent
        assert parent is not None
        assert parent.member_id == NOBODY_ID
        assert (await harness.job(child.job_id)).images[0].noise.base_seed == 7
        assert (
            await read.number("SELECT COUNT(*) FROM bans WHERE member_id = ? OR made_by = ?", EVE_ID, EVE_ID)
            == 0
        )
        with pytest.raises(Refusal) as caught:
            await harness.imagine(replace(EVE_ELSEWHERE, event_id=78))
        assert (caught.value.code, caught.value.parameters["reason"]) == (Code.BANNED, "–")
        # What stays for a while goes by itself, and the person may come back meanwhile.
        await harness.imagine(EVE, "something new")
        clock.advance(6 * DAY_MS / 1000)
        await _work(harness)
        assert await read.number("SELECT COUNT(*) FROM ledger WHERE member_id = ?", EVE_ID) > 1
        clock.advance(DAY_MS / 1000 + 1)
        await _work(harness)
        assert await read.number("SELECT COUNT(*) FROM ledger WHERE member_id = ?", EVE_ID) == 1
        clock.advance(180 * DAY_MS / 1000)
        await _work(harness)
        assert await read.number("SELECT COUNT(*) FROM erasures") == 0
        assert await read.number("SELECT COUNT(*) FROM audit WHERE actor_id = 0") == 2
    assert not [each for each in _found(folder) if PROMPT in each or "zeppelin" in each]


async def test_whoever_does_not_come_back_is_forgotten_wholly(folder: Path) -> None:
    clock, kill = ManualClock(START_MS), _Kill()
    async with _studio(folder, kill, clock) as harness:
        await _fill(harness)
        erase = harness.usecases.privacy.erase
        await erase.begin(EVE)
        await _work(harness)
        clock.advance(181 * DAY_MS / 1000)
        await _work(harness)
        assert _found(folder) == []


async def test_a_ban_outlives_the_deletion_without_naming_anybody(folder: Path) -> None:
    clock = ManualClock(START_MS)
    moderator = replace(MODERATOR, server_id=11)
    async with _studio(folder, _Kill(), clock) as harness:
        await _done(harness, EVE_ELSEWHERE)
        members_banned = harness.usecases.moderation.ban_members
        await members_banned.ban(moderator, Target(EVE_ID), BanKind.TIMEOUT, DAY_MS, "Eve")
        erase = harness.usecases.privacy.erase
        await erase.begin(EVE)
        await _work(harness)
        stays = await erase.ended(EVE, 1)
        assert stays is not None
        assert stays.is_banned
        [kept] = await members_banned.listed(moderator)
        assert (kept.member.member_id, kept.reason, kept.made_by) == (NOBODY_ID, "", 0)
        assert await members_banned.listed(MODERATOR) == []  # of another server
        assert "nobody" in ban_parameters(kept).values()
        with pytest.raises(Refusal) as caught:
            await members_banned.lift(moderator, BOB.member_id)
        assert caught.value.code is Code.NOT_BANNED
        assert (await members_banned.lift(moderator, EVE_ID)).member == EVE_ELSEWHERE.member
        await harness.imagine(EVE_ELSEWHERE)
        # A ban of a person who came back is like any other, and a further deletion keeps it too.
        await members_banned.ban(moderator, Target(EVE_ID), BanKind.TIMEOUT, DAY_MS, "Eve")
        await erase.begin(replace(EVE, event_id=79))
        await _work(harness)
        await members_banned.ban(moderator, Target(EVE_ID), BanKind.BAN, None, "for good")
        assert [ban.reason for ban in await members_banned.listed(moderator)] == ["for good"]
        await erase.begin(replace(EVE, event_id=80))
        await _work(harness)
        clock.advance(400 * DAY_MS / 1000)
        await _work(harness)
        assert await harness.database.read.number("SELECT COUNT(*) FROM kept_bans") == 1
        assert _found(folder) == []


async def test_what_is_kept_of_a_ban_goes_30_days_after_its_end(folder: Path) -> None:
    clock = ManualClock(START_MS)
    async with _studio(folder, _Kill(), clock) as harness:
        await _done(harness, EVE)
        await harness.usecases.moderation.ban_members.ban(
            MODERATOR, Target(EVE_ID), BanKind.TIMEOUT, DAY_MS, "a break"
        )
        await harness.usecases.privacy.erase.begin(EVE)
        await _work(harness)
        for days, left in ((30, 1), (1, 0)):
            clock.advance(days * DAY_MS / 1000)
            await _work(harness)
            assert await harness.database.read.number("SELECT COUNT(*) FROM kept_bans") == left
    mode = (folder / "kleinbot.key").stat().st_mode
    assert sys.platform == "win32" or mode & 0o077 == 0


async def test_a_request_that_began_before_is_refused_and_the_other_server_too(folder: Path) -> None:
    clock = ManualClock(START_MS)
    async with _studio(folder, _Kill(), clock) as harness:
        await _done(harness, EVE)
        erase = harness.usecases.privacy.erase
        await asyncio.gather(*(erase.begin(EVE) for _ in range(3)))
        with pytest.raises(Refusal) as caught:
            await harness.imagine(replace(EVE_ELSEWHERE, event_id=77))
        assert caught.value.code is Code.BEING_ERASED
        await _work(harness)
        assert await erase.ended(EVE, 1) is not None
        await harness.imagine(EVE_ELSEWHERE)


async def test_the_ledger_and_the_audit_are_closed_to_everything_else(folder: Path) -> None:
    clock = ManualClock(START_MS)
    async with _studio(folder, _Kill(), clock) as harness:
        await _fill(harness)
        for statement in (
            "DELETE FROM ledger",
            "UPDATE ledger SET made_by = 0 WHERE made_by IS NOT NULL",
            "UPDATE ledger SET amount_tenths = 0 WHERE kind = 'reserve'",
            "UPDATE audit SET actor_id = 0",
            "UPDATE audit SET details = '{}', actor_id = 1",
        ):
            with pytest.raises(Exception, match="append-only"):
                async with harness.database.transaction() as transaction:
                    await transaction.change(statement)
        await harness.usecases.privacy.erase.begin(EVE)
        with pytest.raises(Exception, match="append-only"):
            async with harness.database.transaction() as transaction:
                await transaction.change("DELETE FROM ledger WHERE member_id = ?", EVE_ID)
        with pytest.raises(Exception, match="append-only"):
            async with harness.database.transaction() as transaction:
                await transaction.change("UPDATE audit SET actor_id = 5 WHERE actor_id = ?", EVE_ID)
