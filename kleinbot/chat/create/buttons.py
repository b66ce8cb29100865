"""The buttons under a result that make new images from it."""

from dataclasses import dataclass
from typing import Annotated

from kleinbot.chat.core.buttons import JobId, PersistentButton, Position, one_of
from kleinbot.domain.noise import Strength


@dataclass(frozen=True)
class VaryButton(PersistentButton, name="vary"):
    """Makes as many variations of one image as its job has images."""

    job_id: JobId
    position: Position
    strength: Annotated[Strength, one_of(Strength)]


@dataclass(frozen=True)
class RerollButton(PersistentButton, name="reroll"):
    """Makes the job again with other seeds."""

    job_id: JobId


@dataclass(frozen=True)
class EditButton(PersistentButton, name="edit"):
    """Opens the modal for an edit of one image."""

    job_id: JobId
    position: Position
