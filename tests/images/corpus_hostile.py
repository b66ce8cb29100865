"""Malicious and broken files: bombs, false sizes, truncations, other formats."""

import struct
import zlib

import numpy as np
from PIL import Image

from kleinbot.domain.errors import Code
from kleinbot.images.limits import MAX_BYTES
from tests.images import craft
from tests.images.cases import Case, refused, shown, shown_marked
from tests.images.corpus_odd import before_pixels
from tests.images.craft import chunk, flat, marked, png_header, saved

END = chunk(b"IEND", b"")
GREY9 = (9, 9, 9)


def bombs() -> list[Case]:
    packed = zlib.compress(bytes(10**8), 9)
    rows = zlib.compress((b"\0" + bytes(GREY9) * 64) * 64 + bytes(10**8), 9)
    picture = saved(marked(), "PNG")
    jpeg = saved(marked(), "JPEG", quality=95)
    progressive = saved(marked(), "JPEG", quality=95, progressive=True)
    scan_start = progressive.rindex(b"\xff\xda")
    scan = progressive[scan_start:-2]
    comments = b"\x21\xfe" + (b"\xff" + bytes(255).replace(b"\0", b"x")) * 70_000 + b"\0"
    gif = saved(marked(), "GIF")
    gif_start = 13 + 3 * 2 ** ((gif[10] & 7) + 1)
    loop = craft.exif(6)
    damaged = Code.PICTURE_TRUNCATED
    return [
        shown_marked("bomb-png-itxt", before_pixels(picture, chunk(b"iTXt", b"k\0\1\0\0\0" + packed)), 0),
        shown_marked("bomb-png-ztxt", before_pixels(picture, chunk(b"zTXt", b"k\0\0" + packed)), 0),
        shown_marked("bomb-png-many-texts", before_pixels(picture, chunk(b"tEXt", b"k\0v") * 90_000), 0),
        shown("bomb-png-pixels", png_header(64, 64) + chunk(b"IDAT", rows) + END, (64, 64), GREY9, 0),
        shown_marked("bomb-png-profiles", before_pixels(picture, many_profiles(500)), 0),
        refused("bomb-jpeg-fill-bytes", jpeg[:2] + b"\xff" * 400_000, damaged),
        shown_marked("bomb-jpeg-fill-bytes-in-scan", jpeg[:-2] + b"\xff" * 400_000 + b"\0" * 9),
        refused("bomb-avif-extents-of-no-bytes", avif_table(1, item(1, 65_535) * 300), damaged),
        refused("bomb-avif-items-of-no-bytes", avif_table(60_000, item(2, 65_535) * 60_000), damaged),
        refused("bomb-avif-extents-without-end", avif_table(1, item(1, 9_000), padding=30_000), damaged),
        refused("bomb-avif-tables", avif_table(1, b"iloc\0\0\0\0\0\0" * 90_000), damaged),
        refused(
            "bomb-avif-sizes", avif_table(0, b"ispe" + bytes(12)) + meta(b"ispe" + bytes(12), 90_000), damaged
        ),
        refused(
            "bomb-gif-short-blocks",
            gif[:gif_start] + b"\x21\xfe" + b"\1x" * 600_000 + gif[gif_start:],
            damaged,
        ),
        refused("bomb-png-chunks", before_pixels(picture, chunk(b"tEXt", b"") * 200_000), damaged),
        refused("bomb-jpeg-scans", progressive[:-2] + scan * 5000 + b"\xff\xd9", damaged),
        refused("bomb-jpeg-scans-of-a-large-picture", many_scans(25), damaged),
        refused("bomb-jpeg-segments", jpeg[:2] + b"\xff\xfe\0\2" * 1_000_000 + jpeg[2:], damaged),
        shown_marked("bomb-jpeg-markers-after-scan", jpeg[:-2] + b"\xff\xfe\0\2" * 1_000_000),
        refused("bomb-jpeg-markers-between-scans", progressive[:-2] + b"\xff\xfe\0\2" * 1_000_000, damaged),
        shown_marked("bomb-gif-comment", gif[:gif_start] + comments + gif[gif_start:], 0),
        refused("bomb-gif-blocks", gif[:gif_start] + b"\x21\xfe\0" * 100_000 + gif[gif_start:], damaged),
        refused("bomb-webp-chunks", webp_chunks(b"junk\0\0\0\0" * 100_000), damaged),
        refused("bomb-avif-boxes", saved(marked(), "AVIF")[:32] + b"\0\0\0\x08free" * 10_000, damaged),
        shown_marked(
            "exif-loop", saved(marked(), "JPEG", quality=95, exif=loop[:10] + b"\0\0\0\0" + loop[14:])
        ),
        shown_marked("exif-far", saved(marked(), "JPEG", quality=95, exif=loop[:10] + b"\xff\xff\xff\xff")),
        shown_marked(
            "exif-rubbish", saved(marked(), "JPEG", quality=95, exif=b"Exif\0\0MM\0*" + b"\xff" * 999)
        ),
        shown_marked("exif-rubbish-avif", with_exif(b"\x08\0\0\0\xff\xff" + b"\xff" * 16)),
    ]


