"""What every walker through a file gives back."""

from dataclasses import dataclass


class DamagedError(ValueError):
    """The file's own structure is broken."""


@dataclass(frozen=True)
class Parts:
    """A picture's ``data`` for the decoder, its size in pixels, and what it says about its pixels.

    ``exif`` and ``icc`` are raw blocks, empty where there are none; they are not checked yet.
    """

    data: bytes
    width_px: int
    height_px: int
    exif: bytes = b""
    icc: bytes = b""
