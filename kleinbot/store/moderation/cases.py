"""Reports, and the cases that moderators decide: a case is all reports of one result until then."""

from kleinbot.domain.job_spec import ImageKey
from kleinbot.domain.moderation.reports import (
    CaseAction,
    CaseState,
    DoneAction,
    FiledReport,
    ReportCase,
    ReportReason,
)
from kleinbot.domain.people import MemberKey
from kleinbot.store.database import Reader, Row, Transaction

MOST_SHOWN = 5
"""Reports of a case that are shown, the first ones."""

Posted = ("due", "posting", "posted")


async def by_id(reader: Reader, case_id: int) -> ReportCase | None:
    """Return a case with its first reports and what was done."""
    row = await reader.one("SELECT * FROM report_cases WHERE case_id = ?", case_id)
    return None if row is None else await _case(reader, row)


async def waiting(reader: Reader, server_id: int, most: int) -> list[ReportCase]:
    """Return a server's cases that are still to be decided, oldest first."""
    rows = await reader.all(
        "SELECT * FROM report_cases WHERE server_id = ? AND state = 'open' ORDER BY case_id LIMIT ?",
        server_id,
        most,
    )
    return [await _case(reader, row) for row in rows]


async def count_waiting(reader: Reader, server_id: int, most: int) -> int:
    """Return how many cases wait that stand in no moderators' channel; ``most`` if there are more."""
    return await reader.number(
        "SELECT COUNT(*) FROM (SELECT 1 FROM report_cases"
        " WHERE server_id = ? AND state = 'open' AND post_state = 'none' LIMIT ?) recent",
        server_id,
        most,
    )


async def was_dismissed(reader: Reader, job_id: str) -> bool:
    """Return whether moderators have dismissed a case of a result."""
    row = await reader.one(
        "SELECT 1 FROM report_cases WHERE job_id = ? AND state = 'dismissed' LIMIT 1", job_id
    )
    return row is not None


async def open_case(
    transaction: Transaction, server_id: int, job_id: str, now_ms: int, *, is_posted: bool
) -> int:
    """Return the case of a result that is still to be decided; open one if there is none.

    ``is_posted``: there is a moderators' channel. The post of a case that stands there becomes due again.
    """
    await transaction.change(
        "INSERT INTO report_cases (server_id, job_id, opened_ms, state, post_state, post_due_ms)"
        " VALUES (?, ?, ?, 'open', ?, ?) ON CONFLICT (job_id) WHERE state = 'open' DO NOTHING",
        server_id,
        job_id,
        now_ms,
        "due" if is_posted else "none",
        now_ms,
    )
    case_id = await transaction.number(
        "SELECT case_id FROM report_cases WHERE job_id = ? AND state = 'open'", job_id
    )
    await post_changed(transaction, case_id, now_ms)
    return case_id


async def has_reported(reader: Reader, job_id: str, reporter_id: int) -> bool:
    """Return whether a member has reported a result before."""
    row = await reader.one(
        "SELECT 1 FROM reports WHERE job_id = ? AND reporter_id = ? AND reporter_id != 0", job_id, reporter_id
    )
    return row is not None


async def add(
    transaction: Transaction,
    case_id: int,
    reporter: MemberKey,
    key: ImageKey,
    report: FiledReport,
    *,
    has_hidden: bool,
) -> None:
    """Store a report of a case."""
    await transaction.change(
        "INSERT INTO reports (case_id, server_id, job_id, position, reporter_id, reason, words, made_ms,"
        " has_hidden) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        case_id, reporter.server_id, key.job_id, key.position, reporter.member_id, report.reason,
        report.words, report.made_ms, int(has_hidden),
    )  # fmt: skip


async def made_since(reader: Reader, reporter: MemberKey, since_ms: int, most: int) -> tuple[int, int]:
    """Return how many reports a member has made since a moment, ``most`` at most, and how many hid."""
    row = await reader.one(
        "SELECT COUNT(*), COALESCE(SUM(has_hidden), 0) FROM (SELECT has_hidden FROM reports"
        " WHERE server_id = ? AND reporter_id = ? AND made_ms > ? LIMIT ?) recent",
        reporter.server_id,
        reporter.member_id,
        since_ms,
        most,
    )
    return (0, 0) if row is None else (row[0], row[1])


