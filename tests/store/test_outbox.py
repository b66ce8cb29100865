"""The outbox is read channel by channel, however much waits in each."""

from collections.abc import Iterable

from kleinbot.store.database import Database
from kleinbot.store.delivery import outbox
from tests.manual_clock import START_MS
from tests.store.rows import new_job, store


async def _waiting(database: Database, channel_id: int, count: int, due_ms: int = START_MS) -> None:
    """Store ``count`` ended jobs that wait for delivery in a channel."""
    first = await database.read.number("SELECT COUNT(*) FROM jobs")
    for index in range(first, first + count):
        job = new_job(f"{index:024x}")
        await store(database, job)
        async with database.transaction() as transaction:
            await outbox.put(transaction, job.job_id, due_ms)
            await transaction.change(
                "UPDATE outbox SET channel_id = ? WHERE job_id = ?", channel_id, job.job_id
            )


async def _found(
    database: Database, after: int = -1, without: Iterable[int] = (), lanes: int = 64, of_lane: int = 4
) -> dict[int, int]:
    found = await outbox.due_lanes(
        database.read, START_MS, after=after, without=set(without), lanes=lanes, of_lane=of_lane
    )
    return {lane.channel_id: len(lane.outbox_ids) for lane in found}


async def test_each_channel_has_its_turn_however_much_waits_in_another(database: Database) -> None:
    await _waiting(database, 5, 30)
    await _waiting(database, 6, 1)
    await _waiting(database, 7, 2, due_ms=START_MS + 1)
    assert await _found(database) == {5: 4, 6: 1, 7: 0}
    assert await _found(database, lanes=1) == {5: 4}
    assert await _found(database, after=5, lanes=1) == {6: 1}
    assert await _found(database, after=7) == {}


async def test_what_is_under_way_is_not_found_again(database: Database) -> None:
    await _waiting(database, 5, 6)
    assert await _found(database, without=range(1, 5)) == {5: 2}


async def test_a_look_costs_the_same_however_much_waits(database: Database) -> None:
    steps = 0

    def step() -> int:
        nonlocal steps
        steps += 1
        return 0

    async def cost() -> int:
        nonlocal steps
        await database.read._connection.set_progress_handler(step, 1)
        steps = 0
        await _found(database)
        await outbox.next_due_ms(database.read, START_MS)
        return steps

    await _waiting(database, 5, 10)
    few = await cost()
    await _waiting(database, 5, 200)
    assert await cost() <= few + 20
