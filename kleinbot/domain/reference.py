"""The input pictures of a job."""

from dataclasses import dataclass
from enum import StrEnum

from kleinbot.domain.geometry import Grid

MOST_INPUTS = 4
"""Black Forest Labs' documented limit for Klein: the edited picture and three more."""


class Role(StrEnum):
    REFERENCE = "reference"
    """The transformer attends to it."""
    START = "start"
    """Denoising starts from its latents: a variation of a picture that we did not make."""


@dataclass(frozen=True)
class Origin:
    """Where an input picture came from. None: unknown.

    ``author_id``: the person whose picture it is. ``message_id``, ``attachment_id``: Discord's message and
    attachment that held it, if it was not attached to the command itself.
    """

    author_id: int | None = None
    message_id: int | None = None
    attachment_id: int | None = None


UNKNOWN_ORIGIN = Origin()


@dataclass(frozen=True)
class Reference:
    """One input picture as archived: a PNG of exactly ``grid``, owned by its job."""

    position: int
    role: Role
    file: str
    sha256: str
    grid: Grid
    origin: Origin = UNKNOWN_ORIGIN
