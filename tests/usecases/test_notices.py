"""Notices reach each admin of the server that they concern, and those that are meant once reach them once."""

from dataclasses import replace

from kleinbot.domain.people import Actor
from kleinbot.store.database import Reader
from kleinbot.usecases.notices import MOST_SHOWN, Notice, Notices
from tests.usecase_harness import ADA, UseCaseHarness

ADMIN = Actor(server_id=10, member_id=4, locale="en-US", is_admin=True)
COLLEAGUE = replace(ADMIN, member_id=5)
ELSEWHERE = replace(ADMIN, server_id=11)

ONCE = Notice("a-line", {"text": "hello"}, once="line:1")
LASTING = Notice("a-state")


async def _of_ten(reader: Reader, server_id: int) -> tuple[Notice, ...]:
    del reader
    return (LASTING, ONCE) if server_id == ADMIN.server_id else ()


async def _many(reader: Reader, server_id: int) -> tuple[Notice, ...]:
    del reader, server_id
    return (LASTING,) * (MOST_SHOWN + 1)


async def test_what_is_meant_once_is_shown_once_to_each_admin(harness: UseCaseHarness) -> None:
    notices = Notices(harness.database, [_of_ten], harness.clock)
    assert await notices.due(ADMIN) == (LASTING, ONCE)
    assert await notices.due(ADMIN) == (LASTING, ONCE), "it was not shown yet"
    await notices.shown(ADMIN, (LASTING, ONCE))
    assert await notices.due(ADMIN) == (LASTING,)
    assert await notices.due(COLLEAGUE) == (LASTING, ONCE)
    again = Notices(harness.database, [_of_ten], harness.clock)
    assert await again.due(ADMIN) == (LASTING,), "a new process knows it"


async def test_nobody_else_reads_them(harness: UseCaseHarness) -> None:
    notices = Notices(harness.database, [_of_ten], harness.clock)
    assert await notices.due(ADA) == ()
    assert await notices.due(replace(ADA, is_owner=True, is_moderator=True)) == ()
    assert await notices.due(ELSEWHERE) == ()


async def test_an_answer_holds_a_bounded_number(harness: UseCaseHarness) -> None:
    notices = Notices(harness.database, [_many], harness.clock)
    assert len(await notices.due(ADMIN)) == MOST_SHOWN
