"""Makes small copies of our own pictures for lists."""

import io

from PIL import Image

from kleinbot.images.embedded_recipe import exif_block
from kleinbot.images.labelled import RECIPE_KEY

_QUALITY = 80


def thumbnail(png: bytes, side_px: int) -> bytes:
    """Return the labelled ``png`` as a WebP with the same labels and at most ``side_px`` on its longer side.

    Only for files of our archive. Raises OSError if the file is damaged.
    """
    with Image.open(io.BytesIO(png), formats=("PNG",)) as opened:
        opened.load()
        text, xmp = opened.info.get(RECIPE_KEY), opened.info.get("xmp", b"")
        image = opened.convert("RGB")
    image.thumbnail((side_px, side_px), Image.Resampling.LANCZOS)
    file = io.BytesIO()
    image.save(
        file,
        "WEBP",
        quality=_QUALITY,
        exif=exif_block(text) if isinstance(text, str) else b"",
        xmp=xmp,
    )
    return file.getvalue()
