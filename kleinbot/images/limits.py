"""Limits of pictures from outside, all checked before any pixel is decoded."""

from kleinbot.domain.errors import Code, Refusal

MIB = 1024 * 1024
MAX_MIB = 20
MAX_BYTES = MAX_MIB * MIB
MAX_MEGAPIXELS = 40
MAX_PIXELS = MAX_MEGAPIXELS * 1_000_000
MAX_JPEG_PIXELS = 200_000_000
"""Phone cameras have 48 to 200 megapixels. A JPEG is scaled down during decoding, row by row."""

MAX_JPEG_PIXELS_IN_PASSES = 64_000_000
"""libjpeg holds six bytes per pixel of a progressive JPEG, whatever the decoded size."""

MIN_SIDE_PX = 64
MAX_ASPECT = 8
"""The last two are the model's limits; diffusers' ``Flux2ImageProcessor.check_image_input`` enforces them."""


def too_many_bytes() -> Refusal:
    return Refusal(Code.PICTURE_TOO_MANY_BYTES, limit_mib=MAX_MIB)


def check_bytes(byte_count: int) -> None:
    """Raise Refusal PICTURE_TOO_MANY_BYTES for more than 20 MiB."""
    if byte_count > MAX_BYTES:
        raise too_many_bytes()


def check_size(width_px: int, height_px: int, most_pixels: int = MAX_PIXELS) -> None:
    """Raise Refusal PICTURE_TOO_MANY_PIXELS, PICTURE_TOO_SMALL or PICTURE_TOO_NARROW, in this order."""
    if width_px * height_px > most_pixels:
        raise Refusal(
            Code.PICTURE_TOO_MANY_PIXELS,
            width=width_px,
            height=height_px,
            limit_megapixels=most_pixels // 1_000_000,
        )
    if min(width_px, height_px) < MIN_SIDE_PX:
        raise Refusal(Code.PICTURE_TOO_SMALL, width=width_px, height=height_px, least=MIN_SIDE_PX)
    if max(width_px, height_px) > MAX_ASPECT * min(width_px, height_px):
        raise Refusal(Code.PICTURE_TOO_NARROW, width=width_px, height=height_px, most=MAX_ASPECT)
