"""WebP (RFC 9649): keeps the file and reads its size before the decoder allocates its canvas."""

from kleinbot.images.containers.parts import ContainerParts, DamagedError, most_frames

_HEADER_BYTES = 12
_MAX_CHUNKS = 10_000
_KEY_FRAME = b"\x9d\x01\x2a"


def walk(data: bytes) -> ContainerParts:
    """Read the size of a WebP's canvas, its EXIF and its profile. Raises DamagedError."""
    size: tuple[int, int] | None = None
    exif = icc = b""
    frames = 0
    place = _HEADER_BYTES
    for _ in range(_MAX_CHUNKS):
        if place + 8 > len(data):
            break
        kind = data[place : place + 4]
        length = int.from_bytes(data[place + 4 : place + 8], "little")
        start = place + 8
        place = start + length + length % 2
        if size is None:
            size = _size(kind, data[start : start + 10])
        elif kind == b"ANMF":
            frames += 1
        elif kind == b"EXIF":
            exif = exif or data[start : start + length]
        elif kind == b"ICCP":
            icc = icc or data[start : start + length]
    else:
        raise DamagedError("too many chunks")
    if size is None:
        raise DamagedError("no header")
    frames = max(1, min(frames, most_frames(size[0] * size[1])))
    return ContainerParts(data, *size, exif, icc, frames=frames)


def _size(kind: bytes, head: bytes) -> tuple[int, int]:
    """Return the canvas size that the first chunk states; the format prescribes its kind."""
    if len(head) == 10 and kind == b"VP8X":
        return _number(head[4:7]) + 1, _number(head[7:10]) + 1
    if len(head) == 10 and kind == b"VP8 " and head[3:6] == _KEY_FRAME:
        return _number(head[6:8]) & 0x3FFF, _number(head[8:10]) & 0x3FFF
    if len(head) >= 5 and kind == b"VP8L" and head[0] == 0x2F:
        bits = _number(head[1:5])
        return (bits & 0x3FFF) + 1, ((bits >> 14) & 0x3FFF) + 1
    raise DamagedError("no picture in its first chunk")


def _number(data: bytes) -> int:
    return int.from_bytes(data, "little")