def lies() -> list[Case]:
    pixels, small = Code.PICTURE_TOO_MANY_PIXELS, Code.PICTURE_TOO_SMALL
    narrow, damaged = Code.PICTURE_TOO_NARROW, Code.PICTURE_TRUNCATED
    jpeg, gif, avif = saved(marked(), "JPEG"), bytearray(saved(marked(), "GIF")), saved(marked(), "AVIF")
    frame = jpeg.index(b"\xff\xc0")
    size_at = avif.index(b"ispe") + 8
    gif[6:10] = b"\xff\xff\xff\xff"
    huge = struct.pack(">II", 30_000, 30_000)
    parts = (jpeg[:frame], jpeg[frame : frame + 19], jpeg[frame + 19 :])
    three_bits = png_header(64, 64, 3, 5) + chunk(b"IDAT", zlib.compress(b"")) + END
    filtered = png_header(64, 64) + chunk(b"IDAT", zlib.compress(b"\x09" * 64 * 193)) + END
    return [
        refused("huge-png", png_header(65_500, 65_500) + END, pixels, width=65_500, height=65_500),
        refused("huge-png-2-31", png_header(2**31 - 1, 2**31 - 1) + END, pixels),
        refused(
            "huge-jpeg", jpeg[: frame + 5] + b"\xff\xdc\xff\xdc" + jpeg[frame + 9 :], pixels, width=65_500
        ),
        refused("huge-gif", bytes(gif), pixels, width=65_535, height=65_535),
        refused("huge-webp", webp_canvas(16_777_216, 16_777_216), pixels, width=16_777_216),
        refused("huge-webp-lossless", webp_lossless_header(16_384, 16_384), pixels, height=16_384),
        refused("huge-avif", avif[:size_at] + huge + avif[size_at + 8 :], pixels, width=30_000),
        refused("avif-larger-inside", avif_larger_inside(), damaged),
        refused("40-megapixels-and-more", png_header(8000, 5001) + END, pixels, limit_megapixels=40),
        refused("40-megapixels-but-empty", png_header(8000, 5000) + END, damaged),
        refused("png-of-no-size", png_header(0, 0) + END, small, width=0, height=0),
        refused("1x1", saved(flat(1, 1), "PNG"), small, width=1, height=1, least=64),
        refused("63-wide", saved(flat(63, 400), "JPEG"), small, width=63),
        refused("63-high", saved(flat(400, 63), "WEBP"), small, height=63),
        refused("narrow", saved(flat(64, 513), "PNG"), narrow, most=8),
        refused("wide", saved(flat(1000, 124), "GIF"), narrow, width=1000, height=124),
        shown("narrow-as-allowed", saved(flat(64, 512, GREY9), "PNG"), (64, 512), GREY9, 0),
        shown("smallest", saved(flat(64, 64, GREY9), "PNG"), (64, 64), GREY9, 0),
        refused("webp-canvas-unlike-picture", webp_canvas(200, 200), damaged),
        refused(
            "jpeg-12-bit", jpeg[: frame + 4] + b"\x0c" + jpeg[frame + 5 :], Code.PICTURE_FORMAT_UNSUPPORTED
        ),
        refused("jpeg-lossless", jpeg.replace(b"\xff\xc0", b"\xff\xc3", 1), Code.PICTURE_FORMAT_UNSUPPORTED),
        refused("jpeg-two-frames", parts[0] + parts[1] + parts[1] + parts[2], damaged),
        refused("jpeg-no-frame", parts[0] + parts[2], damaged),
        refused("png-impossible-mode", three_bits, damaged),
        refused("png-rubbish-pixels", png_header(64, 64) + chunk(b"IDAT", b"rubbish" * 99) + END, damaged),
        refused("png-no-palette", craft.png(64, 64, 2, craft.PALETTE, (1,)), damaged),
        refused("png-bad-filter", filtered, damaged),
        refused("png-of-xcode", xcode(saved(marked(), "PNG")), Code.PICTURE_PNG_OF_XCODE),
    ]


