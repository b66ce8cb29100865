"""Decodes pictures after all checks that need no decoding. Blocking functions, to be run on a thread."""

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
"""Chosen explicitly, since ``Image.open`` would try fifty formats on untrusted bytes."""

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
"""Every exception that Pillow's plugins were observed to raise for a broken file; they document none.
MemoryError is excluded on purpose: it is the machine's fault, not the file's."""

_ORIENTATION_FIXES = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""The transposition that reverses each EXIF orientation (CIPA DC-008 §4.6.4.1)."""

_END_MARKER = b"\xff\xd9"
_NOISE = bytes(value * 37 % 251 for value in range(512))
_EXTRA_DATA = _NOISE + b"".join(bytes((0xFF, 0xD0 + number)) + _NOISE for number in range(8))
"""Data that changes a truncated JPEG when appended, also at a restart marker (T.81 §B.1.1.3)."""

_BAND_ROWS = 256
_WEBP_BYTES_PER_PIXEL = 20


def decode(bare: Bare) -> Image.Image:
    """Return the first visible frame, upright, as RGB on white.

    Raises Refusal PICTURE_TRUNCATED if the pixels are truncated or broken, and those of ``check_size`` if the
    decoder finds a different size than the header stated. Raises MemoryError if memory runs out.
    """
    try:
        extended = b"" if bare.is_ended else _digest(_first_visible_frame(_with_more_data(bare)))
        picture = _first_visible_frame(bare)
    except Refusal:
        raise
    except BROKEN_FILE as error:
        if "memory" in str(error).lower():  # the libraries report failed allocations as broken files
            raise MemoryError(str(error)) from error
        if bare.format is FileFormat.WEBP:
            # libwebp does not report a failed allocation, so this raises MemoryError in its place.
            bytearray(_WEBP_BYTES_PER_PIXEL * bare.pixels)
        raise damaged(bare.format) from error
    if extended and extended != _digest(picture):
        raise damaged(bare.format)
    return picture


def _with_more_data(bare: Bare) -> Bare:
    """Append data to a JPEG without an end marker. That changes the picture only if it is truncated.

    libjpeg fills missing parts with grey and warns, but Pillow does not pass on its warnings.
    """
    return replace(bare, data=bare.data[: -len(_END_MARKER)] + _EXTRA_DATA + _END_MARKER)


def _digest(picture: Image.Image) -> bytes:
    digest = hashlib.sha256()
    for top in range(0, picture.height, _BAND_ROWS):
        digest.update(picture.crop((0, top, picture.width, min(top + _BAND_ROWS, picture.height))).tobytes())
    return digest.digest()


def _first_visible_frame(bare: Bare) -> Image.Image:
    with _DECODERS[bare.format](io.BytesIO(bare.data)) as image:
        if bare.reduction > 1:
            image.draft(None, (bare.width_px // bare.reduction, bare.height_px // bare.reduction))
        first = _frame(image, bare)
        frames = min(bare.frames, getattr(image, "n_frames", 1)) if bare.frames > 1 else 1
        if frames == 1 or _is_visible(first):
            return first
        first = first.copy()  # the decoder may reuse it for later frames
        return _later_visible_frame(image, bare, frames) or first


def _later_visible_frame(image: ImageFile.ImageFile, bare: Bare, frames: int) -> Image.Image | None:
    """Return the first visible frame after the first; animations often start with an empty one."""
    for number in range(1, frames):
        try:
            image.seek(number)
            frame = _frame(image, bare)
        except BROKEN_FILE:
            return None  # the first frame is intact
        if _is_visible(frame):
            return frame
    return None


def _is_visible(picture: Image.Image) -> bool:
    extremes = cast("tuple[tuple[int, int], ...]", picture.getextrema())
    return any(least != most for least, most in extremes)


def _frame(image: ImageFile.ImageFile, bare: Bare) -> Image.Image:
    """Return the current frame of ``image``, upright, as RGB on white."""
    check_size(image.width, image.height)
    image.load()
    icc, colour, orientation = bare.icc, bare.colour, bare.orientation
    if bare.format is FileFormat.AVIF:  # the decoder resolves its profile and rotation from boxes
        icc = image.info.get("icc_profile") or b""
        colour = None if icc else colour
        orientation = orientation_of(image.info.get("exif") or b"")
    picture = to_srgb(image, icc, colour)
    fix = _ORIENTATION_FIXES.get(orientation)
    return picture if fix is None else picture.transpose(fix)


def decode_bytes(data: bytes) -> Pixels:
    """Unwrap and decode ``data`` at once, for callers on a thread of their own.

    Raises the refusals of ``unwrap`` and ``decode``.
    """
    return pixels_of(decode(unwrap(data)))


def pixels_of(image: Image.Image) -> Pixels:
    return Pixels(image.width, image.height, image.tobytes())