async def was_dismissed_since(reader: Reader, reporter: MemberKey, since_ms: int) -> bool:
    """Return whether a report of a member was dismissed since a moment."""
    row = await reader.one(
        "SELECT 1 FROM reports INDEXED BY reports_dismissed"
        " WHERE server_id = ? AND reporter_id = ? AND dismissed_ms > ? LIMIT 1",
        reporter.server_id,
        reporter.member_id,
        since_ms,
    )
    return row is not None


async def reporters(reader: Reader, case_id: int, most: int) -> list[int]:
    """Return who has reported a case."""
    rows = await reader.all("SELECT reporter_id FROM reports WHERE case_id = ? LIMIT ?", case_id, most)
    return [row[0] for row in rows]


async def act(transaction: Transaction, case_id: int, action: CaseAction, actor_id: int, now_ms: int) -> bool:
    """Record an action. Returns False if somebody has done the same before."""
    done = await transaction.change(
        "INSERT INTO case_actions (case_id, action, actor_id, made_ms) VALUES (?, ?, ?, ?)"
        " ON CONFLICT DO NOTHING",
        case_id,
        action,
        actor_id,
        now_ms,
    )
    await post_changed(transaction, case_id, now_ms)
    return done == 1


async def close(
    transaction: Transaction, case_id: int, state: CaseState, closed_by: int, now_ms: int
) -> bool:
    """Decide an open case. Returns False if it was decided before."""
    closed = await transaction.change(
        "UPDATE report_cases SET state = ?, closed_by = ?, closed_ms = ?"
        " WHERE case_id = ? AND state = 'open'",
        state,
        closed_by,
        now_ms,
        case_id,
    )
    if closed and state is CaseState.DISMISSED:
        await transaction.change("UPDATE reports SET dismissed_ms = ? WHERE case_id = ?", now_ms, case_id)
    return closed == 1


async def post_changed(transaction: Transaction, case_id: int, now_ms: int) -> None:
    """Have the post of a case edited, if it stands in a channel or is about to."""
    await transaction.change(
        "UPDATE report_cases SET post_state = iif(post_state = 'posted', 'due', post_state),"
        " post_version = post_version + 1, post_due_ms = min(post_due_ms, ?), post_attempts = 0"
        " WHERE case_id = ? AND post_state != 'none'",
        now_ms,
        case_id,
    )


async def posts_of_job_changed(transaction: Transaction, job_id: str, now_ms: int) -> None:
    """Have the posts of all cases of a result edited: it was deleted, so they must lose the picture."""
    await transaction.change(
        "UPDATE report_cases SET post_state = iif(post_state = 'posted', 'due', post_state),"
        " post_version = post_version + 1, post_due_ms = ?, post_attempts = 0"
        " WHERE job_id = ? AND post_state != 'none'",
        now_ms,
        job_id,
    )


async def post_waiting(transaction: Transaction, server_id: int, now_ms: int) -> None:
    """Have a server's cases that are still to be decided posted, since there is a channel for them now."""
    await transaction.change(
        "UPDATE report_cases SET post_state = 'due', post_due_ms = ?, post_channel_id = NULL,"
        " post_message_id = NULL, post_after = NULL WHERE case_id IN (SELECT case_id"
        " FROM report_cases WHERE server_id = ? AND state = 'open' AND post_state = 'none' LIMIT 50)",
        now_ms,
        server_id,
    )


async def _case(reader: Reader, row: Row) -> ReportCase:
    case_id = row["case_id"]
    reports = await reader.all(
        "SELECT reporter_id, reason, words, position, made_ms FROM reports WHERE case_id = ?"
        " ORDER BY report_id LIMIT ?",
        case_id,
        MOST_SHOWN,
    )
    actions = await reader.all("SELECT action, actor_id FROM case_actions WHERE case_id = ?", case_id)
    return ReportCase(
        case_id,
        row["server_id"],
        row["job_id"],
        row["opened_ms"],
        CaseState(row["state"]),
        row["closed_by"],
        row["post_state"] in Posted,
        tuple(FiledReport(each[0], ReportReason(each[1]), each[2], each[3], each[4]) for each in reports),
        await reader.number("SELECT COUNT(*) FROM reports WHERE case_id = ?", case_id),
        tuple(DoneAction(CaseAction(each[0]), each[1]) for each in actions),
        await reader.one("SELECT 1 FROM reports WHERE case_id = ? AND reason = 'minor'", case_id) is not None,
    )
