"""Pictures that members share in the showcase of their server."""

from dataclasses import dataclass
from enum import StrEnum

from kleinbot.domain.job_spec import ImageKey

CAPTION_CHARACTERS = 300


class PublicationState(StrEnum):
    """HIDDEN: by moderators, with its result. ENDED: withdrawn, deleted or lost; that is for good."""

    SHOWN = "shown"
    HIDDEN = "hidden"
    ENDED = "ended"


@dataclass(frozen=True)
class ShareChoices:
    """What an author decides. ``others_may_edit``: whether others may edit and vary the picture."""

    caption: str = ""
    shows_prompt: bool = True
    others_may_edit: bool = True
    spoiler: bool = False


@dataclass(frozen=True)
class Publication:
    """A picture in the showcase.

    ``channel_id``: of the post. ``message_id``: the post; None: it is not known to be there. ``post_file``:
    the name of the picture's file in the post. ``votes``: of members who are not banned.
    """

    publication_id: int
    server_id: int
    member_id: int
    key: ImageKey
    choices: ShareChoices
    state: PublicationState
    votes: int
    made_ms: int
    channel_id: int
    message_id: int | None
    post_file: str

    @property
    def link(self) -> str:
        """Where the post is, or at least its channel."""
        where = f"https://discord.com/channels/{self.server_id}/{self.channel_id}"
        return where if self.message_id is None else f"{where}/{self.message_id}"
