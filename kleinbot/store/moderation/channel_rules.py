"""The channels in which a server's pictures are made, or not made."""

from collections.abc import Iterable

from kleinbot.domain.moderation.bans import ChannelRules
from kleinbot.store.database import Reader, Transaction

MOST_RULES = 100
"""Of one server; Discord allows a server 500 channels."""


async def of_server(reader: Reader, server_id: int) -> ChannelRules:
    """Return a server's rules; those of a server in which nobody has chosen are empty."""
    rows = await reader.all(
        "SELECT channel_id, is_allowed FROM channel_rules WHERE server_id = ? LIMIT ?", server_id, MOST_RULES
    )
    return ChannelRules(
        frozenset(row[0] for row in rows if row[1]), frozenset(row[0] for row in rows if not row[1])
    )


async def put(transaction: Transaction, server_id: int, channel_id: int, *, is_allowed: bool) -> None:
    """Allow or deny a channel. The server's row must exist."""
    await transaction.change(
        "INSERT OR REPLACE INTO channel_rules (server_id, channel_id, is_allowed) VALUES (?, ?, ?)",
        server_id,
        channel_id,
        int(is_allowed),
    )


async def clear(transaction: Transaction, server_id: int, channel_id: int | None) -> int:
    """Delete the rule of a channel, or with None all rules; return how many there were."""
    return await transaction.change(
        "DELETE FROM channel_rules WHERE server_id = ?1 AND (?2 IS NULL OR channel_id = ?2)",
        server_id,
        channel_id,
    )


async def replace_allowed(transaction: Transaction, server_id: int, channel_ids: Iterable[int]) -> None:
    """Let pictures be made in these channels only; with none, everywhere that is not denied."""
    await transaction.change("DELETE FROM channel_rules WHERE server_id = ? AND is_allowed = 1", server_id)
    for channel_id in channel_ids:
        await put(transaction, server_id, channel_id, is_allowed=True)
