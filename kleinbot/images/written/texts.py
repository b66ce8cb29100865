"""Takes the texts out of a file in which programs write recipes, bounded before they are unpacked."""

import zlib
from dataclasses import dataclass, field

from kleinbot.images.containers import avif, gif, jpeg, png, webp
from kleinbot.images.containers.parts import DamagedError
from kleinbot.images.exif import exif_values
from kleinbot.images.formats import FileFormat, format_of

COMMENT = "comment"
"""The key under which EXIF's user comment is found."""

WANTED = ("parameters", "prompt", "workflow", "invokeai_metadata", "sd-metadata")
"""The keywords of PNG texts that recipes stand under. Texts under any other keyword are not read."""

_MOST_TEXT_BYTES = 2 * 1024 * 1024
"""ComfyUI's graphs have up to a few hundred kilobytes."""

_MAX_TEXTS = 1_000
_MAX_KEYWORD_BYTES = 79
_USER_COMMENT, _MAKE, _MODEL = 0x9286, 0x010F, 0x0110
_CHARSET_BYTES = 8
_GRAPHS = (("prompt:", "prompt"), ("workflow:", "workflow"))
_WALKS = {
    FileFormat.JPEG: jpeg.walk,
    FileFormat.GIF: gif.walk,
    FileFormat.WEBP: webp.walk,
    FileFormat.AVIF: avif.walk,
}


@dataclass
class _Found:
    """The first text of each keyword."""

    texts: dict[str, str] = field(default_factory=dict)

    def add(self, keyword: str, text: str | None) -> None:
        if text:
            self.texts.setdefault(keyword, text)


def texts_in(data: bytes) -> dict[str, str]:
    """Return the texts in which a recipe may stand, by keyword.

    Raises Refusal PICTURE_NOT_AN_IMAGE or PICTURE_FORMAT_UNSUPPORTED. A damaged file has the texts that
    come before the damage, or none.
    """
    kind, found = format_of(data), _Found()
    if kind is FileFormat.PNG:
        _read_png(data, found)
        return found.texts
    try:
        exif = _WALKS[kind](data).exif
    except DamagedError:
        return {}
    _read_exif(exif, found)
    return found.texts


def _read_png(data: bytes, found: _Found) -> None:
    """Read PNG's three kinds of texts (PNG 3rd edition, §11.3.3) and its EXIF."""
    texts = 0
    try:
        for kind, body in png.chunks(data):
            if kind == b"eXIf":
                _read_exif(body, found)
            if kind not in (b"tEXt", b"zTXt", b"iTXt"):
                continue
            texts += 1
            if texts > _MAX_TEXTS:
                return
            keyword, end, _ = body[: _MAX_KEYWORD_BYTES + 1].partition(b"\0")
            name = keyword.decode("latin-1")
            if end and name in WANTED and name not in found.texts:
                found.add(name, _text_of(kind, body[len(keyword) + 1 :]))
    except DamagedError:
        return


def _text_of(kind: bytes, body: bytes) -> str | None:
    """Return the text of a chunk after its keyword; None if it is broken or too large."""
    if kind == b"tEXt":
        return _decoded(body)
    if kind == b"zTXt":
        return _unpacked(body[1:]) if body[:1] == b"\0" else None
    is_packed, method = body[:1], body[1:2]
    parts = body[2:].split(b"\0", 2)  # language, translated keyword, text
    if len(parts) < 3:
        return None
    if is_packed == b"\1" and method == b"\0":
        return _unpacked(parts[2])
    return _decoded(parts[2])


def _unpacked(packed: bytes) -> str | None:
    """Return what zlib's ``packed`` data hold, unless that is broken or larger than any recipe."""
    unpacking = zlib.decompressobj()
    try:
        text = unpacking.decompress(packed, _MOST_TEXT_BYTES + 1)
    except zlib.error:
        return None
    return _decoded(text)


def _decoded(text: bytes) -> str | None:
    """Return a text in UTF-8, or else in Latin-1, as the standard has it but not every program."""
    if len(text) > _MOST_TEXT_BYTES:
        return None
    try:
        return text.decode()
    except UnicodeDecodeError:
        return text.decode("latin-1")


def _read_exif(exif: bytes, found: _Found) -> None:
    """Read a user comment, and the graphs that ComfyUI writes in place of a camera's make and model.

    ComfyUI: ``comfy_extras/nodes_images.py``, ``SaveAnimatedWEBP``. A camera's real name is not returned.
    """
    for tag, value in exif_values(exif, (_USER_COMMENT, _MAKE, _MODEL)):
        if tag == _USER_COMMENT:
            found.add(COMMENT, _comment_of(value))
            continue
        text = _decoded(value.rstrip(b"\0")) or ""
        for beginning, keyword in _GRAPHS:
            if text.startswith(beginning):
                found.add(keyword, text.removeprefix(beginning))


def _comment_of(value: bytes) -> str | None:
    """Return a user comment (CIPA DC-008 §4.6.5): eight bytes that name a character set, then the text."""
    charset, text = value[:_CHARSET_BYTES], value[_CHARSET_BYTES:]
    if charset == b"UNICODE\0":
        return text[:_MOST_TEXT_BYTES].decode(_order_of(text), "replace").strip("\0\ufeff")
    if charset in (b"ASCII\0\0\0", bytes(_CHARSET_BYTES)):
        return (_decoded(text) or "").strip("\0")
    return (_decoded(value) or "").strip("\0")


def _order_of(text: bytes) -> str:
    """Return how a text in UTF-16 is ordered. Programs disagree with their own block's order.

    The settings of every recipe have ASCII characters, whose first byte is 0 in big-endian order.
    """
    head = text[:4096]
    return "utf-16-be" if head[::2].count(0) >= head[1::2].count(0) else "utf-16-le"
