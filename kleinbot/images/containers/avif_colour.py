"""Reads an AVIF's colour from ``colr`` boxes of type ``nclx`` (ISO/IEC 23008-12 §6.5.5).

In a still picture only boxes associated with the primary item count, since a gain map has its own.
"""

import re
from collections.abc import Iterator

from kleinbot.images.colour.stated_colour import StatedColour, of_codes

_MAX_BOXES = 1_000
_MAX_ASSOCIATIONS = 10_000
_FULL = 4
_FILM_COLOUR = re.compile(rb"colrnclx(..)(..)", re.DOTALL)

Codes = tuple[int, int]


def codes_of_picture(meta: bytes) -> Codes | None:
    """Return the primaries and transfer of a ``meta`` box's primary item; None if it states none.

    Returns (2, 2), "unspecified", if there is a profile, which takes precedence.
    """
    boxes = dict(_boxes(meta[_FULL:]))
    item = boxes.get(b"pitm", b"")[_FULL:]
    properties = dict(_boxes(boxes.get(b"iprp", b"")))
    ordered = list(_boxes(properties.get(b"ipco", b"")))
    codes: Codes | None = None
    for index in _associated(properties.get(b"ipma", b""), int.from_bytes(item, "big")):
        kind, body = ordered[index - 1] if 0 < index <= len(ordered) else (b"", b"")
        if kind != b"colr":
            continue
        if body.startswith((b"prof", b"rICC")):
            return 2, 2
        if body.startswith(b"nclx") and len(body) >= 8:
            codes = codes or _codes(body[4:6], body[6:8])
    return codes


def codes_of_film(moov: bytes) -> Codes | None:
    """Return the primaries and transfer of the first track of a ``moov`` box that states them."""
    found = _FILM_COLOUR.search(moov)
    return None if found is None else _codes(found[1], found[2])


def colour_of(codes: Codes | None) -> StatedColour | None:
    return None if codes is None else of_codes(*codes)


def _codes(primaries: bytes, transfer: bytes) -> Codes:
    return int.from_bytes(primaries, "big"), int.from_bytes(transfer, "big")


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield the kind and body of the first boxes in ``data``; stop at an invalid one."""
    place = 0
    for _ in range(_MAX_BOXES):
        length = int.from_bytes(data[place : place + 4], "big")
        if length < 8:
            return
        yield data[place + 4 : place + 8], data[place + 8 : place + length]
        place += length


def _associated(ipma: bytes, wanted: int) -> list[int]:
    """Return the indices, counted from 1, of the properties of item ``wanted`` (ISO/IEC 23008-12 §9.3)."""
    item_bytes = 4 if ipma[:1] > b"\0" else 2
    index_bytes = 2 if ipma[3:4] and ipma[3] & 1 else 1
    place = 8
    for _ in range(min(int.from_bytes(ipma[4:8], "big"), _MAX_ASSOCIATIONS)):
        if place >= len(ipma):
            break
        item = int.from_bytes(ipma[place : place + item_bytes], "big")
        start = place + item_bytes + 1
        count = ipma[start - 1] if start <= len(ipma) else 0
        place = start + count * index_bytes
        if item == wanted:
            mask = 0x7FFF if index_bytes == 2 else 0x7F
            steps = range(start, place, index_bytes)
            return [int.from_bytes(ipma[at : at + index_bytes], "big") & mask for at in steps]
    return []
