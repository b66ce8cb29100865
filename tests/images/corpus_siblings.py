"""Systematic variants of the hostile files: every kind of part, broken in every way.

Each may end in a picture or a refusal, but it must end within the limits of time and memory.
"""

import random
import struct
import zlib
from collections.abc import Iterator

import numpy as np
from PIL import Image

from tests.images import craft
from tests.images.cases import Case, ends
from tests.images.corpus_odd import before_pixels
from tests.images.craft import chunk, flat, marked, saved

PNG_KINDS = (
    b"IHDR PLTE IDAT IEND tRNS cHRM gAMA iCCP sBIT sRGB cICP mDCV cLLI tEXt zTXt iTXt bKGD hIST pHYs sPLT"
    b" eXIf tIME acTL fcTL fdAT CgBI juNk"
).split()
WEBP_KINDS = (b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF", b"ICCP", b"EXIF", b"XMP ", b"junk")
AVIF_KINDS = (b"ftyp meta hdlr pitm iloc iinf infe iprp ipco ispe pixi av1C colr ipma mdat").split()
FILM_KINDS = b"moov mvhd trak tkhd mdia mdhd minf stbl stsd av01 stts stsc stsz stco".split()
JPEG_MARKERS = (*range(0xC0, 0xD0), *range(0xD0, 0xE0), 0xE0, 0xE1, 0xE2, 0xED, 0xEE, 0xF0, 0xF7, 0xFE)
EXIF_TYPES = (0, 1, 2, 3, 4, 5, 7, 9, 12, 13, 255)


def seeds() -> dict[str, bytes]:
    """One valid file for each code path of the decoders."""
    picture, second = marked(), flat(96, 64)
    clear = Image.new("RGBA", (96, 64), (1, 2, 3, 4))
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 96, 3), dtype=np.uint8))
    return {
        "png": saved(noise, "PNG"),
        "png-palette": saved(picture.convert("P"), "PNG", transparency=1),
        "png-interlaced": craft.interlaced_png(65, 67, (1, 2, 3)),
        "png-profile": saved(picture, "PNG", icc_profile=craft.srgb_profile()),
        "jpeg": saved(noise, "JPEG", quality=90, exif=craft.exif(6)),
        "jpeg-passes": saved(noise, "JPEG", quality=90, progressive=True),
        "jpeg-restarts": saved(noise, "JPEG", restart_marker_blocks=3),
        "jpeg-press": saved(noise.convert("CMYK"), "JPEG", icc_profile=craft.black_cmyk_profile()),
        "gif": saved(noise, "GIF"),
        "gif-film": saved(clear, "GIF", save_all=True, append_images=[picture, second]),
        "webp": saved(noise, "WEBP", exif=craft.exif(6)),
        "webp-clear": saved(clear, "WEBP", quality=50),
        "webp-lossless": saved(noise, "WEBP", lossless=True),
        "webp-film": saved(clear, "WEBP", save_all=True, append_images=[picture, second]),
        "avif": saved(noise, "AVIF", exif=craft.exif(6)),
        "avif-clear": saved(clear, "AVIF"),
        "avif-film": saved(picture, "AVIF", save_all=True, append_images=[second, picture]),
    }


def changed() -> Iterator[Case]:
    """Valid files with a few changed bytes, more often near the beginning."""
    chance = random.Random(12)
    for name, data in seeds().items():
        for number in range(16):
            other = bytearray(data)
            for _ in range(chance.choice((1, 1, 2, 4, 16))):
                reach = len(data) if chance.random() < 0.4 else min(len(data), 300)
                other[chance.randrange(reach)] = chance.choice(
                    (0, 1, 0x7F, 0x80, 0xFF, chance.randrange(256))
                )
            yield ends(f"changed-{name}-{number}", bytes(other))


