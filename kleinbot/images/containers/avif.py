"""AVIF (https://aomediacodec.github.io/av1-avif/): reads sizes from the boxes and hides EXIF."""

import re
from collections.abc import Iterator

from kleinbot.images.containers.av1 import sequence_of
from kleinbot.images.containers.avif_colour import Codes, codes_of_film, codes_of_picture, colour_of
from kleinbot.images.containers.avif_items import streams
from kleinbot.images.containers.parts import ContainerParts, DamagedError, most_frames

_MAX_BOXES = 1_000
_DIRECTORIES = (b"meta", b"moov")
_MAX_SIZES = 10_000
_MAX_CODED = 4
"""The most coded pixels per shown pixel: colour and alpha, a thumbnail, the overhang of a grid."""
_ITEM_SIZE = re.compile(rb"(?=ispe\0{4}(.{8}))", re.DOTALL)
_TRACK_SIZE = re.compile(rb"(?=av01\0{6}.{18}(.{4}))", re.DOTALL)


def walk(data: bytes) -> ContainerParts:
    """Read the largest size that any item or track states; none is larger than the picture.

    EXIF gets a type that no decoder knows: parsing hostile EXIF is a needless risk, since AVIF uses the
    file's own rotation instead of the EXIF orientation (§2.2.1 of ISO/IEC 23008-12).

    Raises DamagedError.
    """
    hidden = bytearray(data)
    largest = (0, 0)
    coded = 0
    codes: Codes | None = None
    coded_codes: Codes | None = None
    is_film = b"avis" in data[8:12]
    for kind, start, end in _boxes(data):
        if kind in _DIRECTORIES:
            box = data[start:end]
            hidden[start:end] = box.replace(b"Exif", b"skip")
            if kind == b"moov" if is_film else kind == b"meta":
                codes = codes or (codes_of_film(box) if is_film else codes_of_picture(box))
            here = 0
            for stream in streams(data, box):
                sequence = sequence_of(stream)
                here += sequence.pixels
                coded_codes = coded_codes or sequence.colour_codes
            coded = max(coded, here)
            largest = max((largest, *_sizes(box)), key=lambda size: size[0] * size[1])
    width, height = largest
    if width * height == 0:
        raise DamagedError("no size")
    # Otherwise a two-kilobyte file that states 100×100 could hold a hundred 16384² streams to decode.
    if coded > _MAX_CODED * width * height:
        raise DamagedError("codes more than it shows")
    colour = colour_of(codes or coded_codes)
    return ContainerParts(bytes(hidden), width, height, colour=colour, frames=most_frames(width * height))


def _boxes(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Yield the kind, start and end of each top-level box (ISO/IEC 14496-12 §4.2)."""
    place = 0
    for _ in range(_MAX_BOXES):
        if place + 8 > len(data):
            return
        length, kind = int.from_bytes(data[place : place + 4], "big"), data[place + 4 : place + 8]
        header = 8
        if length == 1:
            length, header = int.from_bytes(data[place + 8 : place + 16], "big"), 16
        elif length == 0:
            length = len(data) - place
        if length < header:
            raise DamagedError("a box of no length")
        yield kind, place + header, min(place + length, len(data))
        place += length
    raise DamagedError("too many boxes")


def _sizes(box: bytes) -> Iterator[tuple[int, int]]:
    count = 0
    for pattern in (_ITEM_SIZE, _TRACK_SIZE):
        for found in pattern.finditer(box):
            count += 1
            if count > _MAX_SIZES:
                raise DamagedError("too many sizes")
            yield _pair(found[1])


def _pair(data: bytes) -> tuple[int, int]:
    half = len(data) // 2
    return int.from_bytes(data[:half], "big"), int.from_bytes(data[half:], "big")
