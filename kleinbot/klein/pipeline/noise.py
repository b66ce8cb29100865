"""The noise a picture starts from."""

import math

import torch

from kleinbot.domain.geometry import Grid
from kleinbot.domain.noise import NoiseRecipe


def draw_noise(recipe: NoiseRecipe, channels: int, grid: Grid) -> torch.Tensor:
    """Return the recipe's noise: (1, ``channels``, rows, columns), float32, on the CPU.

    Drawn per image from a CPU generator in float32, so a picture's noise does not depend on the card, the
    batch it is made in or the model's precision. diffusers' pipeline in float32 draws the same numbers for
    one generator per image; in bfloat16 its numbers are ours rounded with torch 2.13, but others
    altogether with torch 2.11 (measured), which is why the precision here is fixed. The blends' formula is
    ``NoiseRecipe``'s.
    """
    noise = _standard_normal(recipe.base_seed, channels, grid)
    for blend in recipe.blends:
        further = _standard_normal(blend.seed, channels, grid)
        noise = math.sqrt(1 - blend.weight**2) * noise + blend.weight * further
    return noise


def _standard_normal(seed: int, channels: int, grid: Grid) -> torch.Tensor:
    generator = torch.Generator("cpu").manual_seed(seed)
    return torch.randn((1, channels, grid.rows, grid.columns), generator=generator, dtype=torch.float32)
