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
class Reference:
    """One input picture as archived: a PNG of exactly ``grid``, owned by its job."""

    position: int
    role: Role
    file: str
    sha256: str
    grid: Grid
