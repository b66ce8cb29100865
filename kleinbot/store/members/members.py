"""Members: their rows, weights, limits and job numbers."""

from dataclasses import astuple, dataclass

from kleinbot.domain.people import MemberKey
from kleinbot.domain.quota import QuotaTerms
from kleinbot.store.database import Reader, Transaction
from kleinbot.store.members import servers


@dataclass(frozen=True)
class Standing:
    """A member's weight in the queue, and what is set for them and for their server; None: nothing is.

    ``server_most_tenths``: the owner's bound for one member's limit in the server.
    """

    member_weight: float
    server_share: float
    member_terms: QuotaTerms | None
    server_terms: QuotaTerms | None
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
        "SELECT m.weight, s.share, s.most_tenths,"
        " m.quota_tenths, m.quota_hours, m.quota_hourly_tenths, m.quota_burst_tenths,"
        " s.quota_tenths, s.quota_hours, s.quota_hourly_tenths, s.quota_burst_tenths FROM servers s"
        " LEFT JOIN members m ON m.server_id = s.server_id AND m.member_id = ? WHERE s.server_id = ?",
        member.member_id,
        member.server_id,
    )
    if row is None:
        return Standing(1.0, 1.0, None, None, None)
    weight, share, most_tenths, *terms = tuple(row)
    own = None if terms[0] is None else QuotaTerms(*terms[:4])
    default = None if terms[4] is None else QuotaTerms(*terms[4:])
    return Standing(1.0 if weight is None else weight, share, own, default, most_tenths)


async def set_weight(transaction: Transaction, member: MemberKey, weight: float) -> None:
    """Set a member's weight in the queue; the default is 1."""
    await transaction.change(
        "UPDATE members SET weight = ? WHERE server_id = ? AND member_id = ?",
        weight,
        member.server_id,
        member.member_id,
    )


async def set_quota(transaction: Transaction, member: MemberKey, terms: QuotaTerms | None) -> None:
    """Set a member's own rule; None removes it."""
    await transaction.change(
        "UPDATE members SET quota_tenths = ?, quota_hours = ?, quota_hourly_tenths = ?,"
        " quota_burst_tenths = ? WHERE server_id = ? AND member_id = ?",
        *((None,) * 4 if terms is None else astuple(terms)),
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
