"""What a server that removed the bot holds goes after 30 days, if Discord says so; also over kills.

And favourites of members who left keep no old picture.
"""

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest

from kleinbot.domain.clock import DAY_MS, MS_PER_S
from kleinbot.domain.errors import Code, Refusal
from kleinbot.domain.faults import FaultPoint
from kleinbot.domain.job_spec import ImageKey
from kleinbot.domain.server_settings import ServerSettings
from kleinbot.store.members import settings
from kleinbot.store.results import favourites
from tests.manual_clock import START_MS, ManualClock
from tests.new_database import make_new
from tests.usecase_harness import ADA, BOB, MODERATOR, OWNER, UseCaseHarness
from tests.usecases.eve import EVE, EVE_ELSEWHERE, Kill, KilledError, done, fill, studio

POINTS = (
    FaultPoint.SERVER_GONE,
    FaultPoint.ERASURE_MARKED,
    FaultPoint.ERASURE_FILES_GONE,
    FaultPoint.ERASURE_PAGE_GONE,
    FaultPoint.SERVER_MEMBERS_GONE,
)
HERE, ELSEWHERE = EVE.server_id, EVE_ELSEWHERE.server_id
STAYS = {"audit", "bans"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    make_new(tmp_path / "kleinbot.sqlite3")
    return tmp_path


async def _run(harness: UseCaseHarness, work: Coroutine[Any, Any, None]) -> None:
    task = asyncio.ensure_future(work)
    while not task.done():
        harness.clock.advance(1)
        await asyncio.wait({task}, timeout=0.002)
    task.result()


async def _work(harness: UseCaseHarness) -> None:
    await _run(harness, harness.usecases.privacy.gone_servers.work())


async def _days(harness: UseCaseHarness, days: float) -> None:
    harness.clock.advance(days * DAY_MS / MS_PER_S)
    await _work(harness)


async def _end_jobs(harness: UseCaseHarness) -> None:
    for _ in range(2):
        await harness.usecases.owner.departures.check()
        harness.clock.advance(3600)


async def _named_in(harness: UseCaseHarness, server_id: int) -> set[str]:
    """Return the tables that name members of a server."""
    read, found = harness.database.read, set()
    for (table,) in await read.all(
        "SELECT t.name FROM sqlite_schema t WHERE t.type = 'table' AND 2 ="
        " (SELECT COUNT(*) FROM pragma_table_info(t.name) WHERE name IN ('server_id', 'member_id'))"
    ):
        named = f"SELECT COUNT(*) FROM {table} WHERE server_id = ? AND member_id != 0"
        if await read.number(named, server_id):
            found.add(table)
    return found


def _files(folder: Path, server_id: int) -> int:
    return len([path for path in folder.rglob("*.png") if str(server_id) in path.parts])


@pytest.mark.parametrize("killed_at", [None, *POINTS])
async def test_nothing_of_its_members_is_left_and_other_servers_keep_everything(
    folder: Path, killed_at: FaultPoint | None
) -> None:
    clock, kill = ManualClock(START_MS), Kill()
    async with studio(folder, kill, clock) as harness:
        await fill(harness)
        await _work(harness)
        assert await harness.usecases.privacy.gone_servers.announced(OWNER) == []
        elsewhere = await _named_in(harness, ELSEWHERE)
        harness.there.left.add(HERE)
        await _work(harness)
        (soon,) = await harness.usecases.privacy.gone_servers.announced(OWNER)
        assert (soon.server_id, soon.pictures) == (HERE, 2)
        assert soon.goes_ms is not None
        with pytest.raises(Refusal) as refused:
            await harness.usecases.privacy.gone_servers.announced(MODERATOR)
        assert refused.value.code is Code.NOT_THE_HOST
        await _end_jobs(harness)
        await _days(harness, 29)
        assert harness.there.asked == 0
        assert "jobs" in await _named_in(harness, HERE)
        kill.at = killed_at
        try:
            await _days(harness, 1)
        except KilledError:
            assert killed_at is not None
    assert kill.at is None
    async with studio(folder, kill, clock) as harness:
        harness.there.left.add(HERE)
        await _work(harness)
        assert await _named_in(harness, HERE) == STAYS
        assert await harness.usecases.privacy.gone_servers.announced(OWNER) == []
        assert await harness.database.read.number("SELECT COUNT(*) FROM removals") == 0
        assert await _named_in(harness, ELSEWHERE) == elsewhere
        assert len(list((folder / "archive").rglob("*.png"))) == 1
        # Whoever comes back begins anew.
        harness.there.left.clear()
        await _work(harness)
        assert await harness.database.read.number("SELECT COUNT(*) FROM left_servers") == 0
        await harness.imagine(EVE, "something new")


async def test_what_is_unavailable_back_or_not_known_to_be_gone_keeps_everything(folder: Path) -> None:
    clock = ManualClock(START_MS)
    async with studio(folder, Kill(), clock) as harness:
        await done(harness, EVE)
        there, rows = harness.there, "SELECT COUNT(*) FROM left_servers"
        there.left.add(HERE)
        there.sees[HERE] = None  # the list of servers is not there yet
        await _work(harness)
        there.sees[HERE] = True  # it is unavailable
        await _days(harness, 31)
        assert await harness.database.read.number(rows) == 0
        del there.sees[HERE]
        await _work(harness)
        there.is_silent = True
        await _days(harness, 31)
        assert there.asked == 1
        assert "jobs" in await _named_in(harness, HERE)
        # It is back when Discord is asked, and the list does not say so yet: it begins anew.
        there.is_silent = False
        there.left.clear()
        there.sees[HERE] = False
        await _work(harness)
        assert await harness.database.read.number(rows) == 0
        there.left.add(HERE)
        await _days(harness, 1)
        await _days(harness, 29)
        assert "jobs" in await _named_in(harness, HERE)
        there.sees[HERE] = True
        there.left.clear()
        await _days(harness, 1)
        assert await harness.database.read.number(rows) == 0


async def test_a_server_that_comes_back_in_between_keeps_what_is_left(folder: Path) -> None:
    clock = ManualClock(START_MS)
    async with studio(folder, Kill(), clock) as harness:
        for actor in (EVE, BOB, ADA):
            await done(harness, actor)
        harness.there.left.add(HERE)
        await _work(harness)
        harness.clock.advance(31 * DAY_MS / MS_PER_S)
        task = asyncio.ensure_future(harness.usecases.privacy.gone_servers.work())
        while await harness.database.read.number("SELECT COUNT(*) FROM jobs WHERE member_id = 0") == 0:
            harness.clock.advance(0.05)
            await asyncio.wait({task}, timeout=0.002)
        harness.there.left.clear()
        while not task.done():
            harness.clock.advance(1)
            await asyncio.wait({task}, timeout=0.002)
        task.result()
        assert await harness.database.read.number("SELECT COUNT(*) FROM jobs WHERE member_id != 0") > 0
        await _work(harness)
        assert await harness.database.read.number("SELECT COUNT(*) FROM left_servers") == 0


async def _favourite(harness: UseCaseHarness, key: ImageKey, *holders: Any) -> None:
    async with harness.database.transaction() as transaction:
        for holder in holders:
            await favourites.add(transaction, holder.member, key, harness.clock.now_ms())


@pytest.mark.parametrize("killed_at", [None, FaultPoint.PURGE_FILES_GONE])
async def test_favourites_of_members_who_left_keep_no_old_picture(
    folder: Path, killed_at: FaultPoint | None
) -> None:
    clock, kill = ManualClock(START_MS), Kill()
    async with studio(folder, kill, clock) as harness:
        keys = [await done(harness, ADA) for _ in range(3)]
        await _favourite(harness, keys[0], EVE)
        await _favourite(harness, keys[1], EVE, BOB)
        await _favourite(harness, keys[2], BOB)
        privacy = harness.usecases.privacy
        harness.there.absent.add(EVE.member)
        await _run(harness, privacy.left_members.work())
        harness.clock.advance(91 * DAY_MS / MS_PER_S)
        young = await done(harness, ADA)
        await _favourite(harness, young, EVE)
        async with harness.database.transaction() as transaction:
            kept = ServerSettings(retention_days=90, retention_chosen_ms=1)
            await settings.set_of_server(transaction, HERE, kept)
        await _run(harness, privacy.purge.work())
        await _run(harness, privacy.left_members.work())
        assert harness.there.asked == 0  # nothing goes before it is announced for 30 days
        harness.clock.advance(31 * DAY_MS / MS_PER_S)
        await _run(harness, privacy.purge.work())
        assert len(list((folder / "archive").rglob("*.png"))) == 4
        harness.there.is_silent = True
        await _run(harness, privacy.left_members.work())
        harness.there.is_silent, harness.there.asked = False, 0
        assert len(list((folder / "archive").rglob("*.png"))) == 4
        kill.at = killed_at
        try:
            await _run(harness, privacy.left_members.work())
        except KilledError:
            await _run(harness, privacy.left_members.work())
        asked = 2 if killed_at is None else 3
        assert harness.there.asked == asked
        gone = await harness.database.read.all("SELECT job_id FROM images WHERE gone_ms IS NOT NULL")
        assert [row[0] for row in gone] == [keys[0].job_id]
        assert len(list((folder / "archive").rglob("*.png"))) == 3
        await _run(harness, privacy.left_members.work())
        assert harness.there.asked == asked  # for a month
