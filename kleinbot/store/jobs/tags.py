"""The fair queue's tags, kept across restarts. 0 stands for None in the key columns."""

from collections.abc import Iterable, Mapping

from kleinbot.domain.tags import Tag
from kleinbot.store.database import Reader, Transaction


async def load(reader: Reader) -> tuple[Tag, ...]:
    """Return every tag."""
    return tuple(
        Tag(
            row["server_id"] or None,
            row["member_id"] or None,
            row["finish"],
            row["virtual"],
        )
        for row in await reader.all("SELECT * FROM queue_tags")
    )


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
        ((tag.server_id or 0, tag.member_id or 0, tag.finish, tag.virtual) for tag in tags),
    )
