"""Locates the AV1 streams in an AVIF (ISO 14496-12: ``iloc`` §8.11.3, ``infe`` §8.11.6, ``stco`` §8.7.5).

Searches for box names anywhere in the bytes, which may find too many boxes but never too few.
"""

import re
from collections.abc import Iterator

from kleinbot.images.containers.parts import DamagedError

_MAX_STREAMS = 1024
_MAX_TOTAL = 8
"""The most total length of all streams, in file lengths; a track's stream is taken to the file's end."""

_MAX_ENTRIES = 16_384
"""Tables, items and extents together. A picture has an item for each tile, its alpha, its EXIF and its
thumbnail. An entry may take no bytes at all, so a few kilobytes can announce four billion."""

_LOCATIONS = re.compile(rb"iloc([\x00-\x02])...", re.DOTALL)
_AV1_ITEM = re.compile(rb"(?=infe(?:\x02...(..)|\x03...(....))..av01)", re.DOTALL)
_CHUNKS = re.compile(rb"(?:stco|(co64))....(....)", re.DOTALL)


class _Fields:
    """Reads consecutive big-endian numbers."""

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


class _Entries:
    """Counts announced entries before they are read. Raises DamagedError above the limit."""

    def __init__(self) -> None:
        self._left = _MAX_ENTRIES

    def announce(self, count: int) -> range:
        self._left -= count
        if self._left < 0:
            raise DamagedError("too many entries")
        return range(count)


def streams(data: bytes, box: bytes) -> Iterator[memoryview]:
    """Yield the AV1 streams to which the directory ``box`` (``meta``, ``moov``) of the file ``data`` points.

    Yields one at a time, since each may be as long as the file. Raises DamagedError if they are more or
    longer than any picture's.
    """
    count = total = 0
    for extents in _pointed_at(data, box, _Entries()):
        # Checked before copying: extents may overlap, and many short entries can add up to gigabytes.
        length = sum(len(extent) for extent in extents)
        count, total = count + 1, total + length
        if count > _MAX_STREAMS or length > len(data) or total > _MAX_TOTAL * len(data):
            raise DamagedError("too many streams")
        yield extents[0] if len(extents) == 1 else memoryview(b"".join(extents))


def _pointed_at(data: bytes, box: bytes, entries: _Entries) -> Iterator[list[memoryview]]:
    """Yield each stream's extents without copying them."""
    items: set[int] = set()
    for found in _AV1_ITEM.finditer(box):
        entries.announce(1)
        items.add(int.from_bytes(found[1] or found[2], "big"))
    file, directory = memoryview(data), memoryview(box)
    inside_at = box.find(b"idat") + 4
    for found in _LOCATIONS.finditer(box):
        entries.announce(1)
        fields = _Fields(box, found.end())
        version = found[1][0]
        offset_bytes, length_bytes = divmod(fields.read(1), 16)
        base_bytes, index_bytes = divmod(fields.read(1), 16)
        for _ in entries.announce(fields.read(4 if version == 2 else 2)):
            item = fields.read(4 if version == 2 else 2)
            inside = version > 0 and fields.read(2) & 15 == 1
            fields.read(2)
            base = fields.read(base_bytes)
            source, start = (directory, inside_at) if inside else (file, 0)
            extents: list[memoryview] = []
            for _ in entries.announce(fields.read(2)):
                if version:
                    fields.read(index_bytes)
                at = start + base + fields.read(offset_bytes)
                length = fields.read(length_bytes)
                if item in items:
                    extents.append(source[at : at + length] if length else source[at:])
            if extents:
                yield extents
    for found in _CHUNKS.finditer(box):
        entries.announce(1)
        if int.from_bytes(found[2], "big"):
            yield [file[_Fields(box, found.end()).read(8 if found[1] else 4) :]]
