"""Reads the size that an AV1 stream itself states; a decoder allocates by it, whatever the boxes state.

All names are from the AV1 bitstream specification, §5.3 and §5.5 (https://aomediacodec.github.io/av1-spec/).
"""

from dataclasses import dataclass

_SEQUENCE_HEADER = 1
_MAX_OBUS = 256


@dataclass(frozen=True)
class Sequence:
    """A sequence header: pixels of the largest frame, and H.273's primaries and transfer if stated."""

    pixels: int
    colour_codes: tuple[int, int] | None = None


def sequence_of(stream: bytes | memoryview) -> Sequence:
    """Return the largest sequence of ``stream``; a sequence of 0 pixels if it has no header."""
    headers = [_sequence(body) for kind, body in _units(stream) if kind == _SEQUENCE_HEADER]
    return max(headers, key=lambda header: header.pixels, default=Sequence(0))


def _units(stream: bytes | memoryview) -> list[tuple[int, bytes]]:
    """Return the type and body of the first open bitstream units."""
    units: list[tuple[int, bytes]] = []
    place = 0
    while place < len(stream) and len(units) < _MAX_OBUS:
        header = stream[place]
        place += 2 if header & 4 else 1  # obu_extension_flag
        size = len(stream) - place
        if header & 2:  # obu_has_size_field
            size, place = _leb128(stream, place)
        units.append((header >> 3 & 15, bytes(stream[place : place + min(size, 256)])))
        place += size
    return units


def _leb128(stream: bytes | memoryview, place: int) -> tuple[int, int]:
    value = 0
    for index, byte in enumerate(stream[place : place + 8]):
        value |= (byte & 0x7F) << 7 * index
        if not byte & 0x80:
            return value, place + index + 1
    return value, place + 8


class _Bits:
    """Reads bits, most significant first; returns zeros after the end."""

    def __init__(self, data: bytes) -> None:
        self._bits = int.from_bytes(data, "big")
        self._left = 8 * len(data)

    def read(self, count: int) -> int:
        self._left -= count
        shifted = self._bits >> self._left if self._left >= 0 else self._bits << -self._left
        return shifted & ((1 << count) - 1)

    def skip_uvlc(self) -> None:
        zeros = 0
        while zeros < 32 and not self.read(1):
            zeros += 1
        self.read(zeros)


def _sequence(body: bytes) -> Sequence:
    """Read a sequence_header_obu up to its colours."""
    bits = _Bits(body)
    profile = bits.read(3)
    bits.read(1)  # still_picture
    reduced = bits.read(1)  # reduced_still_picture_header
    if reduced:
        bits.read(5)
    else:
        _skip_operating_points(bits)
    width_bits, height_bits = bits.read(4) + 1, bits.read(4) + 1
    pixels = (bits.read(width_bits) + 1) * (bits.read(height_bits) + 1)
    if not reduced and bits.read(1):  # frame_id_numbers_present_flag
        bits.read(7)
    bits.read(3)  # use_128x128_superblock, enable_filter_intra, enable_intra_edge_filter
    if not reduced:
        _skip_tools(bits)
    bits.read(3)  # enable_superres, enable_cdef, enable_restoration
    return Sequence(pixels, _colour_codes(bits, profile))


def _skip_tools(bits: _Bits) -> None:
    bits.read(4)  # enable_interintra_compound to enable_dual_filter
    order_hint = bits.read(1)
    if order_hint:
        bits.read(2)
    # seq_choose_screen_content_tools, else seq_force_screen_content_tools
    if (bits.read(1) or bits.read(1)) and not bits.read(1):  # seq_choose_integer_mv
        bits.read(1)
    if order_hint:
        bits.read(3)


def _colour_codes(bits: _Bits, profile: int) -> tuple[int, int] | None:
    """Read the beginning of color_config (§5.5.2)."""
    high_bitdepth = bits.read(1)
    if profile == 2 and high_bitdepth:
        bits.read(1)
    if profile != 1:
        bits.read(1)  # mono_chrome
    return (bits.read(8), bits.read(8)) if bits.read(1) else None


def _skip_operating_points(bits: _Bits) -> None:
    delay_bits = 0
    if bits.read(1):  # timing_info_present_flag
        bits.read(64)
        if bits.read(1):  # equal_picture_interval
            bits.skip_uvlc()
        if bits.read(1):  # decoder_model_info_present_flag
            delay_bits = bits.read(5) + 1
            bits.read(42)
    display_delay = bits.read(1)
    for _ in range(bits.read(5) + 1):
        bits.read(12)
        if bits.read(5) > 7:  # seq_level_idx: only these have a tier
            bits.read(1)
        if delay_bits and bits.read(1):
            bits.read(2 * delay_bits + 1)
        if display_delay and bits.read(1):
            bits.read(4)