def truncations() -> list[Case]:
    """Noise, so that the end of the file is the end of the picture and a cut always loses pixels."""
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (80, 80, 3), dtype=np.uint8))
    kinds: list[tuple[str, dict[str, object]]] = [
        (kind, {}) for kind in ("PNG", "JPEG", "GIF", "WEBP", "AVIF")
    ]
    kinds += [("JPEG", {"progressive": True}), ("WEBP", {"lossless": True})]
    cases = []
    for kind, options in kinds:
        data = saved(noise, kind, **options)
        name = "-".join(["cut", kind.lower(), *options])
        for share in (0.15, 0.3, 0.45, 0.6, 0.75, 0.9, 0.97):
            cut = data[: int(len(data) * share)]
            cases.append(refused(f"{name}-{share}", cut, Code.PICTURE_TRUNCATED, format=name_of(kind)))
        cases.append(refused(f"{name}-12", data[:12], Code.PICTURE_TRUNCATED))
    return cases


def not_pictures() -> list[Case]:
    not_an_image, other = Code.PICTURE_NOT_AN_IMAGE, Code.PICTURE_FORMAT_UNSUPPORTED
    svg = b"<?xml version='1.0'?>\n<!-- x -->\n<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>"
    samples = {
        **{kind: saved(flat(64, 64), kind) for kind in ("TIFF", "BMP", "ICO", "PDF", "EPS", "DDS")},
        "PNM": saved(flat(64, 64), "PPM"), "JPEG 2000": saved(flat(64, 64), "JPEG2000"), "SVG": svg,
        "PSD": b"8BPS\0\1" + bytes(40), "JPEG XL": b"\xff\x0a" + bytes(40), "QOI": b"qoif" + bytes(40),
        "WebM": b"\x1a\x45\xdf\xa3" + bytes(40), "AVI": b"RIFF\0\0\0\0AVI LIST", "XCF": b"gimp xcf v011",
        "HEIC": b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "MP4": b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom",
    }  # fmt: skip
    beginnings = {
        "png": b"\x89PNG\r\n\x1a\n", "jpeg": b"\xff\xd8\xff", "gif": b"GIF89a",
        "webp": b"RIFF\0\0\0\0WEBP", "avif": b"\0\0\0\x10ftypavif\0\0\0\0",
    }  # fmt: skip
    return [
        *(refused(f"other-{name}", data, other, format=name) for name, data in samples.items()),
        refused("tiff-in-disguise-of-jpeg-2000", b"\0\0\0\x0cjP  \r\n\x87\n" + samples["TIFF"], other),
        refused("nothing", b"", not_an_image),
        refused("one-byte", b"\x89", not_an_image),
        refused("zeros", bytes(1000), not_an_image),
        refused("text", b"GIF me a picture", not_an_image),
        refused("page", b"<!DOCTYPE html><html><img src=x></html>", not_an_image),
        refused("page-of-xml", b"<?xml version='1.0'?><plist/>", not_an_image),
        refused("sound", b"RIFF\x24\0\0\0WAVEfmt ", not_an_image),
        refused("archive", b"PK\3\4" + bytes(100), not_an_image),
        refused("program", b"\x7fELF" + bytes(100), not_an_image),
        refused("ftyp-of-no-length", b"\0\0\0\0ftypavif" + bytes(8), other),
        refused("too-many-bytes", bytes(MAX_BYTES + 1), Code.PICTURE_TOO_MANY_BYTES, limit_mib=20),
        shown_marked("just-few-enough-bytes", saved(marked(), "PNG").ljust(MAX_BYTES, b"\0"), 0),
        *(refused(f"signature-{name}", data, Code.PICTURE_TRUNCATED) for name, data in beginnings.items()),
    ]


