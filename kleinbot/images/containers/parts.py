"""The result of every container parser."""

from dataclasses import dataclass

from kleinbot.images.colour.stated_colour import StatedColour
from kleinbot.images.limits import MAX_PIXELS

_MOST_FRAMES = 50


class DamagedError(ValueError):
    """The file's own structure is broken."""


@dataclass(frozen=True)
class ContainerParts:
    """A picture's ``data`` for the decoder, its size in pixels, and its metadata about pixels.

    ``exif`` and ``icc``: raw, unchecked blocks, empty if missing. ``colour``: stated in numbers; it takes
    precedence over a profile. ``is_ended`` False: only the decoder can detect whether the picture is
    complete. ``frames``: how many may be searched for a visible one. ``most_pixels``: the decoder's limit,
    above ``MAX_PIXELS`` if it scales down.
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
    """Return how many frames of ``pixels`` are searched for a visible one."""
    return max(1, min(_MOST_FRAMES, 2 * MAX_PIXELS // max(pixels, 1)))
