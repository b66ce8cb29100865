"""The buttons of a post in the showcase that no result has."""

from dataclasses import dataclass
from typing import Annotated

from kleinbot.chat.core.buttons import Codec, PersistentButton

_PublicationId = Annotated[int, Codec(r"\d{1,18}", int)]


@dataclass(frozen=True)
class VoteButton(PersistentButton, name="vote"):
    """Votes for a picture, or takes the vote back. Its label is the number of votes."""

    publication_id: _PublicationId


@dataclass(frozen=True)
class WithdrawButton(PersistentButton, name="unshare"):
    """Takes a picture out of the showcase. Every post has it: by its custom id, a post is found again."""

    publication_id: _PublicationId
