"""Servers: what the owner allows each, and what each does."""

from dataclasses import astuple, dataclass

from kleinbot.domain.quota import QuotaTerms
from kleinbot.store import facts
from kleinbot.store.database import Reader, Transaction

_LISTED = """
    SELECT s.server_id, s.share, s.most_tenths, COALESCE(j.number, 0) AS open_jobs,
           COALESCE(e.number, 0) AS pictures, b.reason AS ban_reason
    FROM servers s LEFT JOIN server_bans b ON b.server_id = s.server_id
    LEFT JOIN (SELECT server_id, COUNT(*) AS number FROM jobs WHERE state IN ('queued', 'running')
               GROUP BY server_id) j USING (server_id)
    LEFT JOIN (SELECT server_id, SUM(pictures) AS number FROM jobs INDEXED BY jobs_by_end
               WHERE pictures > 0 AND ended_ms > ? GROUP BY server_id) e USING (server_id)
    ORDER BY pictures DESC, s.server_id
"""

NEWCOMER_FACT = "newcomer_share"
REMEMBER = """
    INSERT INTO servers (server_id, first_seen_ms, share)
    VALUES (?, ?, COALESCE((SELECT CAST(value AS REAL) FROM facts WHERE name = ?), 1.0))
    ON CONFLICT DO NOTHING
"""
"""Parameters: the server's id, the moment (ms) and ``NEWCOMER_FACT``."""


@dataclass(frozen=True)
class ServerRow:
    """A server. ``most_tenths`` None: the owner's default. ``recent_pictures``: of recently ended jobs.

    ``ban_reason``: why it is not served, as the owner noted it; None: it is served.
    """

    server_id: int
    share: float
    most_tenths: int | None
    open_jobs: int
    recent_pictures: int
    ban_reason: str | None = None


@dataclass(frozen=True)
class QueuedServer:
    """A server with open jobs. ``left_ms``: when it removed the bot. ``newest_ms``: its newest open job."""

    server_id: int
    left_ms: int | None
    newest_ms: int


async def listed(reader: Reader, since_ms: int) -> tuple[ServerRow, ...]:
    """Return every known server, those with most pictures since ``since_ms`` first."""
    rows = await reader.all(_LISTED, since_ms)
    return tuple(
        ServerRow(
            server_id=row["server_id"],
            share=row["share"],
            most_tenths=row["most_tenths"],
            open_jobs=row["open_jobs"],
            recent_pictures=row["pictures"],
            ban_reason=row["ban_reason"],
        )
        for row in rows
    )


async def with_open_jobs(reader: Reader) -> list[QueuedServer]:
    """Return the servers with open jobs."""
    rows = await reader.all(
        "SELECT s.server_id, s.left_ms, MAX(j.created_ms) FROM jobs j JOIN servers s USING (server_id)"
        " WHERE j.state IN ('queued', 'running') GROUP BY s.server_id"
    )
    return [QueuedServer(row[0], row[1], row[2]) for row in rows]


async def note_left(transaction: Transaction, server_id: int, left_ms: int | None) -> None:
    """Record when the server was found to have removed the bot; None: the bot is in it."""
    await transaction.change("UPDATE servers SET left_ms = ? WHERE server_id = ?", left_ms, server_id)


async def is_known(reader: Reader, server_id: int) -> bool:
    return await reader.one("SELECT 1 FROM servers WHERE server_id = ?", server_id) is not None


async def remember(transaction: Transaction, server_id: int, now_ms: int) -> None:
    """Create the server's row if it is missing."""
    await transaction.change(REMEMBER, server_id, now_ms, NEWCOMER_FACT)


async def newcomer_share(reader: Reader) -> float | None:
    """Return the share of a new server; None: all start with 1, since no first start was recorded yet."""
    value = await facts.get(reader, NEWCOMER_FACT)
    return None if value is None else float(value)


async def set_newcomer_share(transaction: Transaction, share: float) -> None:
    """Set the share of servers that have no row yet."""
    await facts.note(transaction, NEWCOMER_FACT, str(share))


async def set_share(transaction: Transaction, server_id: int, share: float) -> None:
    """Set a server's share of the GPU, relative to the other servers with work; above 0."""
    await transaction.change("UPDATE servers SET share = ? WHERE server_id = ?", share, server_id)


async def set_most(transaction: Transaction, server_id: int, most_tenths: int) -> None:
    """Set the most that one member of the server may be given."""
    await transaction.change("UPDATE servers SET most_tenths = ? WHERE server_id = ?", most_tenths, server_id)


async def set_default_quota(transaction: Transaction, server_id: int, terms: QuotaTerms | None) -> None:
    """Set the rule of the server's members without their own; None: the owner's default."""
    await transaction.change(
        "UPDATE servers SET quota_tenths = ?, quota_hours = ?, quota_hourly_tenths = ?,"
        " quota_burst_tenths = ? WHERE server_id = ?",
        *((None,) * 4 if terms is None else astuple(terms)),
        server_id,
    )


async def shares(reader: Reader) -> dict[int, float]:
    """Return the share of every known server."""
    rows = await reader.all("SELECT server_id, share FROM servers")
    return {row[0]: row[1] for row in rows}
