"""Detects a file's format from its first bytes; file names and types from outside prove nothing."""

import re
from enum import StrEnum

from kleinbot.domain.errors import Code, Refusal


class FileFormat(StrEnum):
    """The supported formats. The values are their usual names."""

    PNG = "PNG"
    JPEG = "JPEG"
    WEBP = "WebP"
    GIF = "GIF"
    AVIF = "AVIF"


_SUPPORTED = (
    (b"\x89PNG\r\n\x1a\n", FileFormat.PNG),
    (b"\xff\xd8\xff", FileFormat.JPEG),
    (b"GIF87a", FileFormat.GIF),
    (b"GIF89a", FileFormat.GIF),
)

_UNSUPPORTED = (
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"II+\0", "TIFF"),
    (b"MM\0+", "TIFF"),
    (b"8BPS", "PSD"),
    (b"BM", "BMP"),
    (b"\xff\x0a", "JPEG XL"),
    (b"\0\0\0\x0cJXL \r\n\x87\n", "JPEG XL"),
    (b"\0\0\0\x0cjP  \r\n\x87\n", "JPEG 2000"),
    (b"\xff\x4f\xff\x51", "JPEG 2000"),
    (b"\0\0\1\0", "ICO"),
    (b"\0\0\2\0", "CUR"),
    (b"%PDF", "PDF"),
    (b"%!PS", "EPS"),
    (b"\x1a\x45\xdf\xa3", "WebM"),
    (b"DDS ", "DDS"),
    (b"qoif", "QOI"),
    (b"\x76\x2f\x31\x01", "EXR"),
    (b"#?RADIANCE", "HDR"),
    (b"gimp xcf", "XCF"),
)
"""Formats that people send anyway; the refusal names them. Signatures: https://www.nationalarchives.gov.uk/pronom/"""

_AVIF_BRANDS = {b"avif", b"avis"}
_HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1"}
_NETPBM = re.compile(rb"P[1-7]\s")
_SVG = re.compile(rb"(?:\xef\xbb\xbf)?\s*<(?:svg|\?xml|!--|!DOCTYPE svg)", re.IGNORECASE)
_HEAD_BYTES = 4096


def format_of(data: bytes) -> FileFormat:
    """Return the format of ``data``.

    Raises Refusal PICTURE_NOT_AN_IMAGE, or PICTURE_FORMAT_UNSUPPORTED with the name of the ``format``.
    """
    for signature, known in _SUPPORTED:
        if data.startswith(signature):
            return known
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return FileFormat.WEBP
    if data[4:8] == b"ftyp":
        return _iso_media(data)
    name = _unsupported_name(data[:_HEAD_BYTES])
    if name is None:
        raise Refusal(Code.PICTURE_NOT_AN_IMAGE)
    raise unsupported(name)


def unsupported(name: str) -> Refusal:
    return Refusal(Code.PICTURE_FORMAT_UNSUPPORTED, format=name)


def _iso_media(data: bytes) -> FileFormat:
    """Distinguish AVIF from related formats by the brands of the ``ftyp`` box (ISO/IEC 14496-12 §4.3)."""
    box = data[8 : min(int.from_bytes(data[:4], "big"), 256)]
    brands = {box[start : start + 4] for start in range(0, len(box), 4) if start != 4}
    if brands & _AVIF_BRANDS:
        return FileFormat.AVIF
    raise unsupported("HEIC" if brands & _HEIC_BRANDS else "MP4")


def _unsupported_name(beginning: bytes) -> str | None:
    for signature, name in _UNSUPPORTED:
        if beginning.startswith(signature):
            return name
    if beginning[:4] == b"RIFF" and beginning[8:12] == b"AVI ":
        return "AVI"
    if _NETPBM.match(beginning):
        return "PNM"
    if _SVG.match(beginning) and b"<svg" in beginning.lower():
        return "SVG"
    return None
