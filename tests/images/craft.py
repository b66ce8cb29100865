"""Builds files byte by byte that no library would write."""

import io
import struct
import zlib
from collections.abc import Iterable

from PIL import Image, ImageCms

SIGNATURE = b"\x89PNG\r\n\x1a\n"
GREY, RGB, PALETTE, GREY_ALPHA, RGBA = 0, 2, 3, 4, 6
_CHANNELS = {GREY: 1, RGB: 3, PALETTE: 1, GREY_ALPHA: 2, RGBA: 4}

Colour = tuple[int, int, int]


def chunk(kind: bytes, body: bytes) -> bytes:
    return len(body).to_bytes(4, "big") + kind + body + zlib.crc32(kind + body).to_bytes(4, "big")


def png_header(width: int, height: int, depth: int = 8, colour: int = RGB, interlaced: int = 0) -> bytes:
    return SIGNATURE + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlaced))


def png(
    width: int, height: int, depth: int, colour: int, samples: tuple[int, ...], before: Iterable[bytes] = ()
) -> bytes:
    """A picture of one colour, ``samples``, each of ``depth`` bits; ``before``: chunks before the pixels."""
    bits = "".join(f"{sample:0{depth}b}" for sample in samples) * width
    bits += "0" * (-len(bits) % 8)
    row = b"\0" + int(bits, 2).to_bytes(len(bits) // 8, "big")
    pixels = chunk(b"IDAT", zlib.compress(row * height))
    return png_header(width, height, depth, colour) + b"".join(before) + pixels + chunk(b"IEND", b"")


def interlaced_png(width: int, height: int, colour: Colour) -> bytes:
    """Adam7, 8-bit RGB, one colour."""
    passes = (
        (0, 0, 8, 8),
        (4, 0, 8, 8),
        (0, 4, 4, 8),
        (2, 0, 4, 4),
        (0, 2, 2, 4),
        (1, 0, 2, 2),
        (0, 1, 1, 2),
    )
    rows = b""
    for left, top, across, down in passes:
        columns = len(range(left, width, across))
        if columns:
            rows += (b"\0" + bytes(colour) * columns) * len(range(top, height, down))
    return png_header(width, height, interlaced=1) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def flat(width: int, height: int, colour: Colour = (200, 40, 30)) -> Image.Image:
    return Image.new("RGB", (width, height), colour)


def marked(width: int = 96, height: int = 64) -> Image.Image:
    """A picture with four distinct corners: red, green / blue, white."""
    image = Image.new("RGB", (width, height))
    half = (width // 2, height // 2)
    for at, colour in zip(
        ((0, 0), (half[0], 0), (0, half[1]), half),
        ((255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)),
        strict=True,
    ):
        image.paste(colour, (*at, at[0] + half[0], at[1] + half[1]))
    return image


def exif(orientation: int, order: str = ">") -> bytes:
    block = Image.Exif()
    block.endian = order
    block[0x0112] = orientation
    return block.tobytes()


def swapped_profile() -> bytes:
    """A profile with red and blue exchanged: (255, 0, 0) looks blue."""
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    renamed = srgb.replace(b"\0s\0R\0G\0B", b"\0t\0R\0G\0B")
    return renamed.replace(b"rXYZ", b"?XYZ").replace(b"bXYZ", b"rXYZ").replace(b"?XYZ", b"bXYZ")


def srgb_profile() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def profile(space: bytes, kind: bytes, connection: bytes, tags: dict[bytes, bytes]) -> bytes:
    """An ICC version 2 profile (ICC.1:2001-04)."""
    table, body = struct.pack(">I", len(tags)), b""
    start = 128 + 4 + 12 * len(tags)
    for signature, data in tags.items():
        padded = data + b"\0" * (-len(data) % 4)
        table += signature + struct.pack(">II", start + len(body), len(data))
        body += padded
    header = bytearray(128)
    header[0:4] = struct.pack(">I", start + len(body))
    header[8:12] = b"\x02\x40\0\0"
    header[12:24] = kind + space + connection
    header[36:40] = b"acsp"
    header[68:80] = struct.pack(">iii", 63190, 65536, 54061)
    return bytes(header) + table + body


def linear_grey_profile() -> bytes:
    """Grey with linear samples, so that 55 (21.6 %) is sRGB's 128."""
    white = b"XYZ \0\0\0\0" + struct.pack(">iii", 63190, 65536, 54061)
    return profile(b"GRAY", b"mntr", b"XYZ ", {b"wtpt": white, b"kTRC": b"curv\0\0\0\0\0\0\0\0"})


def black_cmyk_profile() -> bytes:
    """A press profile that maps everything to black: its table holds only L*a*b* (0, 0, 0)."""
    identity = struct.pack(">9i", 65536, 0, 0, 0, 65536, 0, 0, 0, 65536)
    ramp = bytes(range(256))
    lut = b"mft1\0\0\0\0" + bytes((4, 3, 2, 0)) + identity + ramp * 4 + bytes((0, 128, 128)) * 16 + ramp * 3
    return profile(b"CMYK", b"prtr", b"Lab ", {b"A2B0": lut})
