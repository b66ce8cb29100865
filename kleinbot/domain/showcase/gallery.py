"""How a server's showcase is looked through."""

from dataclasses import dataclass
from enum import StrEnum


class GalleryOrder(StrEnum):
    """The newest first, or those with the most votes. The values are in custom ids and do not change."""

    NEW = "new"
    WEEK = "week"
    MONTH = "month"
    EVER = "ever"


DAYS_OF = {GalleryOrder.WEEK: 7, GalleryOrder.MONTH: 30}
"""A top of a period has what was shared today, by UTC, and on the days before."""


@dataclass(frozen=True)
class GalleryQuery:
    """``member_id``: the only author whose pictures are wanted, newest first; None: everybody's.

    ``text``: words of captions and shown prompts, newest first; empty: no search.
    """

    order: GalleryOrder = GalleryOrder.NEW
    member_id: int | None = None
    text: str = ""

    @property
    def words(self) -> tuple[str, ...]:
        """The distinct words of the text; a repeated word changes no result."""
        return tuple(dict.fromkeys(self.text.casefold().split()))


@dataclass(frozen=True)
class GalleryPlace:
    """Where a page ends: the votes and the id of a publication. Pages begin after it, not at an offset."""

    votes: int
    publication_id: int
