"""Servers that the bot is not in any more, what they hold, and how far its deletion is."""

from dataclasses import dataclass

from kleinbot.domain.people import MemberKey
from kleinbot.store.database import Reader, Transaction

_PAGE_ROWS = 100


@dataclass(frozen=True)
class LeftServer:
    """A server. ``left_ms``: when it was found left. ``pictures``: what it held then.

    ``gone_ms``: when a look-up said so; None: not yet, and nothing is deleted. ``done_ms``: when nothing of
    its members was left.
    """

    server_id: int
    left_ms: int
    pictures: int
    gone_ms: int | None = None
    done_ms: int | None = None


async def listed(reader: Reader) -> list[LeftServer]:
    """Return every server that was left and is not back, the first that left first."""
    rows = await reader.all(
        "SELECT server_id, left_ms, pictures, gone_ms, done_ms FROM left_servers ORDER BY left_ms"
    )
    return [LeftServer(*row) for row in rows]


async def note(transaction: Transaction, left: LeftServer) -> None:
    """Note what is known of a server that was left, in place of what was known before."""
    await transaction.change(
        "INSERT OR REPLACE INTO left_servers (server_id, left_ms, pictures, gone_ms, done_ms)"
        " VALUES (?, ?, ?, ?, ?)",
        left.server_id, left.left_ms, left.pictures, left.gone_ms, left.done_ms,
    )  # fmt: skip


async def back(transaction: Transaction, server_id: int) -> None:
    """Note that the bot is in a server again."""
    await transaction.change("DELETE FROM left_servers WHERE server_id = ?", server_id)


async def members_page(reader: Reader, server_id: int, after_id: int) -> list[int]:
    """Return the next of a server's members by their ids; after 0: the first. Nobody, who has 0, is none."""
    rows = await reader.all(
        "SELECT member_id FROM members WHERE server_id = ? AND member_id > ? ORDER BY member_id LIMIT ?",
        server_id, after_id, _PAGE_ROWS,
    )  # fmt: skip
    return [row[0] for row in rows]


async def drop_removals(transaction: Transaction, server_id: int) -> None:
    """Give up removing messages of a server, which the bot cannot reach."""
    await transaction.change("DELETE FROM removals WHERE server_id = ?", server_id)


async def erase_spent(transaction: Transaction, member: MemberKey, until_ms: int, now_ms: int) -> bool:
    """Delete a page of a member's ledger that no longer counts: up to ``until_ms``, and of expired grants.

    Return whether there may be more.
    """
    gone = await transaction.change(
        "DELETE FROM ledger WHERE entry_id IN (SELECT l.entry_id FROM ledger l INDEXED BY ledger_of_member"
        " LEFT JOIN grants g USING (grant_id)"
        " WHERE l.server_id = ?1 AND l.member_id = ?2 AND l.counts_ms <= ?3"
        " AND (g.grant_id IS NULL OR g.expires_ms <= ?4) LIMIT ?5)",
        member.server_id, member.member_id, until_ms, now_ms, _PAGE_ROWS,
    )  # fmt: skip
    return gone >= _PAGE_ROWS
