"""GIF (https://www.w3.org/Graphics/GIF/spec-gif89a.txt): keeps the screen and the first frames."""

from kleinbot.images.containers.parts import ContainerParts, DamagedError, most_frames

_SCREEN_BYTES = 13
_DESCRIPTOR_BYTES = 10
_MAX_BLOCKS = 10_000
_MAX_DATA_BLOCKS = 500_000
_EXTENSION, _IMAGE = 0x21, 0x2C
_GRAPHIC_CONTROL = 0xF9


def walk(data: bytes) -> ContainerParts:
    """Reduce a GIF. Its size is that of the screen, or of the first frame if that is larger.

    Keeps as many frames of an animation as may be searched for the first visible one.

    Raises DamagedError.
    """
    place = _SCREEN_BYTES + _table_bytes(data, 10)
    kept = [data[:place]]
    control = b""
    width, height, frames = _short(data, 6), _short(data, 8), 0
    for _ in range(_MAX_BLOCKS):
        kind = data[place] if place < len(data) else None
        if kind == _EXTENSION:
            end = _after_blocks(data, place + 2)
            if data[place + 1 : place + 2] == bytes([_GRAPHIC_CONTROL]):
                control = data[place:end]
            place = end
        elif kind == _IMAGE and place + _DESCRIPTOR_BYTES < len(data):
            left, top, frame_width, frame_height = (_short(data, place + at) for at in (1, 3, 5, 7))
            right, bottom = left + frame_width, top + frame_height
            if frames == 0:
                width, height = max(width, right), max(height, bottom)
            elif right > width or bottom > height:
                break
            end = _after_blocks(data, place + _DESCRIPTOR_BYTES + _table_bytes(data, place + 9) + 1)
            kept += [control, data[place:end]]
            place, control, frames = end, b"", frames + 1
            if frames == most_frames(width * height):
                break
        elif frames == 0:
            raise DamagedError("no frame")
        else:
            break
    if frames == 0:
        raise DamagedError("too many blocks")
    return ContainerParts(b"".join(kept), width, height, frames=frames)


def _after_blocks(data: bytes, place: int) -> int:
    """Return the position after a run of data blocks, or the end of the data. Raises DamagedError.

    Encoders fill their blocks with 255 bytes each; the largest allowed file has 82,000 of them.
    """
    for _ in range(_MAX_DATA_BLOCKS):
        if place >= len(data) or not data[place]:
            return min(place + 1, len(data))
        place += 1 + data[place]
    raise DamagedError("too many data blocks")


def _table_bytes(data: bytes, flags_at: int) -> int:
    """Return the length of the colour table that the flags at ``flags_at`` announce."""
    flags = data[flags_at] if flags_at < len(data) else 0
    return 3 * 2 ** ((flags & 7) + 1) if flags & 0x80 else 0


def _short(data: bytes, place: int) -> int:
    return int.from_bytes(data[place : place + 2], "little")
