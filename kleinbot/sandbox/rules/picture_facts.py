"""Discord's metadata of an uploaded file: its type by name, its size in pixels by its first bytes."""

import mimetypes
import struct
import zlib

_TYPES = {
    "webp": "image/webp",
    "avif": "image/avif",
    "png": "image/png",
    "jpg": "image/jpeg",
    "gif": "image/gif",
}
_UNKNOWN = {"jfif", "jpe"}
"""Endings that ``mimetypes`` knows only on some systems."""


def content_type(filename: str) -> str | None:
    """Guess the type as a CDN does, by the name's ending. None if it is unknown."""
    ending = filename.rpartition(".")[2].lower()
    if ending in _UNKNOWN:
        return None
    return _TYPES.get(ending) or mimetypes.guess_type(filename)[0]


def ending_for(data: bytes) -> str:
    """Return the ending for the first bytes of a picture, ``bin`` if they are not a picture's."""
    if data.startswith(b"\x89PNG"):
        return "png"
    if data.startswith(b"\xff\xd8"):
        return "jpg"
    if data.startswith(b"GIF8"):
        return "gif"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "webp"
    return "bin"


def pixel_size(data: bytes) -> tuple[int, int] | None:
    """Read width and height from the header of a PNG, GIF, JPEG or WebP; None if it has none."""
    try:
        return _READERS[ending_for(data)](data)
    except (struct.error, KeyError, IndexError):
        return None


def _png(data: bytes) -> tuple[int, int]:
    width, height = struct.unpack_from(">II", data, 16)
    return width, height


def _gif(data: bytes) -> tuple[int, int]:
    width, height = struct.unpack_from("<HH", data, 6)
    return width, height


def _jpeg(data: bytes) -> tuple[int, int]:
    at = 2
    while True:
        marker, length = struct.unpack_from(">HH", data, at)
        if 0xFFC0 <= marker <= 0xFFCF and marker not in (0xFFC4, 0xFFC8, 0xFFCC):
            height, width = struct.unpack_from(">HH", data, at + 5)
            return width, height
        at += 2 + length


def _webp(data: bytes) -> tuple[int, int]:
    kind = data[12:16]
    if kind == b"VP8X":
        return 1 + int.from_bytes(data[24:27], "little"), 1 + int.from_bytes(data[27:30], "little")
    if kind == b"VP8L":
        bits = int.from_bytes(data[21:25], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    width, height = struct.unpack_from("<HH", data, 26)
    return width & 0x3FFF, height & 0x3FFF


_READERS = {"png": _png, "gif": _gif, "jpg": _jpeg, "webp": _webp}


def plain_png(width_px: int, height_px: int, colour: tuple[int, int, int]) -> bytes:
    """Make a one-coloured PNG, for the default avatars and for tests."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = (b"\0" + bytes(colour) * width_px) * height_px
    header = struct.pack(">IIBBBBB", width_px, height_px, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )
