"""Reads the orientation and a few texts from EXIF."""

from collections.abc import Collection, Iterator
from typing import Literal

_ORDERS: dict[bytes, Literal["little", "big"]] = {b"II*\0": "little", b"MM\0*": "big"}
_ORIENTATION_TAG = 0x0112
_SHORT = 3
_ENTRY_BYTES = 12
_AS_IS = 1
_DETAILS_TAG = 0x8769
_TEXT_TYPES = {1, 2, 7}
"""Bytes, ASCII and undefined: one byte a character."""

_MOST_ENTRIES = 1_000


def orientation_of(exif: bytes) -> int:
    """Return the orientation, 1…8, of an EXIF block; 1 if it states none or is damaged.

    Reads only the first directory and allocates nothing, so no block can do harm. A library's full parse of
    hostile EXIF warns, raises and follows pointers. Layout: TIFF 6.0 §2, CIPA DC-008 §4.6.
    """
    tiff = exif.removeprefix(b"Exif\0\0")
    order = _ORDERS.get(tiff[:4])
    if order is None:
        return _AS_IS

    def number(start: int, length: int) -> int:
        return int.from_bytes(tiff[start : start + length], order)

    directory = number(4, 4)
    for index in range(number(directory, 2)):
        entry = directory + 2 + index * _ENTRY_BYTES
        if entry + _ENTRY_BYTES > len(tiff):
            break
        if number(entry, 2) == _ORIENTATION_TAG:
            orientation = number(entry + 8, 2)
            stated = number(entry + 2, 2) == _SHORT and number(entry + 4, 4) == 1 and 1 <= orientation <= 8
            return orientation if stated else _AS_IS
    return _AS_IS


def exif_values(exif: bytes, tags: Collection[int]) -> Iterator[tuple[int, bytes]]:
    """Yield the tags among ``tags``, with their bytes, of the first directory and of the one with details.

    Yields nothing that is damaged. It reads two directories at most and follows no other pointer.
    """
    tiff = exif.removeprefix(b"Exif\0\0")
    order = _ORDERS.get(tiff[:4])
    if order is None:
        return

    def number(start: int, length: int) -> int:
        return int.from_bytes(tiff[start : start + length], order)

    directories = [number(4, 4)]
    for directory in directories:
        for index in range(min(number(directory, 2), _MOST_ENTRIES)):
            entry = directory + 2 + index * _ENTRY_BYTES
            if entry + _ENTRY_BYTES > len(tiff):
                break
            tag, length, value = number(entry, 2), number(entry + 4, 4), number(entry + 8, 4)
            if tag == _DETAILS_TAG and len(directories) == 1:
                directories.append(value)
            elif tag in tags and number(entry + 2, 2) in _TEXT_TYPES:
                start = entry + 8 if length <= 4 else value
                yield tag, tiff[start : start + length]
