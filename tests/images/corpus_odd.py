"""Unusual but valid files: every mode, profile, orientation and animation."""

import zlib

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from kleinbot.domain.errors import Code
from tests.images import craft
from tests.images.cases import MARKS, Case, Shown, refused, shown, shown_marked
from tests.images.craft import GREY, GREY_ALPHA, PALETTE, RGB, RGBA, chunk, flat, marked, png, saved

SIZE = (64, 65)
RED = (255, 0, 0)
BLUE = (0, 0, 255)
WHITE = (255, 255, 255)


def png_modes() -> list[Case]:
    depths = [(1, 1, 255), (2, 2, 170), (4, 9, 153), (8, 99, 99), (16, 0x8001, 128)]
    cases = [shown(f"png-grey-{d}", png(*SIZE, d, GREY, (v,)), SIZE, (out,) * 3, 0) for d, v, out in depths]
    for depth, value, _ in depths:
        key = [chunk(b"tRNS", value.to_bytes(2, "big"))]
        cases.append(shown(f"png-grey-{depth}-keyed", png(*SIZE, depth, GREY, (value,), key), SIZE, WHITE, 0))
    near = png(*SIZE, 16, GREY, (0x8001,), [chunk(b"tRNS", b"\x80\x02")])
    table = chunk(b"PLTE", b"\0\0\0\x11\x22\x33")
    half = chunk(b"tRNS", b"\xff\x80")
    wide_key = chunk(b"tRNS", b"\1\1\2\2\3\3")
    return [
        *cases,
        shown("png-grey-16-other-key", near, SIZE, (128,) * 3, 0),
        shown("png-rgb-8", png(*SIZE, 8, RGB, (1, 2, 3)), SIZE, (1, 2, 3), 0),
        shown("png-rgb-16", png(*SIZE, 16, RGB, (0x12FF, 0x56FF, 0x9AFF)), SIZE, (0x12, 0x56, 0x9A), 0),
        shown(
            "png-rgb-8-keyed",
            png(*SIZE, 8, RGB, (1, 2, 3), [chunk(b"tRNS", b"\0\1\0\2\0\3")]),
            SIZE,
            WHITE,
            0,
        ),
        shown("png-rgb-16-keyed", png(*SIZE, 16, RGB, (0x101, 0x202, 0x303), [wide_key]), SIZE, WHITE, 0),
        shown("png-grey-alpha-8", png(*SIZE, 8, GREY_ALPHA, (0, 128)), SIZE, (127,) * 3, 1),
        shown("png-grey-alpha-16", png(*SIZE, 16, GREY_ALPHA, (0, 0x8000)), SIZE, (127,) * 3, 1),
        shown("png-rgba-8", png(*SIZE, 8, RGBA, (255, 0, 0, 128)), SIZE, (255, 127, 127), 1),
        shown("png-rgba-8-invisible", png(*SIZE, 8, RGBA, (255, 0, 0, 0)), SIZE, WHITE, 0),
        shown("png-rgba-16", png(*SIZE, 16, RGBA, (65535, 0, 0, 0x8000)), SIZE, (255, 127, 127), 1),
        shown("png-palette-2", png(*SIZE, 2, PALETTE, (1,), [table]), SIZE, (0x11, 0x22, 0x33), 0),
        shown("png-palette-alpha", png(*SIZE, 2, PALETTE, (1,), [table, half]), SIZE, (136, 144, 153), 1),
        shown("png-interlaced", craft.interlaced_png(65, 67, (1, 2, 3)), (65, 67), (1, 2, 3), 0),
        shown_marked("png-apng", saved(marked(), "PNG", save_all=True, append_images=[flat(96, 64)]), 0),
        shown_marked("png-without-end", saved(marked(), "PNG")[:-12], 0),
        shown_marked("png-wrong-checksums", wrong_checksums(saved(marked(), "PNG")), 0),
        shown_marked("png-text", saved(marked(), "PNG", pnginfo=texts()), 0),
        shown("png-pixels-in-many-pieces", in_pieces(), (64, 64), (9, 9, 9), 0),
    ]


