"""The buttons of a post in the showcase that no result has."""

from dataclasses import dataclass
from typing import Annotated

from kleinbot.chat.core.buttons import Codec, PersistentButton, one_of
from kleinbot.domain.showcase.gallery import GalleryOrder

_PublicationId = Annotated[int, Codec(r"\d{1,18}", int)]

SEARCH_CHARACTERS = 34
"""So much of a search text fits into a custom id, which has 100 characters, beside the other fields."""

_SearchText = Annotated[str, Codec("~.*", lambda text: text[1:], lambda text: f"~{text[:SEARCH_CHARACTERS]}")]


@dataclass(frozen=True)
class VoteButton(PersistentButton, name="vote"):
    """Votes for a picture, or takes the vote back. Its label is the number of votes."""

    publication_id: _PublicationId


@dataclass(frozen=True)
class WithdrawButton(PersistentButton, name="unshare"):
    """Takes a picture out of the showcase. Every post has it: by its custom id, a post is found again."""

    publication_id: _PublicationId


@dataclass(frozen=True)
class GalleryButton(PersistentButton, name="gal"):
    """Turns a page of the gallery: to what comes after a publication, or before it."""

    older: Annotated[bool, Codec("[on]", lambda text: text == "o", lambda older: "o" if older else "n")]
    order: Annotated[GalleryOrder, one_of(GalleryOrder)]
    votes: Annotated[int, Codec(r"\d{1,9}", int)]
    publication_id: _PublicationId
    member_id: Annotated[int, Codec(r"\d{1,19}", lambda text: min(int(text), 2**63 - 1))] | None = None
    text: _SearchText | None = None
