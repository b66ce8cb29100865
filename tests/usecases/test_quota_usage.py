"""Who used most, and the changes as a table that a spreadsheet opens safely."""

import csv
import io
from dataclasses import replace

import pytest

from kleinbot.domain.errors import Code, Refusal
from kleinbot.domain.people import Actor
from kleinbot.domain.quota import EntryKind, LedgerEntry, MemberUsage
from kleinbot.store.members.usage import Change
from kleinbot.usecases.quota import changes_table
from kleinbot.usecases.quota.administer import AdministerQuota
from kleinbot.usecases.quota.quota import QuotaRule
from kleinbot.usecases.quota.usage import QuotaUsage
from tests.usecase_harness import ADA, BOB, DAY_MS, UseCaseHarness

ADMIN = Actor(server_id=10, member_id=4, locale="en-US", is_admin=True)
HOSTILE = (
    "=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "\0=1", " =1", "＝1", "\u202e=1",
    '=HYPERLINK("http://x";"y")', '";=1', '",=1', "a,=1",
)  # fmt: skip


def _read(data: bytes) -> list[list[str]]:
    assert data.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))


async def test_who_used_most_comes_first_and_refunds_do_not_count(harness: UseCaseHarness) -> None:
    usage = QuotaUsage(harness.database, harness.clock)
    administer = AdministerQuota(harness.database, QuotaRule(600, DAY_MS), harness.clock)
    await harness.imagine(ADA, count=1)
    given_back = (await harness.imagine(ADA, count=4)).status.job
    await harness.cancel.by_id(ADA, given_back.job_id)
    await harness.imagine(BOB, count=2)
    await administer.grant(ADMIN, ADA.member_id, 500, 1, "not spent")
    found = await usage.top(ADMIN, 7)
    assert found == (MemberUsage(BOB.member_id, 20), MemberUsage(ADA.member_id, 10))
    assert await usage.top(replace(ADMIN, server_id=11), 7) == ()
    harness.clock.advance(8 * DAY_MS / 1000)
    assert await usage.top(ADMIN, 7) == ()


async def test_only_an_admin_reads_either(harness: UseCaseHarness) -> None:
    usage = QuotaUsage(harness.database, harness.clock)
    for asked in (usage.top(ADA, 7), usage.export(ADA, 10_000)):
        with pytest.raises(Refusal) as caught:
            await asked
        assert caught.value.code is Code.NOT_AN_ADMIN


async def test_every_change_is_a_row_of_its_server_and_no_cell_is_a_formula(harness: UseCaseHarness) -> None:
    usage = QuotaUsage(harness.database, harness.clock)
    administer = AdministerQuota(harness.database, QuotaRule(600, DAY_MS), harness.clock)
    for reason in HOSTILE:
        await administer.grant(ADMIN, ADA.member_id, 1, 1, reason)
    number = (await harness.imagine(ADA, count=2)).status.job.number
    exported = await usage.export(ADMIN, 100_000)
    columns, *rows = _read(exported.data)
    assert tuple(columns) == changes_table.COLUMNS
    assert (exported.rows, exported.is_cut, len(rows)) == (len(HOSTILE) + 2, False, len(HOSTILE) + 2)
    assert all(len(row) == len(columns) for row in rows)
    assert not [cell for row in rows for cell in row if cell.startswith(tuple("=+-@\t\r\n\0＝＋－＠"))]
    spent = [row for row in rows if row[2] == "reserve"]
    assert [row[1:6] for row in spent] == [[f"<@{ADA.member_id}>", "reserve", "1.0", "0", str(number)]] * 2
    assert {row[6] for row in rows if row[2] == "grant"} == {"<@4>"}
    assert (await usage.export(replace(ADMIN, server_id=11), 100_000)).rows == 0
    cut = await usage.export(ADMIN, 500)
    assert len(cut.data) <= 500
    assert (cut.is_cut, len(_read(cut.data)) - 1) == (True, cut.rows)


def test_a_table_ends_before_the_bytes_do() -> None:
    entry = LedgerEntry(EntryKind.GRANT, 10, 0, None, "ü" * 200, 1)
    data, rows = changes_table.written([Change(1, entry)] * 1000, 20_000)
    assert len(data) <= 20_000
    assert 30 < rows < 60
