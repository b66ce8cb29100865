"""What every walker through a file gives back."""

from dataclasses import dataclass

from kleinbot.images.colour.stated_colour import StatedColour
from kleinbot.images.limits import MAX_PIXELS

_MOST_FRAMES = 50


class DamagedError(ValueError):
    """The file's own structure is broken."""


@dataclass(frozen=True)
class ContainerParts:
    """A picture's ``data`` for the decoder, its size in pixels, and what it says about its pixels.

    ``exif`` and ``icc`` are raw blocks, empty where there are none; they are not checked yet. ``colour`` is
    what the file states in numbers; it counts more than a profile. ``is_ended`` is False where only the
    decoder can tell whether all of the picture is there. ``frames``: how many may be looked through.
    ``most_pixels`` is what the decoder may be given: more than ``MAX_PIXELS`` where it scales down.
    """

    data: bytes
    width_px: int
    height_px: int
    exif: bytes = b""
    icc: bytes = b""
    colour: StatedColour | None = None
    is_ended: bool = True
    frames: int = 1
    most_pixels: int = MAX_PIXELS


def most_frames(pixels: int) -> int:
    """Return how many frames of ``pixels`` are looked through for one that shows something."""
    return max(1, min(_MOST_FRAMES, 2 * MAX_PIXELS // max(pixels, 1)))
