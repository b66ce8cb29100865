"""Where in an AVIF the AV1 streams lie (ISO 14496-12: ``iloc`` §8.11.3, ``infe`` §8.11.6, ``stco`` §8.7.5).

Boxes are found by their names wherever these occur: that may find more than there is, never less.
"""

import re
from collections.abc import Iterator

from kleinbot.images.containers.parts import DamagedError

_MAX_STREAMS = 1024
_LOCATIONS = re.compile(rb"iloc([\x00-\x02])...", re.DOTALL)
_AV1_ITEM = re.compile(rb"(?=infe(?:\x02...(..)|\x03...(....))..av01)", re.DOTALL)
_CHUNKS = re.compile(rb"(?:stco|(co64))....(....)", re.DOTALL)


class _Fields:
    """Big-endian numbers, one after the other."""

    def __init__(self, data: bytes, place: int) -> None:
        self._data = data
        self._place = place

    def read(self, byte_count: int) -> int:
        end = self._place + byte_count
        if end > len(self._data):
            raise DamagedError("a box ends early")
        value = int.from_bytes(self._data[self._place : end], "big")
        self._place = end
        return value


def streams(data: bytes, box: bytes) -> list[bytes]:
    """Return the AV1 streams at which the directory ``box`` (``meta``, ``moov``) of the file ``data`` points.

    Raises DamagedError where they are more, or longer in all, than any picture's.
    """
    items = {int.from_bytes(found[1] or found[2], "big") for found in _AV1_ITEM.finditer(box)}
    found_streams: list[bytes] = []
    total = 0
    for stream in _pointed_at(data, box, items):
        found_streams.append(stream)
        total += len(stream)
        if len(found_streams) > _MAX_STREAMS or total > 8 * len(data):
            raise DamagedError("too many streams")
    return found_streams


def _pointed_at(data: bytes, box: bytes, items: set[int]) -> Iterator[bytes]:
    for found in _LOCATIONS.finditer(box):
        fields = _Fields(box, found.end())
        version = found[1][0]
        offset_bytes, length_bytes = divmod(fields.read(1), 16)
        base_bytes, index_bytes = divmod(fields.read(1), 16)
        for _ in range(fields.read(4 if version == 2 else 2)):
            item = fields.read(4 if version == 2 else 2)
            inside = version > 0 and fields.read(2) & 15 == 1
            fields.read(2)
            base = fields.read(base_bytes)
            source, start = (box, box.find(b"idat") + 4) if inside else (data, 0)
            parts: list[bytes] = []
            for _ in range(fields.read(2)):
                if version:
                    fields.read(index_bytes)
                at = start + base + fields.read(offset_bytes)
                length = fields.read(length_bytes)
                if item in items:
                    parts.append(source[at : at + length] if length else source[at:])
            if parts:
                yield b"".join(parts)
    for found in _CHUNKS.finditer(box):
        if int.from_bytes(found[2], "big"):
            yield data[_Fields(box, found.end()).read(8 if found[1] else 4) :]
