"""Decoding, once everything that can be known beforehand is known. Plain functions for a thread."""

import hashlib
import io
import struct
import zlib
from dataclasses import replace
from typing import cast

from PIL import (
    AvifImagePlugin,
    GifImagePlugin,
    Image,
    ImageFile,
    JpegImagePlugin,
    PngImagePlugin,
    WebPImagePlugin,
)

from kleinbot.domain.errors import Refusal
from kleinbot.domain.pictures import Pixels
from kleinbot.images.colour.to_srgb import to_srgb
from kleinbot.images.containers.bare import Bare, damaged, unwrap
from kleinbot.images.exif import orientation_of
from kleinbot.images.formats import FileFormat
from kleinbot.images.limits import check_size

_DECODERS: dict[FileFormat, type[ImageFile.ImageFile]] = {
    FileFormat.PNG: PngImagePlugin.PngImageFile,
    FileFormat.JPEG: JpegImagePlugin.JpegImageFile,
    FileFormat.GIF: GifImagePlugin.GifImageFile,
    FileFormat.WEBP: WebPImagePlugin.WebPImageFile,
    FileFormat.AVIF: AvifImagePlugin.AvifImageFile,
}
"""Named, not guessed: ``Image.open`` would try fifty formats on bytes from a stranger."""

BROKEN_FILE = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    LookupError,
    EOFError,
    ArithmeticError,
    RuntimeError,
    AttributeError,
    AssertionError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
)
"""All that Pillow's plugins have been seen to raise for a broken file; they promise no error of their own.
MemoryError is missing on purpose: that is the host's trouble, not the file's."""

_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What undoes each EXIF orientation (CIPA DC-008 §4.6.4.1)."""

_END = b"\xff\xd9"
_NOISE = bytes(value * 37 % 251 for value in range(512))
_MORE = _NOISE + b"".join(bytes((0xFF, 0xD0 + number)) + _NOISE for number in range(8))
"""What changes a JPEG that goes on, also at one of its restart markers (T.81 §B.1.1.3)."""

_BAND_ROWS = 256
_WEBP_BYTES_PER_PIXEL = 20


def decode(bare: Bare) -> Image.Image:
    """Return the first frame that shows something, upright, as RGB on white.

    Raises Refusal PICTURE_TRUNCATED where the pixels are cut short or broken, and those of ``check_size``
    where the decoder finds another size than the header stated. Raises MemoryError where memory ends.
    """
    try:
        beyond = b"" if bare.is_ended else _digest(_first_shown(_gone_on(bare)))
        picture = _first_shown(bare)
    except Refusal:
        raise
    except BROKEN_FILE as error:
        if "memory" in str(error).lower():  # libraries' own allocations fail as broken files do
            raise MemoryError(str(error)) from error
        if bare.format is FileFormat.WEBP:
            bytearray(
                _WEBP_BYTES_PER_PIXEL * bare.pixels
            )  # libwebp does not say that it had no room for this
        raise damaged(bare.format) from error
    if beyond and beyond != _digest(picture):
        raise damaged(bare.format)
    return picture


def _gone_on(bare: Bare) -> Bare:
    """Return a JPEG without end as if its data went on: that changes only a picture of which some is missing.

    Pillow does not tell what libjpeg warns about, which fills what is missing with grey.
    """
    return replace(bare, data=bare.data[: -len(_END)] + _MORE + _END)


def _digest(picture: Image.Image) -> bytes:
    digest = hashlib.sha256()
    for top in range(0, picture.height, _BAND_ROWS):
        digest.update(picture.crop((0, top, picture.width, min(top + _BAND_ROWS, picture.height))).tobytes())
    return digest.digest()


def _first_shown(bare: Bare) -> Image.Image:
    with _DECODERS[bare.format](io.BytesIO(bare.data)) as image:
        if bare.reduction > 1:
            image.draft(None, (bare.width_px // bare.reduction, bare.height_px // bare.reduction))
        first = _frame(image, bare)
        frames = min(bare.frames, getattr(image, "n_frames", 1)) if bare.frames > 1 else 1
        if frames == 1 or _shows_something(first):
            return first
        first = first.copy()  # it may be what the decoder goes on with
        return _later(image, bare, frames) or first


def _later(image: ImageFile.ImageFile, bare: Bare, frames: int) -> Image.Image | None:
    """Return the first of the later frames that shows something: films often begin with an empty one."""
    for number in range(1, frames):
        try:
            image.seek(number)
            frame = _frame(image, bare)
        except BROKEN_FILE:
            return None  # the first is whole
        if _shows_something(frame):
            return frame
    return None


def _shows_something(picture: Image.Image) -> bool:
    extremes = cast("tuple[tuple[int, int], ...]", picture.getextrema())
    return any(least != most for least, most in extremes)


def _frame(image: ImageFile.ImageFile, bare: Bare) -> Image.Image:
    """Return the frame at which ``image`` stands, upright, as RGB on white."""
    check_size(image.width, image.height)
    image.load()
    icc, colour, orientation = bare.icc, bare.colour, bare.orientation
    if bare.format is FileFormat.AVIF:  # its profile and rotation lie in boxes that the decoder resolves
        icc = image.info.get("icc_profile") or b""
        colour = None if icc else colour
        orientation = orientation_of(image.info.get("exif") or b"")
    picture = to_srgb(image, icc, colour)
    turn = _TURNS.get(orientation)
    return picture if turn is None else picture.transpose(turn)


def decode_bytes(data: bytes) -> Pixels:
    """Return the picture in ``data``: everything at once, for callers that have a thread of their own.

    Raises the refusals of ``unwrap`` and ``decode``.
    """
    return pixels_of(decode(unwrap(data)))


def pixels_of(image: Image.Image) -> Pixels:
    return Pixels(image.width, image.height, image.tobytes())
