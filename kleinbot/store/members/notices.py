"""Which notices each admin of a server has been shown. The member's row must exist before."""

from collections.abc import Iterable

from kleinbot.domain.people import MemberKey
from kleinbot.store.database import Reader, Transaction


async def read_by(reader: Reader, member: MemberKey) -> frozenset[str]:
    """Return the keys of the notices that a member has been shown."""
    rows = await reader.all(
        "SELECT notice FROM notices_read WHERE server_id = ? AND member_id = ?",
        member.server_id,
        member.member_id,
    )
    return frozenset(row[0] for row in rows)


async def note_read(transaction: Transaction, member: MemberKey, keys: Iterable[str], now_ms: int) -> None:
    """Record that a member has been shown these notices."""
    for key in keys:
        await transaction.change(
            "INSERT INTO notices_read (server_id, member_id, notice, read_ms) VALUES (?, ?, ?, ?)"
            " ON CONFLICT DO NOTHING",
            member.server_id, member.member_id, key, now_ms,
        )  # fmt: skip
