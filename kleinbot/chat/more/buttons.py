"""The button *More …* under a result, and those of the list that it opens."""

from dataclasses import dataclass
from typing import Annotated

from kleinbot.chat.core.buttons import Codec, JobId, PersistentButton, Position
from kleinbot.chat.more.actions import NAME


@dataclass(frozen=True)
class MoreButton(PersistentButton, name="more"):
    """Opens the list. With a position, it is in the list itself and chooses another picture of the job."""

    job_id: JobId
    position: Position | None = None


@dataclass(frozen=True)
class MoreActionButton(PersistentButton, name="do"):
    """Does what an entry of the list says. Entries that a later version lacks are answered all the same."""

    job_id: JobId
    position: Position
    action: Annotated[str, Codec(NAME)]
