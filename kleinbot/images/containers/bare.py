"""Reduces a file of unknown format to what a decoder may see."""

from dataclasses import dataclass

from kleinbot.domain.errors import Code, Refusal
from kleinbot.images.colour.stated_colour import StatedColour
from kleinbot.images.containers import avif, gif, jpeg, png, webp
from kleinbot.images.containers.parts import ContainerParts, DamagedError
from kleinbot.images.exif import orientation_of
from kleinbot.images.formats import FileFormat, format_of
from kleinbot.images.limits import MAX_PIXELS, check_bytes, check_size

_WALKS = {
    FileFormat.PNG: png.walk,
    FileFormat.JPEG: jpeg.walk,
    FileFormat.GIF: gif.walk,
    FileFormat.WEBP: webp.walk,
    FileFormat.AVIF: avif.walk,
}


@dataclass(frozen=True)
class Bare:
    """A picture that passed every check that needs no decoding.

    ``orientation``: EXIF's 1…8. ``icc``: a profile's unchecked bytes, empty if there is none. ``reduction``:
    each side is decoded at 1/``reduction`` of its length. For the rest see ``ContainerParts``.
    """

    format: FileFormat
    data: bytes
    width_px: int
    height_px: int
    orientation: int
    icc: bytes
    colour: StatedColour | None = None
    is_ended: bool = True
    frames: int = 1
    reduction: int = 1

    @property
    def pixels(self) -> int:
        """The picture's pixels, at most as many as its decoding holds in memory."""
        return min(self.width_px * self.height_px, MAX_PIXELS)


def unwrap(data: bytes) -> Bare:
    """Detect the format of ``data`` and reduce it to what its pixels need.

    Raises Refusal PICTURE_NOT_AN_IMAGE, PICTURE_FORMAT_UNSUPPORTED, PICTURE_TOO_MANY_BYTES,
    PICTURE_TOO_MANY_PIXELS, PICTURE_TOO_SMALL, PICTURE_TOO_NARROW or PICTURE_TRUNCATED.
    """
    check_bytes(len(data))
    kind = format_of(data)
    try:
        parts: ContainerParts = _WALKS[kind](data)
    except DamagedError as error:
        raise damaged(kind) from error
    check_size(parts.width_px, parts.height_px, parts.most_pixels)
    return Bare(
        kind,
        parts.data,
        parts.width_px,
        parts.height_px,
        orientation_of(parts.exif),
        parts.icc,
        parts.colour,
        parts.is_ended,
        parts.frames,
        _reduction(parts.width_px * parts.height_px),
    )


def _reduction(pixels: int) -> int:
    """Return the smallest of JPEG's scales (T.81's blocks of 8) that brings ``pixels`` within the limit."""
    return next(scale for scale in (1, 2, 4, 8) if pixels <= MAX_PIXELS * scale**2)


def damaged(kind: FileFormat) -> Refusal:
    """Return the refusal for a truncated or broken file; the two cannot be distinguished reliably."""
    return Refusal(Code.PICTURE_TRUNCATED, format=kind.value)
