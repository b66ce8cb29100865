"""Everything about a person is deleted: rows, files, copies, free pages and the log, also over kills."""

import asyncio
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from kleinbot.domain.clock import DAY_MS
from kleinbot.domain.errors import Code, Refusal
from kleinbot.domain.faults import FaultPoint
from kleinbot.domain.moderation.bans import BanKind, Target
from kleinbot.store import personal_data
from kleinbot.store.personal_data import NOBODY_ID
from kleinbot.usecases.moderation.access import ban_parameters
from tests.manual_clock import START_MS, ManualClock
from tests.new_database import make_new
from tests.usecase_harness import BOB, MODERATOR, UseCaseHarness
from tests.usecases.eve import (
    EVE,
    EVE_ELSEWHERE,
    EVE_ID,
    PROMPT,
    Kill,
    KilledError,
    done,
    fill,
    found,
    studio,
    tell,
)

POINTS = [point for point in FaultPoint if point.startswith("erasure_")]


async def _work(harness: UseCaseHarness) -> None:
    """Let the deletion go on while everything is told, for delivery is not part of these tests."""
    task = asyncio.ensure_future(harness.usecases.privacy.erase.work())
    while not task.done():
        harness.clock.advance(1)
        await tell(harness)
        await asyncio.wait({task}, timeout=0.002)
    task.result()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    make_new(tmp_path / "kleinbot.sqlite3")
    return tmp_path


@pytest.mark.parametrize("killed_at", [None, *POINTS])
async def test_nothing_is_left_but_what_was_announced(folder: Path, killed_at: FaultPoint | None) -> None:
    clock, kill = ManualClock(START_MS), Kill(killed_at)
    async with studio(folder, kill, clock) as harness:
        child = await fill(harness)
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
        async with studio(folder, kill, clock) as harness:
            await _work(harness)
    async with studio(folder, kill, clock) as harness:
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
    assert not [each for each in found(folder) if PROMPT in each or "zeppelin" in each]


async def test_whoever_does_not_come_back_is_forgotten_wholly(folder: Path) -> None:
    clock, kill = ManualClock(START_MS), Kill()
    async with studio(folder, kill, clock) as harness:
        await fill(harness)
        erase = harness.usecases.privacy.erase
        await erase.begin(EVE)
        await _work(harness)
        clock.advance(181 * DAY_MS / 1000)
        await _work(harness)
        assert found(folder) == []


async def test_a_ban_outlives_the_deletion_without_naming_anybody(folder: Path) -> None:
    clock = ManualClock(START_MS)
    moderator = replace(MODERATOR, server_id=11)
    async with studio(folder, Kill(), clock) as harness:
        await done(harness, EVE_ELSEWHERE)
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
        assert found(folder) == []


async def test_what_is_kept_of_a_ban_goes_30_days_after_its_end(folder: Path) -> None:
    clock = ManualClock(START_MS)
    async with studio(folder, Kill(), clock) as harness:
        await done(harness, EVE)
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
    async with studio(folder, Kill(), clock) as harness:
        await done(harness, EVE)
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
    async with studio(folder, Kill(), clock) as harness:
        await fill(harness)
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


async def test_whoever_only_marked_a_picture_is_deleted_too(folder: Path) -> None:
    clock = ManualClock(START_MS)
    async with studio(folder, Kill(), clock) as harness:
        theirs = await done(harness, BOB)
        await harness.usecases.favourites.mark(EVE, theirs)
        assert await personal_data.servers_of(harness.database.read, EVE_ID) == [10]
        await harness.usecases.privacy.erase.begin(EVE)
        await _work(harness)
        assert await harness.database.read.number("SELECT COUNT(*) FROM favourites") == 0
