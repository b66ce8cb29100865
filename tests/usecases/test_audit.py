"""The audit of a server, by member, action and moment, page by page."""

from dataclasses import replace

import pytest

from kleinbot.domain.errors import Refusal
from kleinbot.domain.people import Actor
from kleinbot.domain.quota import AuditAction
from kleinbot.store.members import audit
from kleinbot.store.members.audit import AuditFilter
from kleinbot.usecases.moderation.read_audit import PAGE_ROWS, ReadAudit
from tests.usecase_harness import ADA, BOB, MODERATOR, UseCaseHarness

ADMIN = Actor(server_id=10, member_id=4, locale="en-US", is_admin=True)


async def _numbers(harness: UseCaseHarness, wanted: AuditFilter) -> list[int]:
    """Read page after page; return the number that each row carries."""
    read, found, before = ReadAudit(harness.database), [], None
    while True:
        page = await read.page(ADMIN, wanted, before)
        assert page.is_first is (before is None)
        assert len(page.rows) <= PAGE_ROWS
        found += [int(row.details["number"]) for row in page.rows]
        if not page.older:
            return found
        before = page.rows[-1].audit_id


async def test_filters_pages_and_other_servers(harness: UseCaseHarness) -> None:
    start_ms = harness.clock.now_ms()
    actions = (AuditAction.BAN, AuditAction.WARN, AuditAction.HIDE)
    async with harness.database.transaction() as transaction:
        for number in range(60):
            await audit.note(
                transaction, actions[number % 3], MODERATOR.member_id, start_ms + number,
                server_id=10 if number % 5 else 11, member_id=(ADA, BOB)[number % 2].member_id,
                details={"number": number},
            )  # fmt: skip
    here = [number for number in reversed(range(60)) if number % 5]
    assert await _numbers(harness, AuditFilter()) == here
    for member, parity in ((ADA, 0), (BOB, 1)):
        of_member = [number for number in here if number % 2 == parity]
        assert await _numbers(harness, AuditFilter(member.member_id)) == of_member
        warned = [number for number in of_member if number % 3 == 1]
        assert await _numbers(harness, AuditFilter(member.member_id, AuditAction.WARN)) == warned
    hidden = AuditFilter(action=AuditAction.HIDE, since_ms=start_ms + 31)
    assert await _numbers(harness, hidden) == [n for n in here if n % 3 == 2 and n >= 31]
    assert await _numbers(harness, AuditFilter(since_ms=start_ms + 60)) == []
    assert await _numbers(harness, AuditFilter(77)) == []


async def test_it_is_for_moderators_and_admins(harness: UseCaseHarness) -> None:
    await ReadAudit(harness.database).page(MODERATOR, AuditFilter())
    for actor in (replace(ADMIN, is_admin=False), replace(MODERATOR, is_moderator=False)):
        with pytest.raises(Refusal, match="error-not-a-moderator"):
            await ReadAudit(harness.database).page(actor, AuditFilter())