def many_scans(count: int) -> bytes:
    """61 megapixels in ``count`` further passes of a few kilobytes, each taking a quarter of a second."""
    data = saved(Image.new("L", (7800, 7800)), "JPEG", progressive=True)
    last = data.rindex(b"\xff\xda")
    return data[:-2] + data[last:-2] * count + b"\xff\xd9"


def many_profiles(count: int) -> bytes:
    """Invalid profiles that unpack to megabytes; a naive reader would unpack each of them."""
    packed = zlib.compress(bytes(4 * 2**20))[:-4]
    return chunk(b"iCCP", b"n\0\0" + packed) * count


def item(number: int, extents: int) -> bytes:
    """A table's item whose offsets and lengths have 0 bytes, so each extent is the whole file."""
    return struct.pack(">HHH", number, 0, extents)


def avif_table(items: int, body: bytes, padding: int = 0) -> bytes:
    """An AVIF with a table of item locations; item 1 is a picture."""
    info = b"infe\2\0\0\0" + struct.pack(">HH", 1, 0) + b"av01\0"
    table = b"iloc\0\0\0\0\0\0" + struct.pack(">H", items) + body
    size = b"ispe\0\0\0\0" + struct.pack(">II", 64, 64)
    return b"\0\0\0\x14ftypavif\0\0\0\0avif" + meta(info + size + table, 1) + bytes(padding)


def meta(body: bytes, times: int) -> bytes:
    return struct.pack(">I", 8 + len(body) * times) + b"meta" + body * times


def xcode(png: bytes) -> bytes:
    """A PNG as written by Xcode into apps, with Apple's own chunk before the header."""
    return png[:8] + chunk(b"CgBI", b"\x50\0\x20\x02") + png[8:]


def with_exif(rubbish: bytes) -> bytes:
    """An AVIF whose EXIF starts validly and continues with ``rubbish``."""
    block = Image.Exif()
    block.endian = "<"
    block[0x010E] = "x" * 40
    data = saved(marked(), "AVIF", quality=95, exif=block)
    place = data.index(b"II*\0") + 4
    return data[:place] + rubbish + data[place + len(rubbish) :]


def avif_larger_inside() -> bytes:
    """States 100×100, but a decoder first decodes a megapixel."""
    data = saved(flat(1000, 1000), "AVIF")
    size_at = data.index(b"ispe") + 8
    return data[:size_at] + struct.pack(">II", 100, 100) + data[size_at + 8 :]


def webp_chunks(extra: bytes) -> bytes:
    data = saved(marked(), "WEBP", lossless=True)
    body = data[12:] + extra
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


def webp_canvas(width: int, height: int) -> bytes:
    """An extended header with an arbitrary canvas before a 96×64 picture."""
    size = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    body = b"VP8X" + struct.pack("<I", 10) + bytes(4) + size + saved(marked(), "WEBP", lossless=True)[12:]
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


def webp_lossless_header(width: int, height: int) -> bytes:
    bits = (width - 1) | (height - 1) << 14
    body = b"VP8L" + struct.pack("<IBI", 6, 0x2F, bits) + b"\0"
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


def name_of(kind: str) -> str:
    return "WebP" if kind == "WEBP" else kind


def hostile_cases() -> list[Case]:
    return [*bombs(), *lies(), *truncations(), *not_pictures()]
