"""PNG (https://www.w3.org/TR/png-3/): keeps header, palette, transparency and the pixel data."""

import zlib
from collections.abc import Iterator

from kleinbot.domain.errors import Code, Refusal
from kleinbot.images.colour.stated_colour import PQ, Chromaticities, StatedColour, of_codes, of_png
from kleinbot.images.containers.parts import ContainerParts, DamagedError

_SIGNATURE_BYTES = 8
_IHDR_BYTES = 13
_MAX_CHUNKS = 100_000
_MAX_PROFILE_BYTES = 4 * 1024 * 1024
_GREY, _RGB = 0, 2
_STATE_COLOUR = (b"cICP", b"iCCP", b"sRGB", b"gAMA", b"cHRM")
_PQ_PROFILE = b"ITUR_2100_PQ_FULL\0"
"""The name of HDR profiles before cICP existed: https://www.w3.org/TR/png-hdr-pq/"""


def walk(data: bytes) -> ContainerParts:
    """Reduce a PNG. Drops animation, text and everything else; adds a missing end.

    Raises DamagedError, or Refusal PICTURE_PNG_OF_XCODE.
    """
    walked = chunks(data)
    kind, header = next(walked, (b"", b""))
    if kind == b"CgBI":
        raise Refusal(Code.PICTURE_PNG_OF_XCODE)
    if kind != b"IHDR" or len(header) != _IHDR_BYTES:
        raise DamagedError("no header")
    depth, colour = header[8], header[9]
    kept = [data[:_SIGNATURE_BYTES], _chunk(b"IHDR", header)]
    pixels: list[bytes] = []
    exif = b""
    stated: dict[bytes, bytes] = {}
    for kind, body in walked:
        if kind == b"IDAT":
            pixels.append(body)
        elif kind == b"PLTE" and not pixels:
            kept.append(_chunk(kind, body))
        elif kind == b"tRNS" and not pixels:
            kept.append(_chunk(kind, _transparency(body, depth, colour)))
        elif kind == b"eXIf":
            exif = exif or body
        elif kind in _STATE_COLOUR and not pixels:
            # Only the first one, usable or not (§5.6 allows one), since a profile may unpack to four
            # megabytes.
            stated.setdefault(kind, body)
        elif kind == b"IEND":
            break
    kept += [_chunk(b"IDAT", b"".join(pixels)), _chunk(b"IEND", b"")]
    width, height = int.from_bytes(header[:4], "big"), int.from_bytes(header[4:8], "big")
    stated_colour, icc = _colour(stated)
    return ContainerParts(b"".join(kept), width, height, exif, icc, stated_colour)


def chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield the kind and body of each chunk; the last body may be truncated. Raises DamagedError.

    Ignores checksums: zlib has its own for the pixels, and other programs show such files too.
    """
    start = _SIGNATURE_BYTES
    for _ in range(_MAX_CHUNKS):
        if start + 8 > len(data):
            return
        length = int.from_bytes(data[start : start + 4], "big")
        yield data[start + 4 : start + 8], data[start + 8 : start + 8 + length]
        start += 12 + length
    raise DamagedError("too many chunks")


def _chunk(kind: bytes, body: bytes) -> bytes:
    return len(body).to_bytes(4, "big") + kind + body + zlib.crc32(kind + body).to_bytes(4, "big")


def _transparency(body: bytes, depth: int, colour: int) -> bytes:
    """Return the transparent colour on the scale of the decoded samples, with which Pillow compares it."""
    if colour == _GREY and depth in (2, 4):
        most = (1 << depth) - 1
        return ((int.from_bytes(body[:2], "big") & most) * 255 // most).to_bytes(2, "big")
    if colour == _RGB and depth == 16:
        return b"".join(b"\0" + body[start : start + 1] for start in (0, 2, 4))
    return body


def _colour(stated: dict[bytes, bytes]) -> tuple[StatedColour | None, bytes]:
    """Return the colour that takes precedence (§4.3): cICP, then a profile, then sRGB, then gAMA and cHRM."""
    codes = stated.get(b"cICP", b"")
    if len(codes) == 4:
        return of_codes(codes[0], codes[1]), b""
    packed = stated.get(b"iCCP", b"")
    if packed.startswith(_PQ_PROFILE):
        return of_codes(9, PQ), b""
    icc = _profile(packed)
    if icc or b"sRGB" in stated:
        return None, icc
    gamma = stated.get(b"gAMA", b"")
    return of_png(int.from_bytes(gamma, "big") if len(gamma) == 4 else None, _points(stated)), b""


def _points(stated: dict[bytes, bytes]) -> Chromaticities | None:
    body = stated.get(b"cHRM", b"")
    if len(body) != 32:
        return None
    numbers = [int.from_bytes(body[start : start + 4], "big") / 100_000 for start in range(0, 32, 4)]
    white, red, green, blue = ((numbers[at], numbers[at + 1]) for at in range(0, 8, 2))
    return Chromaticities(red, green, blue, white)


def _profile(body: bytes) -> bytes:
    """Return the unpacked ICC profile; empty if it is broken or larger than any real one."""
    _, _, packed = body.partition(b"\0")
    unpacking = zlib.decompressobj()
    try:
        profile: bytes = unpacking.decompress(packed[1:], _MAX_PROFILE_BYTES)
    except zlib.error:
        return b""
    return profile if unpacking.eof else b""
