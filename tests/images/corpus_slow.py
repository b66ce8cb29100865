"""The largest and slowest files that are allowed, or nearly allowed, each generated on demand."""

import struct
import zlib
from collections.abc import Callable, Iterator

import numpy as np
from PIL import Image

from kleinbot.images.limits import MAX_BYTES
from tests.images import craft
from tests.images.cases import Case, ends
from tests.images.corpus_colour import cicp
from tests.images.corpus_odd import before_pixels
from tests.images.craft import chunk, flat, marked, png_header, saved

LARGE = (8000, 5000)
PHONE = (16_320, 12_240)

BOX_OF_SIZES = b"\0\0\xff\xffmeta" + b"ispe" * 16_381 + b"xxx"


def noise(width: int, height: int, channels: int = 3) -> Image.Image:
    samples = np.random.default_rng(1).integers(0, 256, (height, width, channels), dtype=np.uint8)
    return Image.fromarray(samples.squeeze())


def packed_png(depth: int, colour: int, channels: int, interlaced: int = 0) -> bytes:
    """40 megapixels of zeros in a few kilobytes."""
    width, height = LARGE
    row_bytes = (width * depth * channels + 7) // 8
    squeeze = zlib.compressobj(9)
    rows = squeeze.compress(bytes((1 + row_bytes) * height + 9 * height)) + squeeze.flush()
    header = png_header(width, height, depth, colour, interlaced)
    return header + chunk(b"PLTE", bytes(3)) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def tables_of_a_press() -> bytes:
    """A press profile with a table of four megabytes that is applied to every pixel."""
    points = 19
    identity = struct.pack(">9i", 65536, 0, 0, 0, 65536, 0, 0, 0, 65536)
    ramp = struct.pack(">4H", 0, 20_000, 50_000, 65_535)
    table = (
        np.random.default_rng(2).integers(0, 65_536, points**4 * 3, dtype=np.uint16).astype(">u2").tobytes()
    )
    lut = (
        b"mft2\0\0\0\0"
        + bytes((4, 3, points, 0))
        + identity
        + struct.pack(">HH", 4, 4)
        + ramp * 4
        + table
        + ramp * 3
    )
    return craft.profile(b"CMYK", b"prtr", b"Lab ", {b"A2B0": lut})


def for_a_press() -> bytes:
    return saved(Image.new("CMYK", LARGE, (9, 8, 7, 6)), "JPEG", icc_profile=tables_of_a_press())


def film(kind: str, frames: int, size: tuple[int, int], **options: object) -> bytes:
    colours = [Image.new("RGB", size, (value % 256, 0, 0)) for value in range(frames)]
    return saved(colours[0], kind, save_all=True, append_images=colours[1:], **options)


def scans_again(times: int) -> bytes:
    data = saved(flat(7900, 7900), "JPEG", progressive=True)
    last = data.rindex(b"\xff\xda")
    return data[:-2] + data[last:-2] * times + b"\xff\xd9"


def restarts(count: int) -> bytes:
    data = saved(flat(7000, 5000), "JPEG")
    return data[:-2] + b"".join(bytes((0xFF, 0xD0 + number % 8)) for number in range(count)) + b"\xff\xd9"


MAKERS: dict[str, Callable[[], bytes]] = {
    "jpeg-200-megapixels": lambda: saved(Image.new("L", PHONE, 9), "JPEG"),
    "jpeg-200-megapixels-of-colour": lambda: saved(Image.new("RGB", PHONE, (9, 8, 7)), "JPEG"),
    "jpeg-200-megapixels-no-end": lambda: saved(Image.new("L", PHONE, 9), "JPEG")[:-2],
    "jpeg-62-megapixels-in-passes": lambda: saved(flat(7900, 7900), "JPEG", progressive=True, subsampling=0),
    "jpeg-62-megapixels-in-80-passes": lambda: scans_again(70),
    "jpeg-40-megapixels-no-end": lambda: saved(flat(*LARGE), "JPEG")[:-2],
    "jpeg-of-noise": lambda: saved(noise(4500, 4000), "JPEG", quality=90)[:MAX_BYTES],
    "jpeg-press": for_a_press,
    "jpeg-profile": lambda: saved(flat(*LARGE), "JPEG", icc_profile=craft.swapped_profile()),
    "jpeg-million-restarts": lambda: restarts(1_000_000),
    "jpeg-arithmetic-header": lambda: saved(flat(*LARGE), "JPEG").replace(b"\xff\xc0", b"\xff\xc9", 1),
    "png-1-bit": lambda: packed_png(1, craft.GREY, 1),
    "png-palette": lambda: packed_png(8, craft.PALETTE, 1),
    "png-rgba-16": lambda: packed_png(16, craft.RGBA, 4),
    "png-grey-16": lambda: packed_png(16, craft.GREY, 1),
    "png-grey-alpha-16": lambda: packed_png(16, craft.GREY_ALPHA, 2),
    "png-interlaced": lambda: packed_png(8, craft.RGB, 3, interlaced=1),
    "png-interlaced-rgba-16": lambda: packed_png(16, craft.RGBA, 4, interlaced=1),
    "png-hdr": lambda: before_pixels(packed_png(8, craft.RGB, 3), cicp(9, 16)),
    "png-of-noise": lambda: saved(noise(2600, 2600), "PNG")[:MAX_BYTES],
    "png-pixels-in-a-million-pieces": lambda: png_header(*LARGE) + chunk(b"IDAT", b"") * 1_000_000,
    "gif-40-megapixels": lambda: film("GIF", 3, LARGE),
    "gif-many-frames": lambda: film("GIF", 60, (800, 800)),
    "gif-of-noise": lambda: saved(noise(4000, 3500, 1), "GIF")[:MAX_BYTES],
    "webp-40-megapixels": lambda: saved(flat(*LARGE), "WEBP", method=0),
    "webp-40-megapixels-lossless": lambda: saved(flat(*LARGE), "WEBP", lossless=True, method=0),
    "webp-of-noise": lambda: saved(noise(2500, 2500), "WEBP", lossless=True, method=0, quality=0)[:MAX_BYTES],
    "webp-film": lambda: film("WEBP", 60, (1200, 1200), method=0),
    "avif-40-megapixels": lambda: saved(flat(*LARGE), "AVIF", speed=10),
    "avif-of-noise": lambda: saved(noise(2000, 2000), "AVIF", quality=100, speed=10)[:MAX_BYTES],
    "avif-film": lambda: film("AVIF", 60, (600, 600), speed=10),
    "avif-clear": lambda: saved(Image.new("RGBA", (6000, 5000), (1, 2, 3, 4)), "AVIF", speed=10),
    "marks-of-20-megabytes": lambda: saved(marked(), "JPEG")[:2] + b"\xff" * (MAX_BYTES - 2),
    "marks-in-scan-of-20-megabytes": lambda: saved(marked(), "JPEG")[:-2] + b"\xff" * (MAX_BYTES - 4_000),
    "zeros-of-20-megabytes": lambda: saved(marked(), "JPEG")[:-2] + bytes(MAX_BYTES - 4_000),
    "blocks-of-20-megabytes": lambda: saved(marked(), "GIF")[:-1] + b"\x21\xfe" + b"\1x" * 10_480_000,
    "boxes-of-20-megabytes": lambda: saved(marked(), "AVIF") + BOX_OF_SIZES * 319,
}  # fmt: skip


def slow_cases() -> Iterator[Case]:
    """Yield one case at a time; together they have about 200 MB."""
    for name, make in MAKERS.items():
        yield ends(f"slow-{name}", make())
