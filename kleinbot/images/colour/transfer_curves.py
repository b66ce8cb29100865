"""HDR transfer curves from samples to light, where 1 is a white page, with tone mapping to standard range.

PQ and HLG are from ITU-R BT.2100 (https://www.itu.int/rec/R-REC-BT.2100). A white page has 203 nits
(ITU-R BT.2408 §2). Brighter light is rolled off as in ITU-R BT.2390 §5.4.1.
"""

from collections.abc import Callable
from math import exp

_WHITE_NITS = 203.0
_PEAK_NITS = 1000.0
"""The usual mastering peak of HDR, and HLG's nominal display."""

_PQ_NITS = 10_000.0
_M1, _M2 = 2610 / 16384, 2523 / 4096 * 128
_C1, _C2, _C3 = 3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32
_HLG_A, _HLG_B, _HLG_C = 0.17883277, 0.28466892, 0.55991073
_HLG_DISPLAY_GAMMA = 1.2


def light_of_pq(sample: float) -> float:
    """Return the light of a PQ sample; both range from 0 to 1."""
    return _rolled_off(_nits_of_pq(sample))


def light_of_hlg(sample: float) -> float:
    """Return the light of an HLG sample; both range from 0 to 1. Applies the display gamma per channel."""
    scene = sample**2 / 3 if sample <= 0.5 else (exp((sample - _HLG_C) / _HLG_A) + _HLG_B) / 12
    return _rolled_off(_PEAK_NITS * min(scene, 1.0) ** _HLG_DISPLAY_GAMMA)


def table(curve: Callable[[float], float], entries: int) -> list[int]:
    """Return ``curve`` at evenly spaced samples, in 65,535ths."""
    return [round(65_535 * min(max(curve(index / (entries - 1)), 0.0), 1.0)) for index in range(entries)]


def _nits_of_pq(sample: float) -> float:
    power = sample ** (1 / _M2)
    nits: float = _PQ_NITS * (max(power - _C1, 0.0) / (_C2 - _C3 * power)) ** (1 / _M1)
    return nits


def _pq_of_nits(nits: float) -> float:
    power = (nits / _PQ_NITS) ** _M1
    sample: float = ((_C1 + _C2 * power) / (1 + _C3 * power)) ** _M2
    return sample


_PQ_PEAK = _pq_of_nits(_PEAK_NITS)
_MOST = _pq_of_nits(_WHITE_NITS) / _PQ_PEAK
_KNEE = 1.5 * _MOST - 0.5


def _rolled_off(nits: float) -> float:
    """Return the share of a white page's light: unchanged up to the knee (90 nits), 1 from the peak on."""
    level = min(_pq_of_nits(nits) / _PQ_PEAK, 1.0)
    if level > _KNEE:
        t = (level - _KNEE) / (1 - _KNEE)
        level = (
            (2 * t**3 - 3 * t**2 + 1) * _KNEE
            + (t**3 - 2 * t**2 + t) * (1 - _KNEE)
            + (-2 * t**3 + 3 * t**2) * _MOST
        )
    return _nits_of_pq(level * _PQ_PEAK) / _WHITE_NITS
