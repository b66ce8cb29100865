"""What the line's fairness remembers over a restart. 0 stands for "none" in the key columns."""

from collections.abc import Iterable

from kleinbot.domain.job import Lane
from kleinbot.domain.tags import Tag
from kleinbot.store.database import Reader, Transaction


async def load(reader: Reader) -> tuple[Tag, ...]:
    """Return every tag."""
    return tuple(
        Tag(
            Lane(row["lane"]),
            row["server_id"] or None,
            row["member_id"] or None,
            row["finish"],
            row["virtual"],
        )
        for row in await reader.all("SELECT * FROM queue_tags")
    )


async def replace(transaction: Transaction, tags: Iterable[Tag]) -> None:
    """Set the tags; a row that is not among them is gone, since an old low tag would be a credit."""
    await transaction.change("DELETE FROM queue_tags")
    await transaction.change_each(
        "INSERT INTO queue_tags (lane, server_id, member_id, finish, virtual) VALUES (?, ?, ?, ?, ?)",
        ((tag.lane, tag.server_id or 0, tag.member_id or 0, tag.finish, tag.virtual) for tag in tags),
    )
