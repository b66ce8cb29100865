"""Members: their rows, weights, limits and job numbers."""

from dataclasses import dataclass

from kleinbot.domain.people import MemberKey
from kleinbot.store.database import Reader, Transaction
from kleinbot.store.members import servers


@dataclass(frozen=True)
class Standing:
    """A member's weight in the queue and the quota rules that are set; None: the owner's default.

    ``server_most_tenths``: the owner's bound for one member's limit in the server.
    """

    member_weight: float
    server_share: float
    member_quota_tenths: int | None
    server_quota_tenths: int | None
    server_most_tenths: int | None


async def remember(transaction: Transaction, member: MemberKey, now_ms: int) -> None:
    """Create the rows of the server and the member if they are missing."""
    await servers.remember(transaction, member.server_id, now_ms)
    await transaction.change(
        "INSERT INTO members (server_id, member_id, first_seen_ms) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
        member.server_id,
        member.member_id,
        now_ms,
    )


async def standing(reader: Reader, member: MemberKey) -> Standing:
    """Return the rules that apply to ``member``; defaults for an unknown member."""
    row = await reader.one(
        "SELECT m.weight, s.share, m.quota_tenths, s.quota_tenths, s.most_tenths FROM servers s"
        " LEFT JOIN members m ON m.server_id = s.server_id AND m.member_id = ? WHERE s.server_id = ?",
        member.member_id,
        member.server_id,
    )
    if row is None:
        return Standing(1.0, 1.0, None, None, None)
    return Standing(row[0] if row[0] is not None else 1.0, row[1], row[2], row[3], row[4])


async def set_weight(transaction: Transaction, member: MemberKey, weight: float) -> None:
    """Set a member's weight in the queue; the default is 1."""
    await transaction.change(
        "UPDATE members SET weight = ? WHERE server_id = ? AND member_id = ?",
        weight,
        member.server_id,
        member.member_id,
    )


async def set_quota(transaction: Transaction, member: MemberKey, limit_tenths: int | None) -> None:
    """Set a member's own limit; None removes it."""
    await transaction.change(
        "UPDATE members SET quota_tenths = ? WHERE server_id = ? AND member_id = ?",
        limit_tenths,
        member.server_id,
        member.member_id,
    )


async def weights(reader: Reader) -> dict[tuple[int, int], float]:
    """Return the weight of every member whose weight is not 1, by server and member."""
    rows = await reader.all("SELECT server_id, member_id, weight FROM members WHERE weight != 1")
    return {(row[0], row[1]): row[2] for row in rows}


async def next_number(transaction: Transaction, server_id: int) -> int:
    """Take the server's next job number."""
    row = await transaction.one(
        "UPDATE servers SET next_number = next_number + 1 WHERE server_id = ? RETURNING next_number - 1",
        server_id,
    )
    if row is None:
        raise LookupError(f"server {server_id} is not known")
    return int(row[0])
