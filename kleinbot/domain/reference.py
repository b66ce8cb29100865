"""The input pictures of a job."""

from dataclasses import dataclass
from enum import StrEnum

from kleinbot.domain.geometry import Grid

MOST_INPUTS = 4
"""What BFL documents for Klein: the picture that is edited and three more."""


class Role(StrEnum):
    REFERENCE = "reference"
    """The transformer looks at it."""
    START = "start"
    """Denoising begins at its latents: a variation of a picture that we did not make."""


@dataclass(frozen=True)
class Reference:
    """One input picture as the archive keeps it: a PNG of exactly ``grid``, owned by its job."""

    position: int
    role: Role
    file: str
    sha256: str
    grid: Grid
