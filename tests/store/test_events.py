"""Events are accepted once, and remembered for at least a day."""

from dataclasses import replace

import pytest

from kleinbot.domain.clock import DAY_MS
from kleinbot.domain.errors import RepeatedEvent
from kleinbot.domain.people import Actor
from kleinbot.store.database import Database
from kleinbot.store.jobs import events
from tests.manual_clock import START_MS

ADA = Actor(server_id=10, member_id=1, locale="en-US", event_id=2**63 - 1)


async def accept(database: Database, actor: Actor = ADA, now_ms: int = START_MS) -> None:
    async with database.transaction() as transaction:
        await events.accept(transaction, actor, now_ms)


async def count(database: Database) -> int:
    return await database.read.number("SELECT COUNT(*) FROM accepted_events")


async def test_an_event_is_accepted_once_also_a_day_later(database: Database) -> None:
    await accept(database)
    for later_ms in (0, DAY_MS):
        with pytest.raises(RepeatedEvent):
            await accept(database, now_ms=START_MS + later_ms)
    assert await events.is_accepted(database.read, 2**63 - 1)
    assert not await events.is_accepted(database.read, 5)


async def test_an_event_whose_change_failed_may_come_again(database: Database) -> None:
    with pytest.raises(ZeroDivisionError):
        async with database.transaction() as transaction:
            await events.accept(transaction, ADA, START_MS)
            raise ZeroDivisionError
    await accept(database)


async def test_who_acts_without_an_event_is_not_counted(database: Database) -> None:
    for _ in range(2):
        await accept(database, replace(ADA, event_id=None))
    assert await count(database) == 0


async def test_old_events_go_a_few_at_a_time(database: Database) -> None:
    for event_id in range(1, 61):
        await accept(database, replace(ADA, event_id=event_id), START_MS + event_id)
    later_ms = START_MS + 61 + events.KEPT_MS
    for nth, left in enumerate((41, 22, 3, 4), 100):
        await accept(database, replace(ADA, event_id=nth), later_ms)
        assert await count(database) == left
    assert await events.is_accepted(database.read, 100)
