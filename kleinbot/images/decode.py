"""Decoding, once everything that can be known beforehand is known. Plain functions for a thread."""

import io
import struct
import zlib

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
from kleinbot.domain.pixels import Pixels
from kleinbot.images.colour import to_srgb
from kleinbot.images.containers.bare import Bare, damaged, unwrap
from kleinbot.images.exif import orientation_of
from kleinbot.images.formats import Format
from kleinbot.images.limits import check_size

_DECODERS: dict[Format, type[ImageFile.ImageFile]] = {
    Format.PNG: PngImagePlugin.PngImageFile,
    Format.JPEG: JpegImagePlugin.JpegImageFile,
    Format.GIF: GifImagePlugin.GifImageFile,
    Format.WEBP: WebPImagePlugin.WebPImageFile,
    Format.AVIF: AvifImagePlugin.AvifImageFile,
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


def decode(bare: Bare) -> Image.Image:
    """Return the first frame upright, as RGB on white.

    Raises Refusal PICTURE_TRUNCATED where the pixels are cut short or broken, and those of ``check_size``
    where the decoder finds another size than the header stated.
    """
    try:
        with _DECODERS[bare.format](io.BytesIO(bare.data)) as image:
            check_size(image.width, image.height)
            image.load()
            icc, orientation = bare.icc, bare.orientation
            if bare.format is Format.AVIF:  # its profile and rotation lie in boxes that the decoder resolves
                icc = image.info.get("icc_profile") or b""
                orientation = orientation_of(image.info.get("exif") or b"")
            picture = to_srgb(image, icc)
    except Refusal:
        raise
    except BROKEN_FILE as error:
        raise damaged(bare.format) from error
    turn = _TURNS.get(orientation)
    return picture if turn is None else picture.transpose(turn)


def decode_bytes(data: bytes) -> Pixels:
    """Return the picture in ``data``: everything at once, for callers that have a thread of their own.

    Raises the refusals of ``unwrap`` and ``decode``.
    """
    return pixels_of(decode(unwrap(data)))


def pixels_of(image: Image.Image) -> Pixels:
    return Pixels(image.width, image.height, image.tobytes())
