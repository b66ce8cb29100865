"""Draws batches of scenes, anti-aliased, on any device."""

import math
from collections.abc import Sequence

import torch

from kleinbot.small_klein.training.layout import Drawing
from kleinbot.small_klein.training.scenes import MOST_THINGS, PALETTE, SHAPES, GroundStyle, Texture

THINGS = MOST_THINGS
NUMBERS = 4 + 8 * THINGS
"""Numbers of a drawing: ground r, g, b, style; per thing shape (-1: none), x, y, radius, r, g, b, texture."""

DARK = 0.62
_GROUND_STYLES = list(GroundStyle)
_TEXTURES = list(Texture)


def pack(drawing: Drawing) -> list[float]:
    """Return a drawing's ``NUMBERS``: colours in 0…1, lengths in pixels."""
    numbers = [channel / 255 for channel in PALETTE[drawing.ground.colour]]
    numbers.append(float(_GROUND_STYLES.index(drawing.ground.style)))
    for placed in drawing.placed:
        numbers += [float(SHAPES.index(placed.thing.shape)), placed.x_px, placed.y_px, placed.radius_px]
        numbers += [channel / 255 for channel in PALETTE[placed.thing.colour]]
        numbers.append(float(_TEXTURES.index(placed.thing.texture)))
    return numbers + [-1.0, 0, 0, 1, 0, 0, 0, 0] * (THINGS - len(drawing.placed))


def _distance(shape: str, x: torch.Tensor, y: torch.Tensor, r: torch.Tensor) -> torch.Tensor:
    """Return signed distances in pixels, negative inside: (B, H, W); y points down."""
    ax, ay = x.abs(), y.abs()
    if shape == "square":
        return torch.maximum(ax, ay) - 0.84 * r
    if (
        shape == "triangle"
    ):  # equilateral, tip up: three half-planes at half the circumradius from the centroid
        return torch.maximum(y - 0.53 * r, (math.sqrt(3) * ax - y) / 2 - 0.53 * r)
    if shape == "cross":
        arm = 0.34 * r
        return torch.minimum(torch.maximum(ax - r, ay - arm), torch.maximum(ay - r, ax - arm))
    if shape == "diamond":
        return (ax + ay - 1.05 * r) / math.sqrt(2)
    if shape == "heart":
        return _heart(ax, y, r)
    if shape == "arrow":  # points right: a bar and a triangle
        bar = torch.maximum((x + 0.42 * r).abs() - 0.58 * r, ay - 0.24 * r)
        head = torch.maximum(0.08 * r - x, (0.74 * x + 0.92 * ay - 0.74 * r) / math.hypot(0.74, 0.92))
        return torch.minimum(bar, head)
    length = torch.sqrt(x * x + y * y + 1e-6)
    if shape == "circle":
        return length - r
    if shape == "ring":
        return (length - 0.72 * r).abs() - 0.28 * r
    if shape == "moon":  # a crescent, open to the right
        bite = torch.sqrt((x - 0.5 * r) ** 2 + y * y + 1e-6) - 0.82 * r
        return torch.maximum(length - r, -bite)
    # Five tips of a star: fold the angle into one tip's half, then one edge from the tip to the notch.
    fifth = 2 * math.pi / 5
    angle = torch.remainder(torch.atan2(x, -y) + fifth / 2, fifth) - fifth / 2
    tip_x, tip_y = length * torch.cos(angle), length * torch.sin(angle).abs()
    notch_x, notch_y = 0.46 * math.cos(fifth / 2), 0.46 * math.sin(fifth / 2)
    edge = math.hypot(notch_x - 1.05, notch_y)
    return ((tip_x - 1.05 * r) * notch_y - tip_y * (notch_x - 1.05)) / edge


