"""Who asked that everything about them be deleted, how far that is, and what stays for a while."""

from dataclasses import dataclass

from kleinbot.domain.clock import DAY_MS
from kleinbot.domain.people import MemberKey
from kleinbot.store.database import Reader, Transaction
from kleinbot.store.members import members

AUDIT_KEPT_MS = 180 * DAY_MS
"""How long the audit names a person who asked for deletion."""

_PAGE_ROWS = 100


@dataclass(frozen=True)
class Erasure:
    """A person's deletion. ``waits``: only what stays for a while is left."""

    member_id: int
    asked_ms: int
    waits: bool


async def begin(transaction: Transaction, member_id: int, now_ms: int) -> None:
    """Note that everything about a person is to be deleted; also once more while something stays."""
    await transaction.change(
        "INSERT INTO erasures (member_id, asked_ms, state) VALUES (?, ?, 'begun') ON CONFLICT (member_id)"
        " DO UPDATE SET asked_ms = excluded.asked_ms, state = 'begun'",
        member_id,
        now_ms,
    )


async def of_person(reader: Reader, member_id: int) -> Erasure | None:
    row = await reader.one("SELECT member_id, asked_ms, state FROM erasures WHERE member_id = ?", member_id)
    return None if row is None else Erasure(row[0], row[1], row[2] == "waits")


async def is_begun(reader: Reader, member_id: int) -> bool:
    """Return whether a person's data are being deleted at the moment."""
    erasure = await of_person(reader, member_id)
    return erasure is not None and not erasure.waits


async def listed(reader: Reader) -> list[Erasure]:
    """Return every deletion that has not come to its end."""
    rows = await reader.all("SELECT member_id, asked_ms, state FROM erasures ORDER BY asked_ms")
    return [Erasure(row[0], row[1], row[2] == "waits") for row in rows]


async def wait(transaction: Transaction, member_id: int) -> None:
    """Note that only what stays for a while is left: the ledger's entries of now and the audit's rows."""
    await transaction.change(
        "UPDATE erasures SET state = 'waits', last_entry_id = COALESCE((SELECT MAX(entry_id) FROM ledger), 0)"
        " WHERE member_id = ? AND state = 'begun'",
        member_id,
    )


async def erase_spent(transaction: Transaction, member: MemberKey, until_ms: int, now_ms: int) -> bool:
    """Delete a page of a member's ledger that no longer counts: up to ``until_ms``, and of expired grants.

    Return whether there may be more.
    """
    gone = await transaction.change(
        "DELETE FROM ledger WHERE entry_id IN (SELECT l.entry_id FROM ledger l INDEXED BY ledger_of_member"
        " LEFT JOIN grants g USING (grant_id)"
        " WHERE l.server_id = ?1 AND l.member_id = ?2 AND l.counts_ms <= ?3"
        " AND (g.grant_id IS NULL OR g.expires_ms <= ?4)"
        " AND l.entry_id <= (SELECT last_entry_id FROM erasures WHERE member_id = ?2) LIMIT ?5)",
        member.server_id, member.member_id, until_ms, now_ms, _PAGE_ROWS,
    )  # fmt: skip
    return gone >= _PAGE_ROWS


async def forget_member(transaction: Transaction, member: MemberKey, now_ms: int) -> bool:
    """Delete a member's expired grants, queue tag and row, if nothing of the ledger needs them any more.

    Return whether nothing of the time before the deletion is left. Whoever has come back keeps their row.
    """
    key = (member.server_id, member.member_id)
    if await transaction.one(
        "SELECT 1 FROM ledger INDEXED BY ledger_of_member WHERE server_id = ?1 AND member_id = ?2"
        " AND entry_id <= (SELECT last_entry_id FROM erasures WHERE member_id = ?2) LIMIT 1",
        *key,
    ):
        return False
    await transaction.change(
        "DELETE FROM grants WHERE server_id = ?1 AND member_id = ?2 AND expires_ms <= ?3"
        " AND NOT EXISTS (SELECT 1 FROM ledger l WHERE l.grant_id = grants.grant_id)",
        *key,
        now_ms,
    )
    if await _is_active(transaction, key):
        return True
    await transaction.change("DELETE FROM queue_tags WHERE server_id = ? AND member_id = ?", *key)
    await transaction.change("DELETE FROM notices_read WHERE server_id = ? AND member_id = ?", *key)
    await transaction.change("DELETE FROM member_look_ups WHERE server_id = ? AND member_id = ?", *key)
    await transaction.change("DELETE FROM member_settings WHERE server_id = ? AND member_id = ?", *key)
    await transaction.change("DELETE FROM members WHERE server_id = ? AND member_id = ?", *key)
    return True