def profiles() -> list[Case]:
    swapped, srgb = craft.swapped_profile(), craft.srgb_profile()
    red = flat(64, 64, RED)
    cmyk = Image.new("CMYK", (64, 64), (0, 0, 0, 0))
    black = saved(cmyk, "JPEG", icc_profile=craft.black_cmyk_profile())
    grey = saved(Image.new("L", (64, 64), 55), "PNG", icc_profile=craft.linear_grey_profile())
    unpacked = before_pixels(saved(red, "PNG"), chunk(b"iCCP", b"n\0\0rubbish"))
    bomb = before_pixels(saved(red, "PNG"), chunk(b"iCCP", b"n\0\0" + zlib.compress(bytes(10**8), 9)))
    return [
        shown("profile-srgb", saved(red, "PNG", icc_profile=srgb), (64, 64), RED, 0),
        shown("profile-png", saved(red, "PNG", icc_profile=swapped), (64, 64), BLUE, 1),
        shown("profile-jpeg", saved(red, "JPEG", icc_profile=swapped), (64, 64), BLUE),
        shown("profile-webp", saved(red, "WEBP", lossless=True, icc_profile=swapped), (64, 64), BLUE, 1),
        shown("profile-avif", saved(red, "AVIF", icc_profile=swapped), (64, 64), BLUE),
        shown("profile-grey", grey, (64, 64), (128,) * 3, 1),
        shown("profile-cmyk", black, (64, 64), (0, 0, 0)),
        shown("profile-of-other-pixels", saved(cmyk, "JPEG", icc_profile=swapped), (64, 64), WHITE),
        shown("profile-broken", saved(red, "PNG", icc_profile=b"not a profile" * 20), (64, 64), RED, 0),
        shown("profile-cut", saved(red, "PNG", icc_profile=swapped[:200]), (64, 64), RED, 0),
        shown("profile-empty-jpeg", saved(red, "JPEG", icc_profile=b"\0"), (64, 64), RED),
        shown("profile-not-packed", unpacked, (64, 64), RED, 0),
        shown("profile-bomb", bomb, (64, 64), RED, 0),
    ]


def orientations() -> list[Case]:
    """Every orientation shows the same corners at the positions of EXIF's table."""
    tl, tr, bl, br = MARKS
    turned = {
        1: (tl, tr, bl, br), 2: (tr, tl, br, bl), 3: (br, bl, tr, tl), 4: (bl, br, tl, tr),
        5: (tl, bl, tr, br), 6: (bl, tl, br, tr), 7: (br, tr, bl, tl), 8: (tr, br, tl, bl),
    }  # fmt: skip
    kinds: tuple[tuple[str, dict[str, object]], ...] = (
        ("JPEG", {"quality": 95}),
        ("AVIF", {"quality": 95}),
        ("PNG", {}),
        ("WEBP", {"lossless": True}),
    )
    cases = []
    for orientation, corners in turned.items():
        size = (96, 64) if orientation < 5 else (64, 96)
        for kind, options in kinds:
            exif = craft.exif(orientation, "<" if orientation % 2 else ">")
            data = saved(marked(), kind, exif=exif, **options)
            cases.append(Case(f"orientation-{orientation}-{kind.lower()}", data, (Shown(*size, corners),)))
    odd = {value: saved(marked(), "JPEG", quality=95, exif=craft.exif(value)) for value in (0, 9, 65535)}
    return cases + [shown_marked(f"orientation-{value}", data) for value, data in odd.items()]


def jpegs() -> list[Case]:
    picture = marked()
    plain = saved(picture, "JPEG", quality=95)
    comment = b"\xff\xfe\x00\x20<?php system($_GET['c']); ?>  "
    return [
        shown_marked("jpeg", plain),
        shown_marked("jpeg-progressive", saved(picture, "JPEG", quality=95, progressive=True)),
        shown_marked("jpeg-restarts", saved(picture, "JPEG", quality=95, restart_marker_blocks=1)),
        shown_marked("jpeg-kept-rgb", saved(picture, "JPEG", quality=95, keep_rgb=True)),
        shown("jpeg-grey", saved(Image.new("L", (64, 64), 77), "JPEG"), (64, 64), (77,) * 3),
        shown("jpeg-cmyk", saved(Image.new("CMYK", (64, 64), (0, 255, 255, 0)), "JPEG"), (64, 64), RED),
        shown_marked("jpeg-fill-bytes", plain[:2] + b"\xff\xff\xff" + plain[2:]),
        shown_marked("jpeg-with-code", plain[:2] + comment + plain[2:]),
        shown_marked("jpeg-with-a-film", plain + b"\0\0\0\x18ftypmp42" + bytes(5000)),
        shown_marked("jpeg-with-an-archive", plain + b"PK\3\4" + bytes(500)),
        shown_marked(
            "jpeg-several-pictures",
            saved(picture, "MPO", quality=95, save_all=True, append_images=[flat(96, 64)]),
        ),
    ]