def cut() -> Iterator[Case]:
    for name, data in seeds().items():
        for number in range(1, 9):
            yield ends(f"short-{name}-{number}", data[: len(data) * number // 9])


def joined() -> Iterator[Case]:
    """The beginning of one file and the end of another, and each file inside another."""
    files = list(seeds().items())
    for (name, data), (other, more) in zip(files, files[1:] + files[:1], strict=True):
        yield ends(f"joined-{name}-{other}", data[: len(data) // 2] + more[len(more) // 2 :])
        yield ends(f"followed-{name}-{other}", data + more)


def png_parts() -> Iterator[Case]:
    good = saved(marked(), "PNG")
    rubbish = random.Random(3).randbytes(200)
    for kind in PNG_KINDS:
        name = kind.decode().lower() if kind[:1].isupper() else kind.decode()
        yield ends(f"png-empty-{name}", before_pixels(good, chunk(kind, b"")))
        yield ends(f"png-rubbish-{name}", before_pixels(good, chunk(kind, rubbish)))
        yield ends(f"png-many-{name}", before_pixels(good, chunk(kind, b"\0\1\2\3") * 20_000))
        yield ends(f"png-endless-{name}", before_pixels(good, b"\xff\xff\xff\xff" + kind + b"x" * 50))
        yield ends(
            f"png-packed-{name}", before_pixels(good, chunk(kind, b"n\0\0" + zlib.compress(bytes(10**7))))
        )
    for depth in (0, 1, 2, 3, 4, 8, 16, 255):
        for colour in (0, 2, 3, 4, 6, 7):
            yield ends(
                f"png-depth-{depth}-colour-{colour}", craft.png_header(64, 64, depth, colour) + good[33:]
            )


def jpeg_parts() -> Iterator[Case]:
    good = saved(marked(), "JPEG", quality=90)
    scan = good.rindex(b"\xff\xda")
    for marker in JPEG_MARKERS:
        part = bytes((0xFF, marker))
        yield ends(f"jpeg-{marker:x}-of-no-length", good[:2] + part + b"\0\0" + good[2:])
        yield ends(f"jpeg-{marker:x}-too-long", good[:scan] + part + b"\xff\xff" + good[scan:])
        yield ends(f"jpeg-{marker:x}-many", good[:2] + (part + b"\0\4ab") * 1_500 + good[2:])
        yield ends(f"jpeg-{marker:x}-in-scan", good[:-40] + part + good[-40:])


def gif_parts() -> Iterator[Case]:
    good = saved(marked(), "GIF")
    start = 13 + 3 * 2 ** ((good[10] & 7) + 1)
    image = good.index(b"\x2c", start)
    for size in range(14):
        yield ends(f"gif-codes-of-{size}-bits", good[: image + 10] + bytes((size,)) + good[image + 11 :])
    for kind in (0x01, 0xCE, 0xF9, 0xFE, 0xFF, 0x00):
        extension = bytes((0x21, kind))
        yield ends(
            f"gif-extension-{kind:x}-many", good[:start] + (extension + b"\4abcd\0") * 9_000 + good[start:]
        )
        yield ends(f"gif-extension-{kind:x}-endless", good[:start] + extension + b"\1x" * 90_000)
    for flags in (0x00, 0x40, 0x80, 0x87, 0xC7, 0xFF):
        yield ends(f"gif-flags-{flags:x}", good[: image + 9] + bytes((flags,)) + good[image + 10 :])
    for left, top, width, height in ((0, 0, 0, 0), (95, 63, 1, 1), (65_535, 0, 96, 64), (0, 0, 65_535, 1)):
        box = struct.pack("<4H", left, top, width, height)
        yield ends(f"gif-frame-{left}-{width}", good[: image + 1] + box + good[image + 9 :])
    clear_codes = bytes((255,)) + bytes((0x00,)) * 255
    yield ends("gif-of-clear-codes", good[: image + 10] + b"\2" + clear_codes * 20_000 + b"\0;")


def webp_parts() -> Iterator[Case]:
    for seed in ("webp", "webp-lossless", "webp-film"):
        good = seeds()[seed]
        for kind in WEBP_KINDS:
            name = kind.decode().strip()
            for size in (0, 1, 2**31, 2**32 - 1):
                part = kind + struct.pack("<I", size) + b"x" * min(size, 10)
                yield ends(f"{seed}-{name}-of-{size}", good[:12] + part + good[12:])
            yield ends(f"{seed}-{name}-many", good + (kind + struct.pack("<I", 4) + b"abcd") * 5_000)


def avif_parts() -> Iterator[Case]:
    for seed, kinds in (("avif", AVIF_KINDS), ("avif-clear", AVIF_KINDS), ("avif-film", FILM_KINDS)):
        good = seeds()[seed]
        for kind in kinds:
            place = good.find(kind) - 4
            if place < 0:
                continue
            name = f"{seed}-{kind.decode()}"
            for length in (0, 1, 7, 9, 2**31, 2**32 - 1):
                yield ends(
                    f"{name}-of-{length}", good[:place] + struct.pack(">I", length) + good[place + 4 :]
                )
            yield ends(f"{name}-nameless", good.replace(kind, b"junk"))
            yield ends(f"{name}-of-ones", good[: place + 8] + b"\xff" * 24 + good[place + 32 :])


def exif_parts() -> Iterator[Case]:
    """EXIF with one entry of every type, with wrong counts and offsets."""
    for kind in EXIF_TYPES:
        for count in (0, 1, 2**31, 2**32 - 1):
            entry = struct.pack(">HHII", 0x0112, kind, count, 0xFFFF_FFF0)
            block = b"Exif\0\0MM\0*\0\0\0\x08\0\1" + entry + b"\0\0\0\x08"
            yield ends(f"exif-type-{kind}-count-{count}", saved(marked(), "JPEG", exif=block))


def profile_parts() -> Iterator[Case]:
    """ICC profiles with impossible lengths, counts and curves, and more steps than any display profile."""
    good = craft.srgb_profile()
    white = b"XYZ \0\0\0\0" + struct.pack(">iii", 63190, 65536, 54061)
    for size in (0, 127, 128, 131, 2**31 - 1, 2**32 - 1):
        yield profiled(f"profile-says-{size}-bytes", struct.pack(">I", size) + good[4:])
    for count in (0, 1, 101, 2**31, 2**32 - 1):
        yield profiled(f"profile-of-{count}-tags", good[:128] + struct.pack(">I", count) + good[132:])
    for entries in (0, 1, 2, 65_535, 2**31, 2**32 - 1):
        curve = b"curv\0\0\0\0" + struct.pack(">I", entries) + b"\x80" * 400
        tags = {b"wtpt": white, **dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve)}
        tags |= dict.fromkeys((b"rXYZ", b"gXYZ", b"bXYZ"), white)
        yield profiled(f"profile-curve-of-{entries}", craft.profile(b"RGB ", b"mntr", b"XYZ ", tags))
    for kind in range(12):
        curve = struct.pack(">4sIHH", b"para", 0, kind, 0) + b"\xff" * 40
        tags = {b"wtpt": white, **dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve)}
        tags |= dict.fromkeys((b"rXYZ", b"gXYZ", b"bXYZ"), white)
        yield profiled(f"profile-formula-{kind}", craft.profile(b"RGB ", b"mntr", b"XYZ ", tags))
    for steps in (1, 100, 20_000):
        yield profiled(f"profile-of-{steps}-steps", many_steps(steps))


def many_steps(count: int) -> bytes:
    """A profile with ``count`` consecutive matrices (ICC.1:2022 §10.16)."""
    matrix = b"matf\0\0\0\0" + struct.pack(">HH12f", 3, 3, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0)
    start = 16 + 8 * count
    places = b"".join(struct.pack(">II", start, len(matrix)) for _ in range(count))
    pipeline = b"mpet\0\0\0\0" + struct.pack(">HHI", 3, 3, count) + places + matrix
    made = bytearray(
        craft.profile(b"RGB ", b"mntr", b"XYZ ", {b"D2B0": pipeline, b"D2B1": pipeline, b"A2B0": pipeline})
    )
    made[8:12] = b"\x04\x30\0\0"
    return bytes(made)


def profiled(name: str, profile: bytes) -> Case:
    return ends(name, saved(flat(64, 64), "PNG", icc_profile=profile))


FAMILIES = (
    changed, cut, joined, png_parts, jpeg_parts, gif_parts, webp_parts, avif_parts, exif_parts, profile_parts,
)  # fmt: skip


def sibling_cases() -> Iterator[Case]:
    for family in FAMILIES:
        yield from family()
