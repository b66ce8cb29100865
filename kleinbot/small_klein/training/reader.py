"""Reads colours, shapes and positions from a picture by classical image processing, without the drawing code.

Ground: the border's colour near each row. Things: connected regions that differ from it.
Shape: holes, solidity and the Fourier series of the outline's distance from its centre.
Needs scikit-image (extra ``test``).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import skimage
from numpy.typing import NDArray

from kleinbot.small_klein.training.scenes import PALETTE, THING_COLOURS

color: Any = skimage.color  # scikit-image calls are not typed
measure: Any = skimage.measure
morphology: Any = skimage.morphology

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

BORDER_PX = 5
THING_CONTRAST = 15.0
"""CIEDE76 from every nearby tone of the ground; the closest two colours of the palette are 38 apart."""

SMALLEST_SHARE = 0.0012
"""Share of the picture's area; smaller regions are ignored (a small star covers 0.5 % of 256²)."""


@dataclass(frozen=True)
class Seen:
    """A thing read from a picture: its centre and the diameter of a disc of its area, in pixels."""

    colour: str
    shape: str
    x_px: float
    y_px: float
    diameter_px: float


def _lab(picture: Bytes) -> Floats:
    return np.asarray(color.rgb2lab(picture), dtype=np.float64)


_LAB = {name: _lab(np.array([[rgb]], dtype=np.uint8))[0, 0] for name, rgb in PALETTE.items()}


def nearest_colour(lab: Floats, names: tuple[str, ...] = tuple(PALETTE)) -> str:
    """Return the palette's nearest colour; hue counts double, so that a shade of red stays red."""

    def distance(name: str) -> float:
        lightness, a, b = lab - _LAB[name]
        return float(0.25 * lightness**2 + a**2 + b**2)

    return min(names, key=distance)


def things_mask(picture: Bytes) -> Mask:
    """Return the mask where ``picture`` (H, W, 3) differs from its border's tones in nearby rows."""
    lab = _lab(picture)
    height = lab.shape[0]
    far = np.full(lab.shape[:2], np.inf)
    sides = [np.median(lab[:, :BORDER_PX], axis=1), np.median(lab[:, -BORDER_PX:], axis=1)]
    for side in sides:
        for shift in (-32, -20, -10, 0, 10, 20, 32):
            rows = np.clip(np.arange(height) + shift, 2, height - 3)
            far = np.minimum(far, np.linalg.norm(lab - side[rows][:, None], axis=2))
    return np.asarray(morphology.opening(far > THING_CONTRAST, morphology.disk(1)), dtype=np.bool_)


def ground_colour(picture: Bytes) -> str:
    """Return the ground's colour by its brighter border tones at the top, where a gradient begins."""
    lab = _lab(picture)
    band = max(BORDER_PX, lab.shape[0] // 6)
    edge = np.concatenate([lab[:BORDER_PX].reshape(-1, 3), lab[:band, :BORDER_PX].reshape(-1, 3)])
    # A checkered ground's first tone is its lighter half, except for black: there it is the darker one.
    quantile = 0.25 if np.median(edge[:, 0]) < 30 else 0.75
    at = np.argsort(edge[:, 0])[int(quantile * (len(edge) - 1))]
    return nearest_colour(edge[at])


def _outline_series(mask: Mask) -> tuple[Floats, Floats]:
    """Return |a_k| / a_0 and the phase of the outline's distance from its centre, k = 0…8."""
    padded = np.pad(mask, 2).astype(float)
    outline = max(measure.find_contours(padded, 0.5), key=len)
    rows, columns = np.nonzero(padded)
    down, across = outline[:, 0] - rows.mean(), outline[:, 1] - columns.mean()
    angle, length = np.arctan2(-down, across), np.hypot(down, across)
    order = np.argsort(angle)
    even = np.linspace(-np.pi, np.pi, 256, endpoint=False)
    profile = np.interp(even, angle[order], length[order], period=2 * np.pi)
    series = np.fft.rfft(profile)[:9] * np.exp(1j * np.pi * np.arange(9))  # phases from angle 0, not from -π
    return np.abs(series) / np.abs(series[0]), np.angle(series)


def shape_of(mask: Mask) -> str:
    """Return the shape of a region (cropped to its bounding box)."""
    filled = np.asarray(measure.regionprops(mask.astype(np.uint8))[0].image_filled, dtype=np.bool_)
    if 1 - mask.sum() / filled.sum() > 0.06:
        return "ring"
    strength, phase = _outline_series(filled)
    if strength[2] > 0.15:  # longer than wide, or bent: the others look alike from two sides
        return "moon" if strength[1] > 0.09 else "arrow"
    if strength[2] > 0.03 and 0.05 < strength[3] < 0.1:
        return "heart"
    order = int(np.argmax(strength[3:6])) + 3
    if strength[order] < 0.035:
        return "circle"
    if order == 3:
        return "triangle"
    if order == 5:
        return "star"
    solidity = measure.regionprops(filled.astype(np.uint8))[0].solidity
    if solidity < 0.86:
        return "cross"
    return "diamond" if np.cos(phase[4]) > 0 else "square"


def read(picture: Bytes) -> list[Seen]:
    """Return the things in ``picture`` (H, W, 3), sRGB, largest first."""
    lab = _lab(picture)
    labels = measure.label(things_mask(picture), connectivity=2)
    seen = []
    for region in sorted(measure.regionprops(labels), key=lambda region: -region.area):
        if region.area < SMALLEST_SHARE * labels.size:
            continue
        inner = morphology.erosion(np.pad(region.image, 1), morphology.disk(2))[1:-1, 1:-1]
        inside = inner if inner.sum() > 12 else region.image
        pixels = lab[region.slice][inside]
        # Stripes and spots are darker than the thing's colour, so the lighter pixels determine it.
        bright = pixels[pixels[:, 0] >= np.quantile(pixels[:, 0], 0.6)]
        down, across = region.centroid
        seen.append(
            Seen(
                colour=nearest_colour(np.median(bright, axis=0), THING_COLOURS),
                shape=shape_of(region.image),
                x_px=float(across),
                y_px=float(down),
                diameter_px=float(region.equivalent_diameter_area),
            )
        )
    return seen
