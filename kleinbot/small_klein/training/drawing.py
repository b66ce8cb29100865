"""Draws batches of scenes, anti-aliased, on any device."""

import math
from collections.abc import Sequence

import torch

from kleinbot.small_klein.training.layout import Drawing
from kleinbot.small_klein.training.scenes import PALETTE, SHAPES, GroundStyle, Texture

THINGS = 3
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


def _distances(x: torch.Tensor, y: torch.Tensor, r: torch.Tensor) -> list[torch.Tensor]:
    """Return signed distances in pixels, negative inside: (B, H, W) per shape of SHAPES; y points down."""
    length = torch.sqrt(x * x + y * y + 1e-6)
    ax, ay = x.abs(), y.abs()
    circle = length - r
    square = torch.maximum(ax, ay) - 0.84 * r
    # Equilateral, tip up: three half-planes at half the circumradius from the centroid.
    triangle = torch.maximum(y - 0.53 * r, (math.sqrt(3) * ax - y) / 2 - 0.53 * r)
    # Five tips: fold the angle into one tip's half, then one edge from the tip to the notch.
    fifth = 2 * math.pi / 5
    angle = torch.remainder(torch.atan2(x, -y) + fifth / 2, fifth) - fifth / 2
    tip_x, tip_y = length * torch.cos(angle), length * torch.sin(angle).abs()
    notch_x, notch_y = 0.46 * math.cos(fifth / 2), 0.46 * math.sin(fifth / 2)
    edge = math.hypot(notch_x - 1.05, notch_y)
    star = ((tip_x - 1.05 * r) * notch_y - tip_y * (notch_x - 1.05)) / edge
    ring = (length - 0.72 * r).abs() - 0.28 * r
    arm = 0.34 * r
    cross = torch.minimum(torch.maximum(ax - r, ay - arm), torch.maximum(ay - r, ax - arm))
    diamond = (ax + ay - 1.05 * r) / math.sqrt(2)
    return [circle, square, triangle, star, ring, cross, diamond]


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
        thing = cell[:, 4 + 8 * index : 12 + 8 * index]
        shape, r, texture = thing[:, 0], thing[:, 3], thing[:, 7]
        x, y = xs - thing[:, 1], ys - thing[:, 2]
        distance = torch.full_like(down, 1e3)
        for number, candidate in enumerate(_distances(x, y, r)):
            distance = torch.where(shape == number, candidate, distance)
        cover = (0.5 - distance).clamp(0, 1).unsqueeze(1)
        tone = _tone(texture, x, y, r).unsqueeze(1)
        colour = thing[:, 4:7] * (1 - (1 - DARK) * tone)
        picture = picture * (1 - cover) + colour * cover
    return picture


def draw_all(drawings: Sequence[Drawing]) -> torch.Tensor:
    """Draw drawings of one grid: (B, 3, height, width) in 0…1."""
    numbers = torch.tensor([pack(drawing) for drawing in drawings], dtype=torch.float32)
    return draw(numbers, 16 * drawings[0].columns, 16 * drawings[0].rows)