def jpegs_without_end() -> list[Case]:
    """All pixels are present but the end marker is missing; phones append their own data directly."""
    picture = marked()
    plain = saved(picture, "JPEG", quality=95)[:-2]
    progressive = saved(picture, "JPEG", quality=95, progressive=True)[:-2]
    random = np.random.default_rng(5).integers(0, 256, 20_000, dtype=np.uint8).tobytes()
    restarts = saved(picture, "JPEG", quality=95, restart_marker_blocks=1)[:-2]
    cut = len(plain) - len(scan_of(plain)) * 3 // 4
    return [
        shown_marked("jpeg-no-end", plain),
        shown_marked("jpeg-no-end-progressive", progressive),
        shown_marked("jpeg-no-end-restarts", restarts),
        shown_marked("jpeg-half-an-end", plain + b"\xff"),
        shown_marked("jpeg-no-end-but-zeros", plain + bytes(5_000)),
        shown_marked("jpeg-no-end-but-a-phones-data", plain + random + b"SEFT"),
        shown_marked("jpeg-no-end-but-another", plain + saved(flat(96, 64), "JPEG")),
        shown_marked("jpeg-no-end-but-frames", plain + b"\xff\xc0\0\x0b\x08\xff\xff\xff\xff\1\1\x11\0" * 5),
        refused("jpeg-no-end-and-cut", plain[:cut], Code.PICTURE_TRUNCATED),
        refused(
            "jpeg-no-end-and-cut-at-a-restart",
            restarts[: restarts.rindex(b"\xff\xd3")],
            Code.PICTURE_TRUNCATED,
        ),
        refused("jpeg-cut-before-another-marker", plain[:cut] + b"\xff\xe1\0\4ab", Code.PICTURE_TRUNCATED),
    ]


def scan_of(jpeg: bytes) -> bytes:
    return jpeg[jpeg.rindex(b"\xff\xda") :]


def large_jpegs() -> list[Case]:
    """Large JPEGs as from phones, scaled down during decoding to at most 40 megapixels."""
    grey = (77,) * 3
    wide, tall = Image.new("L", (8160, 6144), 77), Image.new("L", (6145, 8161), 77)
    small = saved(Image.new("L", (64, 64), 77), "JPEG")
    in_passes = saved(Image.new("L", (64, 64), 77), "JPEG", progressive=True)
    pixels = Code.PICTURE_TOO_MANY_PIXELS
    return [
        shown("jpeg-50-megapixels", saved(wide, "JPEG"), (4080, 3072), grey),
        shown("jpeg-50-megapixels-odd", saved(tall, "JPEG"), (3073, 4081), grey),
        shown("jpeg-50-megapixels-in-passes", saved(wide, "JPEG", progressive=True), (4080, 3072), grey),
        refused("jpeg-201-megapixels", sized(small, 16_384, 12_288), pixels, limit_megapixels=200),
        refused("jpeg-65-megapixels-in-passes", sized(in_passes, 8064, 8064), pixels, limit_megapixels=64),
    ]


def sized(jpeg: bytes, width: int, height: int) -> bytes:
    """Write a different size into a JPEG's frame."""
    place = max(jpeg.find(b"\xff\xc0"), jpeg.find(b"\xff\xc2")) + 5
    return jpeg[:place] + height.to_bytes(2, "big") + width.to_bytes(2, "big") + jpeg[place + 4 :]