def _heart(ax: torch.Tensor, y: torch.Tensor, r: torch.Tensor) -> torch.Tensor:
    """Return a heart's signed distances: two quarter circles on a corner.

    From I. Quilez's derivation (https://iquilezles.org/articles/distfunctions2d), whose heart stands on its
    tip at 0 and is 1.1 high.
    """
    unit = 1.64 * r
    px, py = ax / unit, 0.58 - y / unit
    lobe = torch.sqrt((px - 0.25) ** 2 + (py - 0.75) ** 2 + 1e-9) - math.sqrt(2) / 4
    along = 0.5 * torch.clamp(px + py, min=0.0)
    side = torch.minimum(px**2 + (py - 1) ** 2, (px - along) ** 2 + (py - along) ** 2)
    corner = torch.sqrt(side + 1e-9) * torch.sign(px - py)
    return torch.where(px + py > 1, lobe, corner) * unit


def _tone(texture: torch.Tensor, x: torch.Tensor, y: torch.Tensor, r: torch.Tensor) -> torch.Tensor:
    """Return the darkness (0…1) of a thing's texture at each pixel; the texture moves with the thing."""
    period = torch.clamp(0.5 * r, min=12.0)
    phase = 2 * math.pi * (x + y) / (math.sqrt(2) * period)
    stripes = (0.5 + torch.sin(phase) * period / (2 * math.pi)).clamp(0, 1)
    dx = torch.remainder(x + period / 2, period) - period / 2
    dy = torch.remainder(y + period / 2, period) - period / 2
    spots = (0.5 + 0.28 * period - torch.sqrt(dx * dx + dy * dy + 1e-6)).clamp(0, 1)
    return torch.where(texture == 1, stripes, torch.where(texture == 2, spots, torch.zeros_like(stripes)))


def draw(numbers: torch.Tensor, width_px: int, height_px: int) -> torch.Tensor:
    """Draw (B, NUMBERS) as pictures (B, 3, height, width) in 0…1, sRGB."""
    device, batch = numbers.device, numbers.shape[0]
    ys = torch.arange(height_px, device=device, dtype=torch.float32).view(1, -1, 1) + 0.5
    xs = torch.arange(width_px, device=device, dtype=torch.float32).view(1, 1, -1) + 0.5
    cell = numbers.view(batch, NUMBERS, 1, 1)
    style = cell[:, 3]
    down = ((ys / height_px) * torch.ones_like(xs)).expand(batch, -1, -1)
    checks = ((torch.floor(xs / 32) + torch.floor(ys / 32)) % 2).expand(batch, -1, -1)
    dark = torch.where(style == 1, down * 0.5, torch.where(style == 2, checks * 0.22, torch.zeros_like(down)))
    ground = cell[:, :3]
    # Black cannot be darkened, so its second tone is lighter.
    lift = (ground.amax(dim=1, keepdim=True) < 0.15).float() * 0.6
    picture = ground * (1 - dark.unsqueeze(1)) + lift * dark.unsqueeze(1)
    for index in range(THINGS):
        things = numbers[:, 4 + 8 * index : 12 + 8 * index]
        for number, shape in enumerate(SHAPES):
            rows = torch.nonzero(things[:, 0] == number).flatten()
            if len(rows):
                picture[rows] = _with_thing(picture[rows], things[rows], shape, xs, ys)
    return picture


def _with_thing(
    picture: torch.Tensor, numbers: torch.Tensor, shape: str, xs: torch.Tensor, ys: torch.Tensor
) -> torch.Tensor:
    """Draw one thing of ``shape`` into each of some pictures; ``numbers`` (B, 8) are the thing's."""
    thing = numbers.view(-1, 8, 1, 1)
    r = thing[:, 3]
    x, y = xs - thing[:, 1], ys - thing[:, 2]
    cover = (0.5 - _distance(shape, x, y, r)).clamp(0, 1).unsqueeze(1)
    colour = thing[:, 4:7]
    if bool((numbers[:, 7] > 0).any()):
        colour = colour * (1 - (1 - DARK) * _tone(thing[:, 7], x, y, r).unsqueeze(1))
    return picture * (1 - cover) + colour * cover


def draw_all(drawings: Sequence[Drawing]) -> torch.Tensor:
    """Draw drawings of one grid: (B, 3, height, width) in 0…1."""
    numbers = torch.tensor([pack(drawing) for drawing in drawings], dtype=torch.float32)
    return draw(numbers, 16 * drawings[0].columns, 16 * drawings[0].rows)
