"""The noise a picture starts from."""

import math

import torch

from kleinbot.domain.geometry import Grid
from kleinbot.domain.noise import NoiseRecipe


def draw_noise(recipe: NoiseRecipe, channels: int, grid: Grid) -> torch.Tensor:
    """Return the recipe's noise: (1, ``channels``, rows, columns), float32, on the CPU.

    Drawn per image from a CPU generator in float32, so a picture's noise does not depend on the GPU, its
    batch or the model's precision. diffusers' pipeline in float32 draws the same numbers with one generator
    per image; in bfloat16 it draws ours rounded with torch 2.13, but different ones with torch 2.11
    (measured), so the precision here is fixed. ``NoiseRecipe`` has the formula of the blends.
    """
    noise = _standard_normal(recipe.base_seed, channels, grid)
    for blend in recipe.blends:
        further = _standard_normal(blend.seed, channels, grid)
        noise = math.sqrt(1 - blend.weight**2) * noise + blend.weight * further
    return noise


def _standard_normal(seed: int, channels: int, grid: Grid) -> torch.Tensor:
    generator = torch.Generator("cpu").manual_seed(seed)
    return torch.randn((1, channels, grid.rows, grid.columns), generator=generator, dtype=torch.float32)
