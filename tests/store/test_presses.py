from dataclasses import replace

from kleinbot.domain.job import JobState
from kleinbot.domain.people import MemberKey
from kleinbot.domain.requests import Press
from kleinbot.store.database import Database
from kleinbot.store.jobs import jobs, presses
from kleinbot.store.jobs.presses import EarlierPress
from tests.manual_clock import START_MS
from tests.store.rows import ADA, new_job, store

PRESS = Press(message_id=5, custom_id="kb:reroll:x")
LATER_MS = START_MS + presses.AGAIN_AFTER_MS
BOB = MemberKey(ADA.server_id, 2)


async def pressed(database: Database, job_id: str = "1" * 24, now_ms: int = START_MS) -> None:
    await store(database, new_job(job_id))
    async with database.transaction() as transaction:
        await presses.note(transaction, ADA, PRESS, job_id, now_ms)


async def earlier(database: Database, owner: MemberKey, press: Press, now_ms: int) -> EarlierPress | None:
    async with database.transaction() as transaction:
        return await presses.earlier(transaction, owner, press, now_ms)


async def ended(database: Database, job_id: str) -> None:
    async with database.transaction() as transaction:
        await jobs.stop(transaction, job_id, JobState.CANCELLED, START_MS)


async def test_the_same_press_is_the_same_job_while_that_is_open(database: Database) -> None:
    await pressed(database)
    assert await earlier(database, ADA, PRESS, LATER_MS + 60_000) == EarlierPress(1, is_open=True)


async def test_once_its_job_has_ended_it_is_the_same_for_some_seconds_only(database: Database) -> None:
    await pressed(database)
    await ended(database, "1" * 24)
    assert await earlier(database, ADA, PRESS, LATER_MS - 1) == EarlierPress(1, is_open=False)
    assert await earlier(database, ADA, PRESS, LATER_MS) is None


async def test_another_member_button_or_message_is_another_press(database: Database) -> None:
    await pressed(database)
    assert await earlier(database, BOB, PRESS, START_MS) is None
    assert await earlier(database, ADA, replace(PRESS, custom_id="kb:reroll:y"), START_MS) is None
    assert await earlier(database, ADA, replace(PRESS, message_id=6), START_MS) is None


async def test_a_later_press_takes_the_place_of_the_first_and_yesterdays_are_forgotten(
    database: Database,
) -> None:
    await pressed(database)
    await ended(database, "1" * 24)
    await pressed(database, "2" * 24, LATER_MS)
    assert await earlier(database, ADA, PRESS, LATER_MS) == EarlierPress(2, is_open=True)
    async with database.transaction() as transaction:
        other = replace(PRESS, message_id=7)
        await presses.note(transaction, ADA, other, "2" * 24, LATER_MS + 24 * 60 * 60 * 1000)
    assert await database.read.number("SELECT COUNT(*) FROM presses") == 1
