"""From a file of unknown kind to what a decoder may see."""

from dataclasses import dataclass

from kleinbot.domain.errors import Code, Refusal
from kleinbot.images.containers import avif, gif, jpeg, png, webp
from kleinbot.images.containers.parts import DamagedError, Parts
from kleinbot.images.exif import orientation_of
from kleinbot.images.formats import Format, format_of
from kleinbot.images.limits import check_bytes, check_size

_WALKS = {
    Format.PNG: png.walk,
    Format.JPEG: jpeg.walk,
    Format.GIF: gif.walk,
    Format.WEBP: webp.walk,
    Format.AVIF: avif.walk,
}


@dataclass(frozen=True)
class Bare:
    """A picture that passed every check that can be made without decoding it.

    ``orientation`` is EXIF's 1…8; ``icc`` a profile's bytes, unchecked, empty where there is none.
    """

    format: Format
    data: bytes
    width_px: int
    height_px: int
    orientation: int
    icc: bytes

    @property
    def pixels(self) -> int:
        return self.width_px * self.height_px


def unwrap(data: bytes) -> Bare:
    """Find out what ``data`` is and reduce it to what its pixels need.

    Raises Refusal PICTURE_NOT_AN_IMAGE, PICTURE_FORMAT_UNSUPPORTED, PICTURE_TOO_MANY_BYTES,
    PICTURE_TOO_MANY_PIXELS, PICTURE_TOO_SMALL, PICTURE_TOO_NARROW or PICTURE_TRUNCATED.
    """
    check_bytes(len(data))
    kind = format_of(data)
    try:
        parts: Parts = _WALKS[kind](data)
    except DamagedError as error:
        raise damaged(kind) from error
    check_size(parts.width_px, parts.height_px)
    orientation = orientation_of(parts.exif)
    return Bare(kind, parts.data, parts.width_px, parts.height_px, orientation, parts.icc)


def damaged(kind: Format) -> Refusal:
    """Return the refusal for a file that is cut short or broken: nobody can tell the two apart for sure."""
    return Refusal(Code.PICTURE_TRUNCATED, format=kind.value)
