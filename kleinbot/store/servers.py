"""Servers: what the host allows each, and what each does."""

from dataclasses import dataclass

from kleinbot.store import facts
from kleinbot.store.database import Reader, Transaction

_LISTED = """
    SELECT s.server_id, s.share, s.most_tenths, COALESCE(j.number, 0) AS open_jobs,
           COALESCE(e.number, 0) AS pictures
    FROM servers s
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
"""Asked with a server's id, the moment (ms) and ``NEWCOMER_FACT``."""


@dataclass(frozen=True)
class ServerRow:
    """``most_tenths`` None: the host's default. ``recent_pictures``: of jobs ended since the asked moment."""

    server_id: int
    share: float
    most_tenths: int | None
    open_jobs: int
    recent_pictures: int


@dataclass(frozen=True)
class ServerInLine:
    """``left_ms``: since when the bot is gone, None: it is not. ``newest_ms``: of its open jobs."""

    server_id: int
    left_ms: int | None
    newest_ms: int


async def listed(reader: Reader, since_ms: int) -> tuple[ServerRow, ...]:
    """Return every server that was ever seen, the busiest since ``since_ms`` first."""
    rows = await reader.all(_LISTED, since_ms)
    return tuple(
        ServerRow(row["server_id"], row["share"], row["most_tenths"], row["open_jobs"], row["pictures"])
        for row in rows
    )


async def with_open_jobs(reader: Reader) -> list[ServerInLine]:
    """Return the servers with jobs in line."""
    rows = await reader.all(
        "SELECT s.server_id, s.left_ms, MAX(j.created_ms) FROM jobs j JOIN servers s USING (server_id)"
        " WHERE j.state IN ('queued', 'running') GROUP BY s.server_id"
    )
    return [ServerInLine(row[0], row[1], row[2]) for row in rows]


async def note_left(transaction: Transaction, server_id: int, left_ms: int | None) -> None:
    """Note when it was found that the server has removed the bot; None: the bot is there."""
    await transaction.change("UPDATE servers SET left_ms = ? WHERE server_id = ?", left_ms, server_id)


async def is_known(reader: Reader, server_id: int) -> bool:
    return await reader.one("SELECT 1 FROM servers WHERE server_id = ?", server_id) is not None


async def remember(transaction: Transaction, server_id: int, now_ms: int) -> None:
    """Make sure that the server has its row."""
    await transaction.change(REMEMBER, server_id, now_ms, NEWCOMER_FACT)


async def newcomer_share(reader: Reader) -> float | None:
    """Return the share with which a server begins; None: all begin with 1, as nobody was welcomed yet."""
    value = await facts.recall(reader, NEWCOMER_FACT)
    return None if value is None else float(value)


async def set_newcomer_share(transaction: Transaction, share: float) -> None:
    """Let every server that has no row yet begin with ``share``."""
    await facts.note(transaction, NEWCOMER_FACT, str(share))


async def set_share(transaction: Transaction, server_id: int, share: float) -> None:
    """Set a server's share of the card, relative to the other servers with work; above 0."""
    await transaction.change("UPDATE servers SET share = ? WHERE server_id = ?", share, server_id)


async def set_most(transaction: Transaction, server_id: int, most_tenths: int) -> None:
    """Set what one member of the server may be given at most."""
    await transaction.change("UPDATE servers SET most_tenths = ? WHERE server_id = ?", most_tenths, server_id)


async def set_default_quota(transaction: Transaction, server_id: int, limit_tenths: int | None) -> None:
    """Set the limit of the server's members who have none of their own; None: the host's default."""
    await transaction.change(
        "UPDATE servers SET quota_tenths = ? WHERE server_id = ?", limit_tenths, server_id
    )


async def shares(reader: Reader) -> dict[int, float]:
    """Return the share of every server that was ever seen."""
    rows = await reader.all("SELECT server_id, share FROM servers")
    return {row[0]: row[1] for row in rows}
