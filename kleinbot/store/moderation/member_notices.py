"""What members are yet to be told alone, and the warnings that they were given."""

import json
from collections.abc import Mapping, Sequence

from kleinbot.domain.errors import Parameter
from kleinbot.domain.moderation.reports import MemberNotice, NoticeKind
from kleinbot.domain.people import MemberKey
from kleinbot.store.database import Reader, Transaction


async def put(
    transaction: Transaction,
    member: MemberKey,
    kind: NoticeKind,
    now_ms: int,
    details: Mapping[str, Parameter],
) -> None:
    """Have a member told something at their next command. The server's row must exist."""
    await transaction.change(
        "INSERT INTO member_notices (server_id, member_id, kind, details, made_ms) VALUES (?, ?, ?, ?, ?)",
        member.server_id, member.member_id, kind, json.dumps(dict(details)), now_ms,
    )  # fmt: skip


async def waiting(reader: Reader, member: MemberKey, most: int) -> list[MemberNotice]:
    """Return what a member is yet to be told, oldest first."""
    rows = await reader.all(
        "SELECT notice_id, kind, details FROM member_notices WHERE server_id = ? AND member_id = ?"
        " AND given_ms IS NULL ORDER BY notice_id LIMIT ?",
        member.server_id,
        member.member_id,
        most,
    )
    return [MemberNotice(row[0], member, NoticeKind(row[1]), json.loads(row[2])) for row in rows]


async def mark_given(transaction: Transaction, given: Sequence[MemberNotice], now_ms: int) -> None:
    """Record that a member was told. Only warnings are kept, to be counted."""
    await transaction.change_each(
        "UPDATE member_notices SET given_ms = ? WHERE notice_id = ? AND kind = 'warning'",
        ((now_ms, each.notice_id) for each in given),
    )
    await transaction.change_each(
        "DELETE FROM member_notices WHERE notice_id = ? AND kind != 'warning'",
        ((each.notice_id,) for each in given),
    )


async def count_warnings(reader: Reader, member: MemberKey, most: int) -> int:
    """Return how often a member was warned in a server; ``most`` if it was more often."""
    return await reader.number(
        "SELECT COUNT(*) FROM (SELECT 1 FROM member_notices INDEXED BY member_notices_of_member"
        " WHERE server_id = ? AND member_id = ? AND kind = 'warning' LIMIT ?) recent",
        member.server_id,
        member.member_id,
        most,
    )
