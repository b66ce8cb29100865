"""Colour that a file states in numbers instead of a profile: PNG's cICP, gAMA and cHRM, AVIF's nclx.

The codes are from ITU-T H.273 (https://www.itu.int/rec/T-REC-H.273), tables 2 and 3.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Chromaticities:
    """CIE 1931 x and y of red, green, blue and white."""

    red: tuple[float, float]
    green: tuple[float, float]
    blue: tuple[float, float]
    white: tuple[float, float]


@dataclass(frozen=True)
class StatedColour:
    """The meaning of samples.

    ``transfer``: H.273's code of the transfer function. With ``exponent``, light is the sample to that power
    instead.
    """

    primaries: Chromaticities
    transfer: int
    exponent: float | None = None


SRGB, LINEAR, PQ, HLG = 13, 8, 16, 18
HDR_TRANSFERS = frozenset({PQ, HLG})

_D65 = (0.3127, 0.3290)
_C = (0.310, 0.316)
BT709 = Chromaticities((0.640, 0.330), (0.300, 0.600), (0.150, 0.060), _D65)
BT2020 = Chromaticities((0.708, 0.292), (0.170, 0.797), (0.131, 0.046), _D65)
DISPLAY_P3 = Chromaticities((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), _D65)
_SMPTE170 = Chromaticities((0.630, 0.340), (0.310, 0.595), (0.155, 0.070), _D65)

_PRIMARIES = {
    1: BT709,
    4: Chromaticities((0.67, 0.33), (0.21, 0.71), (0.14, 0.08), _C),
    5: Chromaticities((0.64, 0.33), (0.29, 0.60), (0.15, 0.06), _D65),
    6: _SMPTE170,
    7: _SMPTE170,
    8: Chromaticities((0.681, 0.319), (0.243, 0.692), (0.145, 0.049), _C),
    9: BT2020,
    10: Chromaticities((1.0, 0.0), (0.0, 1.0), (0.0, 0.0), (1 / 3, 1 / 3)),
    11: Chromaticities((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), (0.314, 0.351)),
    12: DISPLAY_P3,
    22: Chromaticities((0.630, 0.340), (0.295, 0.605), (0.155, 0.077), _D65),
}

_EXPONENTS = {4: 2.2, 5: 2.8, LINEAR: 1.0}
"""All other curves except HDR's, including television's, are treated as sRGB's, as in browsers: displays have
one curve for both."""

_USUAL_GAMMA = range(45_000, 46_001)
"""1/2.2 in PNG's hundred-thousandths; programs write it for sRGB, whose curve has no single exponent."""

_GAMMAS = range(20_000, 500_001)
_SAME = 0.002


def of_codes(primaries: int, transfer: int) -> StatedColour | None:
    """Return the colour of H.273's codes; None for sRGB and for unspecified or undefined codes."""
    found = _PRIMARIES.get(primaries, BT709)
    if transfer in HDR_TRANSFERS:
        return StatedColour(found, transfer)
    if transfer in _EXPONENTS:
        return StatedColour(found, transfer, _EXPONENTS[transfer])
    return None if found is BT709 else StatedColour(found, SRGB)


def of_png(gamma: int | None, chromaticities: Chromaticities | None) -> StatedColour | None:
    """Return the colour of PNG's gAMA, in hundred-thousandths, and cHRM; None for sRGB and invalid values."""
    known = gamma if gamma in _GAMMAS else None
    primaries = chromaticities or BT709
    if known is not None and known not in _USUAL_GAMMA:
        return StatedColour(primaries, SRGB, 100_000 / known)
    if is_same(primaries, BT709):
        return None
    return StatedColour(primaries, SRGB, None if known is None else 2.2)


def is_same(one: Chromaticities, other: Chromaticities) -> bool:
    pairs = zip(_numbers(one), _numbers(other), strict=True)
    return all(abs(here - there) <= _SAME for here, there in pairs)


def _numbers(points: Chromaticities) -> tuple[float, ...]:
    return (*points.red, *points.green, *points.blue, *points.white)