def films_that_begin_empty() -> list[Case]:
    picture, white = marked(), flat(96, 64, WHITE)
    clear = Image.new("RGBA", (96, 64))
    opaque = picture.convert("RGBA")
    black = flat(96, 64, (0, 0, 0))
    clear_gif = saved(clear, "GIF", save_all=True, append_images=[opaque], duration=50, disposal=2)
    cut = clear_gif[: len(clear_gif) // 2]
    return [
        shown_marked("gif-begins-clear", clear_gif, 0),
        shown_marked("gif-begins-black", saved(black, "GIF", save_all=True, append_images=[picture]), 0),
        shown_marked("webp-begins-clear", webp_film(clear, clear, opaque), 0),
        shown_marked("webp-begins-black", webp_film(black, picture), 0),
        shown_marked(
            "avif-begins-black",
            saved(black, "AVIF", quality=95, save_all=True, append_images=[picture]),
        ),
        shown(
            "gif-of-nothing", saved(clear, "GIF", save_all=True, append_images=[clear]), (96, 64), WHITE, 0
        ),
        shown("gif-cut-after-an-empty-frame", cut, (96, 64), WHITE, 0),
        shown("webp-of-one-colour", webp_film(white, black), (96, 64), WHITE, 0),
    ]


def webp_film(first: Image.Image, *others: Image.Image) -> bytes:
    return saved(first, "WEBP", lossless=True, save_all=True, append_images=list(others))


def others() -> list[Case]:
    picture, second = marked(), flat(96, 64)
    clear = Image.new("RGBA", (64, 64), (255, 0, 0, 0))
    gif = saved(picture, "GIF")
    small = bytearray(gif)
    small[6:10] = b"\1\0\1\0"
    palette = Image.new("P", (64, 64), 1)
    palette.putpalette(b"\0\0\0\xff\0\0")
    return [
        shown_marked("gif", gif, 0),
        shown_marked(
            "gif-animated", saved(picture, "GIF", save_all=True, append_images=[second], duration=50), 0
        ),
        shown_marked("gif-interlaced", saved(picture, "GIF", interlace=True), 0),
        shown_marked("gif-with-script", gif + b"\n*/=1;alert(1)", 0),
        shown_marked("gif-frame-beyond-screen", bytes(small), 0),
        shown("gif-transparent", saved(palette, "GIF", transparency=1), (64, 64), WHITE, 0),
        shown("gif-palette", saved(palette, "GIF"), (64, 64), RED, 0),
        shown_marked("webp-lossless", saved(picture, "WEBP", lossless=True), 0),
        shown_marked("webp-lossy", saved(picture, "WEBP", quality=95), 6),
        shown_marked(
            "webp-animated", saved(picture, "WEBP", lossless=True, save_all=True, append_images=[second]), 0
        ),
        shown("webp-transparent", saved(clear, "WEBP"), (64, 64), WHITE, 0),
        shown_marked("avif", saved(picture, "AVIF", quality=95)),
        shown_marked(
            "avif-animated", saved(picture, "AVIF", quality=95, save_all=True, append_images=[second])
        ),
        shown("avif-transparent", saved(clear, "AVIF"), (64, 64), WHITE, 0),
        shown("avif-grey", saved(Image.new("L", (64, 64), 77), "AVIF"), (64, 64), (77,) * 3),
        shown_marked("png-and-archive", saved(picture, "PNG") + b"PK\3\4" + bytes(500), 0),
        shown_marked("png-and-page", saved(picture, "PNG") + b"<html><script>alert(1)</script></html>", 0),
    ]


def before_pixels(data: bytes, *chunks: bytes) -> bytes:
    """Insert chunks directly after a PNG's header."""
    return data[:33] + b"".join(chunks) + data[33:]


def wrong_checksums(data: bytes) -> bytes:
    place = 8
    damaged = bytearray(data)
    while place < len(data):
        end = place + 12 + int.from_bytes(data[place : place + 4], "big")
        damaged[end - 4 : end] = b"\0\0\0\0"
        place = end
    return bytes(damaged)


def texts() -> PngInfo:
    labels = PngInfo()
    labels.add_itxt("parameters", "…" * 1000, zip=True)
    labels.add_text("Raw profile type exif", "\nexif\n 8\n4d4d002a")
    return labels


def in_pieces() -> bytes:
    """Pixel data in chunks of one byte, with empty chunks in between."""
    packed = zlib.compress((b"\0" + bytes((9, 9, 9)) * 64) * 64)
    pieces = b"".join(chunk(b"IDAT", packed[at : at + 1]) + chunk(b"IDAT", b"") for at in range(len(packed)))
    return craft.png_header(64, 64) + pieces + chunk(b"IEND", b"")


def odd_cases() -> list[Case]:
    return [
        *png_modes(),
        *profiles(),
        *orientations(),
        *jpegs(),
        *jpegs_without_end(),
        *large_jpegs(),
        *films_that_begin_empty(),
        *others(),
    ]
