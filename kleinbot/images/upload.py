"""Fits files into Discord's limits per file and per request."""

import io
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image

from kleinbot.images.embedded_recipe import exif_block
from kleinbot.images.labelled import RECIPE_KEY

MIB = 1024 * 1024
MAX_REQUEST_BYTES = 25 * MIB
MAX_FILES = 10
"""Discord's limits for one message: 10 files and 25 MiB in all, whatever the server's limit per file.

https://docs.discord.com/developers/reference#uploading-files
"""

_ENVELOPE_BYTES = 64 * 1024
"""Reserved in each request for the message itself and the multipart boundaries."""

_QUALITIES = (95, 90, 80, 65)


@dataclass(frozen=True)
class UploadFile:
    """A file to send. ``suffix`` includes the dot."""

    data: bytes
    suffix: str


def largest_file_bytes(per_file_limit: int, per_request_limit: int = MAX_REQUEST_BYTES) -> int:
    """Return the largest size of one file; a server may allow 100 MiB per file, but no request does."""
    return min(per_file_limit, per_request_limit - _ENVELOPE_BYTES)


def fit_for_upload(png: bytes, limit_bytes: int) -> UploadFile:
    """Return the labelled ``png`` if it fits, otherwise the best WebP with the same labels that fits.

    Lowers the quality first, then halves the picture until it fits. Raises ValueError if even a picture of
    one pixel does not fit, OSError if ``png`` is damaged.
    """
    if len(png) <= limit_bytes:
        return UploadFile(png, ".png")
    with Image.open(io.BytesIO(png), formats=("PNG",)) as opened:
        opened.load()
        text = opened.info.get(RECIPE_KEY)
        exif = exif_block(text) if isinstance(text, str) else b""
        xmp = opened.info.get("xmp", b"")
        image = opened.convert("RGB")
    while True:
        for quality in _QUALITIES:
            file = io.BytesIO()
            image.save(file, "WEBP", quality=quality, exif=exif, xmp=xmp)
            if file.tell() <= limit_bytes:
                return UploadFile(file.getvalue(), ".webp")
        if image.size == (1, 1):
            raise ValueError(f"no picture fits into {limit_bytes} bytes")
        smaller = (max(1, image.width // 2), max(1, image.height // 2))
        image = image.resize(smaller, Image.Resampling.LANCZOS)


def plan_messages(
    sizes: Sequence[int],
    per_file_limit: int,
    per_request_limit: int = MAX_REQUEST_BYTES,
    max_files: int = MAX_FILES,
) -> tuple[tuple[int, ...], ...]:
    """Return the files of each message in order, by their index in ``sizes`` (bytes).

    Each message is filled before the next one starts. Raises ValueError if a file is larger than
    ``largest_file_bytes``; pass it through ``fit_for_upload`` first.
    """
    budget = per_request_limit - _ENVELOPE_BYTES
    limit = largest_file_bytes(per_file_limit, per_request_limit)
    messages: list[list[int]] = []
    used = 0
    for index, size in enumerate(sizes):
        if size > limit:
            raise ValueError(f"file {index} has {size} bytes, the limit is {limit}")
        if not messages or len(messages[-1]) == max_files or used + size > budget:
            messages.append([])
            used = 0
        messages[-1].append(index)
        used += size
    return tuple(tuple(message) for message in messages)