async def _is_active(reader: Reader, key: tuple[int, int]) -> bool:
    """Return whether a member has done anything since the deletion, or may still be given something."""
    for table in ("jobs", "ledger", "grants"):
        if await reader.one(
            f"SELECT 1 FROM {table} WHERE server_id = ? AND member_id = ? LIMIT 1",  # noqa: S608 - a name of ours
            *key,
        ):
            return True
    return False


async def is_audited(reader: Reader, member_id: int) -> bool:
    """Return whether the audit names a person."""
    return (
        await reader.one(
            "SELECT 1 WHERE EXISTS (SELECT 1 FROM audit WHERE actor_id = ?1)"
            " OR EXISTS (SELECT 1 FROM audit WHERE member_id = ?1 AND member_id IS NOT NULL)",
            member_id,
        )
        is not None
    )


async def counts_until_ms(reader: Reader, member_id: int, window_ms: int) -> int | None:
    """Return until when something that a person spent or was given counts; None if there is nothing."""
    found = []
    for row in await reader.all(
        "SELECT (SELECT MAX(l.counts_ms) FROM ledger l INDEXED BY ledger_of_member"
        "        WHERE l.server_id = s.server_id AND l.member_id = ?1) + ?2,"
        " (SELECT MAX(g.expires_ms) FROM grants g INDEXED BY grants_of_member"
        "  WHERE g.server_id = s.server_id AND g.member_id = ?1) FROM servers s",
        member_id,
        window_ms,
    ):
        found += [moment for moment in (row[0], row[1]) if moment is not None]
    return max(found, default=None)


async def is_banned(reader: Reader, member_id: int, now_ms: int) -> bool:
    """Return whether a ban or time-out of a person holds in any server."""
    row = await reader.one(
        "SELECT 1 FROM servers s CROSS JOIN bans b ON b.server_id = s.server_id AND b.member_id = ?1"
        " WHERE b.until_ms IS NULL OR b.until_ms > ?2"
        " UNION ALL SELECT 1 FROM servers s CROSS JOIN kept_bans k ON k.server_id = s.server_id"
        " AND k.member_hash = keyed_hash(s.server_id, ?1)"
        " WHERE k.until_ms IS NULL OR k.until_ms > ?2 LIMIT 1",
        member_id,
        now_ms,
    )
    return row is not None


async def forget_audited(transaction: Transaction, member_id: int, until_ms: int) -> bool:
    """Take a person out of a page of the audit's rows up to ``until_ms``. Return whether all are done."""
    changed = await transaction.change(
        "UPDATE audit SET actor_id = iif(actor_id = ?1, 0, actor_id), details = '{}',"
        " member_id = iif(member_id = ?1, NULL, member_id) WHERE audit_id IN"
        " (SELECT * FROM (SELECT audit_id FROM audit WHERE actor_id = ?1 AND made_ms <= ?2 LIMIT ?3)"
        "  UNION ALL SELECT * FROM (SELECT audit_id FROM audit"
        "   WHERE member_id = ?1 AND member_id IS NOT NULL AND made_ms <= ?2 LIMIT ?3))",
        member_id, until_ms, _PAGE_ROWS,
    )  # fmt: skip
    return changed == 0


async def end(transaction: Transaction, member_id: int) -> None:
    """Forget that a person asked: nothing is left."""
    await transaction.change("DELETE FROM erasures WHERE member_id = ? AND state = 'waits'", member_id)


async def make_nobody(transaction: Transaction, server_id: int, nobody_id: int, now_ms: int) -> None:
    """Create the row of nobody in a server, to whom what is left of deleted jobs belongs."""
    await members.remember(transaction, MemberKey(server_id, nobody_id), now_ms)


async def may_export(transaction: Transaction, member_id: int, now_ms: int, every_ms: int) -> int | None:
    """Note that a person has their data given out now. Return None, or when they may the next time (ms)."""
    row = await transaction.one("SELECT asked_ms FROM exports WHERE member_id = ?", member_id)
    # A moment in the future was noted while the clock ran ahead.
    if row is not None and row[0] <= now_ms < row[0] + every_ms:
        return int(row[0]) + every_ms
    await transaction.change(
        "INSERT INTO exports (member_id, asked_ms) VALUES (?, ?) ON CONFLICT (member_id)"
        " DO UPDATE SET asked_ms = excluded.asked_ms",
        member_id,
        now_ms,
    )
    return None


async def next_begun(reader: Reader) -> int | None:
    """Return the person whose deletion is to go on now, or None."""
    row = await reader.one("SELECT member_id FROM erasures WHERE state = 'begun' ORDER BY asked_ms LIMIT 1")
    return None if row is None else int(row[0])
