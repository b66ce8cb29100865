"""JPEG (ITU-T T.81): keeps tables, frame and scans, and reads the orientation and the profile."""

import re

from kleinbot.images.containers.parts import ContainerParts, DamagedError
from kleinbot.images.formats import unsupported
from kleinbot.images.limits import MAX_JPEG_PIXELS, MAX_JPEG_PIXELS_IN_PASSES

_MAX_SEGMENTS = 2_000
_MAX_SCANS = 100
"""Encoders write about ten. Each scan costs a pass over all pixels but may be a few bytes long, so a file
with thousands takes hours: https://libjpeg-turbo.org/pmwiki/uploads/About/TwoIssueswiththeJPEGStandard.pdf"""

_PIECE_BYTES = 1024 * 1024
_LEAST_SCANS = 20
_MAX_PIXELS_SCANNED = 1_000_000_000

_SOI, _EOI, _SOS = 0xD8, 0xD9, 0xDA
_FRAMES = {0xC0, 0xC1, 0xC2, 0xC9, 0xCA}
_OTHER_FRAMES = {0xC3, 0xC5, 0xC6, 0xC7, 0xCB, 0xCD, 0xCE, 0xCF, 0xF7}
_TABLES = {0xC4, 0xCC, 0xDB, 0xDD}
_JFIF, _EXIF, _ICC, _ADOBE = 0xE0, 0xE1, 0xE2, 0xEE
_SEQUENTIAL = {0xC0, 0xC1, 0xC9}
_BETWEEN_SCANS = {_SOS, *_TABLES, *range(0xE0, 0xF0), 0xFE}
_ALONE = {0x01, *range(0xD0, 0xD8)}
# Only the last of a run of FF bytes starts a marker. "\xff+" would match the same, but rescans a run without
# a marker from each of its bytes: a minute for 100 kB, during which no other thread runs.
_MARKER = re.compile(rb"\xff([^\x00\xff])")
_MARKER_IN_SCAN = re.compile(rb"\xff([^\x00\xd0-\xd7\xff])")


def walk(data: bytes) -> ContainerParts:
    """Reduce a JPEG. Drops what follows its end (a second picture, a video, an archive).

    A missing end marker is added and ``is_ended`` is False: some phones omit it, but most such files are
    truncated.

    Raises DamagedError, or Refusal PICTURE_FORMAT_UNSUPPORTED for lossless and 12-bit JPEG.
    """
    kept = [data[:2]]
    frame = exif = b""
    frame_marker = 0
    is_ended = one_pass = False
    profile: list[tuple[int, bytes]] = []
    place = 2
    for _ in range(_MAX_SEGMENTS):
        found = _next(_MARKER, data, place)
        if found is None:
            raise DamagedError("no scan")
        marker, start = found[1][0], found.end()
        if marker in _ALONE:
            place = start
            continue
        if marker in (_EOI, _SOI):
            raise DamagedError("ends before its first scan")
        length = int.from_bytes(data[start : start + 2], "big")
        place = start + max(length, 2)
        body = data[start + 2 : place]
        if marker == _SOS:
            # A single scan of all channels has final coefficients, so no picture data follows it.
            one_pass = frame_marker in _SEQUENTIAL and body[:1] == frame[5:6]
            end, is_ended = _end_of_scans(data, place, 1 if one_pass else _most_scans(frame))
            kept.append(data[found.end() - 2 : end].rstrip(b"\xff") + bytes((0xFF, _EOI)))
            break
        if marker in _OTHER_FRAMES:
            raise unsupported("JPEG (lossless)")
        if marker in _FRAMES:
            if frame:
                raise DamagedError("two frames")
            frame, frame_marker = body, marker
        if marker in _FRAMES or marker in _TABLES or marker in (_JFIF, _ADOBE):
            kept.append(bytes((0xFF, marker)) + data[start:place])
        elif marker == _EXIF and body.startswith(b"Exif\0\0"):
            exif = exif or body
        elif marker == _ICC and body.startswith(b"ICC_PROFILE\0") and len(body) > 14:
            profile.append((body[12], body[14:]))
    else:
        raise DamagedError("too many segments")
    if len(frame) < 6:
        raise DamagedError("no frame")
    if frame[0] != 8:
        raise unsupported(f"JPEG ({frame[0]} bit)")
    width, height = int.from_bytes(frame[3:5], "big"), int.from_bytes(frame[1:3], "big")
    icc = b"".join(part for _, part in sorted(profile, key=lambda numbered: numbered[0]))
    most_pixels = MAX_JPEG_PIXELS if one_pass else MAX_JPEG_PIXELS_IN_PASSES
    return ContainerParts(
        b"".join(kept), width, height, exif, icc, is_ended=is_ended, most_pixels=most_pixels
    )


def _next(marker: re.Pattern[bytes], data: bytes, place: int) -> re.Match[bytes] | None:
    """Return the next ``marker``. Searches chunk by chunk, since ``re`` holds the GIL meanwhile."""
    for start in range(place, len(data), _PIECE_BYTES):
        if found := marker.search(data, start, start + _PIECE_BYTES + 1):
            return found
    return None


def _most_scans(frame: bytes) -> int:
    """Return the most scans that a picture of ``frame``'s size may have."""
    pixels = int.from_bytes(frame[1:3], "big") * int.from_bytes(frame[3:5], "big")
    return max(_LEAST_SCANS, min(_MAX_SCANS, _MAX_PIXELS_SCANNED // max(pixels, 1)))


def _end_of_scans(data: bytes, place: int, most_scans: int) -> tuple[int, bool]:
    """Return where the picture ends, and whether an end marker is there.

    Without one, it ends at the end of the data or at a marker that cannot occur within a picture; a phone's
    own data may follow directly.
    """
    scans = 1
    for _ in range(_MAX_SEGMENTS):
        found = _next(_MARKER_IN_SCAN, data, place)
        if found is None:
            return len(data), False
        marker = found[1][0]
        if marker == _EOI or most_scans == 1 or marker not in _BETWEEN_SCANS:
            return found.start(), marker == _EOI
        scans += marker == _SOS
        if scans > most_scans:
            raise DamagedError("too many scans")
        place = found.end() + max(int.from_bytes(data[found.end() : found.end() + 2], "big"), 2)
    raise DamagedError("too many segments")
