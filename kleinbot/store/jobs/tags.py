"""The fair queue's tags, kept across restarts. 0 stands for None in the key columns.

A member has no virtual time, so the column ``virtual`` holds what the member owes.
"""

import sqlite3
from collections.abc import Iterable, Mapping

from kleinbot.domain.tags import Tag
from kleinbot.store.database import Reader, Transaction


async def load(reader: Reader) -> tuple[Tag, ...]:
    """Return every tag."""
    return tuple(_tag(row) for row in await reader.all("SELECT * FROM queue_tags"))


async def replace(transaction: Transaction, tags: Iterable[Tag]) -> None:
    """Replace all tags with ``tags``, since a leftover low tag would act as a credit."""
    await transaction.change("DELETE FROM queue_tags")
    await _write(transaction, tags)


async def keep(transaction: Transaction, changed: Mapping[tuple[int | None, int | None], Tag | None]) -> None:
    """Store the changed tags and delete those that are None."""
    gone = [(server or 0, member or 0) for (server, member), tag in changed.items() if tag is None]
    await transaction.change_each("DELETE FROM queue_tags WHERE server_id = ? AND member_id = ?", gone)
    await _write(transaction, [tag for tag in changed.values() if tag is not None])


async def _write(transaction: Transaction, tags: Iterable[Tag]) -> None:
    await transaction.change_each(
        "INSERT OR REPLACE INTO queue_tags (server_id, member_id, finish, virtual) VALUES (?, ?, ?, ?)",
        (
            (tag.server_id or 0, tag.member_id or 0, tag.finish, tag.owed if tag.member_id else tag.virtual)
            for tag in tags
        ),
    )


def _tag(row: sqlite3.Row) -> Tag:
    server_id, member_id, finish = row["server_id"] or None, row["member_id"] or None, row["finish"]
    if member_id is None:
        return Tag(server_id, None, finish, row["virtual"])
    return Tag(server_id, member_id, finish, 0, owed=row["virtual"])
