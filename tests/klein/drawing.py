"""Renders the latents of one small picture with a loaded Klein, without an engine."""

import torch

from kleinbot.domain.geometry import Grid
from kleinbot.domain.job_spec import Checkpoint
from kleinbot.domain.noise import NoiseRecipe
from kleinbot.klein.pipeline.denoise import Conditioning, denoise
from kleinbot.klein.pipeline.load import Klein
from kleinbot.klein.pipeline.noise import draw_noise

PROMPT = "a photo of a cat"
GRID = Grid(4, 4)


@torch.inference_mode()
def latents_of(
    klein: Klein,
    prompt: str = PROMPT,
    seed: int = 1,
    checkpoint: Checkpoint = Checkpoint.DISTILLED,
    grid: Grid = GRID,
) -> torch.Tensor:
    noise = draw_noise(NoiseRecipe(seed), klein.packed_channels, grid).to(klein.device, klein.dtype)
    latents = denoise(
        klein.transformers[checkpoint],
        klein.scheduler,
        noise,
        Conditioning(klein.text_encoder.encode([prompt]), []),
        4,
        lambda _: True,
        lambda _: None,
    )
    assert latents is not None
    return latents
