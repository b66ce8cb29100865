"""Writes an ICC profile for colour that a file states in numbers, so that one conversion serves both.

A display profile of three matrix columns and three curves, ICC.1:2022
(https://www.color.org/specification/ICC.1-2022-05.pdf).
"""

import struct
from functools import cache

from kleinbot.images.colour.stated_colour import HLG, PQ, Chromaticities, StatedColour
from kleinbot.images.colour.transfer_curves import light_of_hlg, light_of_pq, table

Row = tuple[float, float, float]
Matrix = tuple[Row, Row, Row]

_D50 = (0.9642, 1.0, 0.8249)
_BRADFORD: Matrix = ((0.8951, 0.2664, -0.1614), (-0.7502, 1.7135, 0.0367), (0.0389, -0.0685, 1.0296))
_TABLE_ENTRIES = 4096
_MOST = 16.0
"""Columns of real colour spaces stay below 2."""

_SRGB_CURVE = struct.pack(">4sIHH5i", b"para", 0, 3, 0, 157_286, 62_119, 3_417, 5_072, 2_651)
_CURVES = {PQ: light_of_pq, HLG: light_of_hlg}


@cache
def _table_curve(transfer: int) -> bytes:
    values = table(_CURVES[transfer], _TABLE_ENTRIES)
    return struct.pack(f">4sII{len(values)}H", b"curv", 0, len(values), *values)


def matrix_profile(colour: StatedColour) -> bytes | None:
    """Return a profile for ``colour``; None if its primaries are degenerate."""
    columns = _columns(colour.primaries)
    if columns is None:
        return None
    if colour.exponent is not None:
        curve = struct.pack(">4sIHHi", b"para", 0, 0, 0, round(colour.exponent * 65_536))
    else:
        curve = _table_curve(colour.transfer) if colour.transfer in _CURVES else _SRGB_CURVE
    tags = {b"wtpt": _xyz(_D50)}
    for name, column in zip((b"rXYZ", b"gXYZ", b"bXYZ"), columns, strict=True):
        tags[name] = _xyz(column)
    return _profile(tags, dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve))


def _profile(tags: dict[bytes, bytes], curves: dict[bytes, bytes]) -> bytes:
    """Assemble a display profile; all ``curves`` hold the same bytes."""
    start = 128 + 4 + 12 * (len(tags) + len(curves))
    directory = struct.pack(">I", len(tags) + len(curves))
    body = b""
    for name, data in tags.items():
        directory += struct.pack(">4sII", name, start + len(body), len(data))
        body += data
    curve = next(iter(curves.values()))
    for name in curves:
        directory += struct.pack(">4sII", name, start + len(body), len(curve))
    body += curve + bytes(-len(curve) % 4)
    header = bytearray(128)
    struct.pack_into(">I4x4s4s4s4s", header, 0, start + len(body), b"\x04\x30\0\0", b"mntr", b"RGB ", b"XYZ ")
    header[36:40] = b"acsp"
    struct.pack_into(">3i", header, 68, *(round(value * 65_536) for value in _D50))
    return bytes(header) + directory + body


def _xyz(column: Row) -> bytes:
    return struct.pack(">4sI3i", b"XYZ ", 0, *(round(value * 65_536) for value in column))


def _columns(points: Chromaticities) -> Matrix | None:
    """Return the XYZ of full red, green and blue under D50 (Bradford); None if they are no basis."""
    primaries = (points.red, points.green, points.blue)
    if points.white[1] <= 0:
        return None
    # Only a primary's direction (x, y, 1-x-y) matters, so y may be zero, as in XYZ's own primaries.
    directions: Matrix = tuple((x, y, 1 - x - y) for x, y in primaries)  # type: ignore[assignment]
    white = (points.white[0] / points.white[1], 1.0, (1 - sum(points.white)) / points.white[1])
    inverse = _inverse(_transposed(directions))
    if inverse is None:
        return None
    amounts = _times(inverse, white)
    source, target = _times(_BRADFORD, white), _times(_BRADFORD, _D50)
    to_xyz = _inverse(_BRADFORD)
    if to_xyz is None or min(source) <= 0:
        return None
    columns = []
    for direction, amount in zip(directions, amounts, strict=True):
        cone = _times(_BRADFORD, (direction[0] * amount, direction[1] * amount, direction[2] * amount))
        adapted = (
            cone[0] * target[0] / source[0],
            cone[1] * target[1] / source[1],
            cone[2] * target[2] / source[2],
        )
        columns.append(_times(to_xyz, adapted))
    if any(abs(value) > _MOST for column in columns for value in column):
        return None
    return columns[0], columns[1], columns[2]


def _times(matrix: Matrix, vector: Row) -> Row:
    first, second, third = (row[0] * vector[0] + row[1] * vector[1] + row[2] * vector[2] for row in matrix)
    return first, second, third


def _transposed(matrix: Matrix) -> Matrix:
    (a, b, c), (d, e, f), (g, h, i) = matrix
    return (a, d, g), (b, e, h), (c, f, i)


def _inverse(matrix: Matrix) -> Matrix | None:
    (a, b, c), (d, e, f), (g, h, i) = matrix
    determinant = a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g)
    if abs(determinant) < 1e-6:
        return None
    rows = (
        (e * i - f * h, c * h - b * i, b * f - c * e),
        (f * g - d * i, a * i - c * g, c * d - a * f),
        (d * h - e * g, b * g - a * h, a * e - b * d),
    )
    first, second, third = ((x / determinant, y / determinant, z / determinant) for x, y, z in rows)
    return first, second, third
