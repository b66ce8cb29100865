"""Encodes what a picture is about to become."""

import io

from PIL import Image

from kleinbot.domain.pictures import Pixels

_SIDE_PX = 256
_QUALITY = 75


def encode_preview(pixels: Pixels) -> bytes:
    """Return ``pixels`` as a WebP whose longer side has 256 pixels: a few kilobytes."""
    image = Image.frombytes("RGB", (pixels.width_px, pixels.height_px), pixels.rgb)
    scale = _SIDE_PX / max(image.size)
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    file = io.BytesIO()
    image.resize(size, Image.Resampling.BICUBIC).save(file, "WEBP", quality=_QUALITY)
    return file.getvalue()
