"""The base checkpoint: two passes per step, bit-equal to diffusers' own pipeline."""

from collections.abc import Sequence

import numpy as np
import pytest
import torch
from diffusers import Flux2KleinPipeline
from PIL import Image

from kleinbot.domain.geometry import Grid
from kleinbot.domain.job_spec import Checkpoint
from kleinbot.domain.noise import NoiseRecipe
from kleinbot.domain.pictures import Pixels
from kleinbot.klein.pipeline import vae
from kleinbot.klein.pipeline.denoise import BASE_GUIDANCE_SCALE, Conditioning, Denoising, Guidance
from kleinbot.klein.pipeline.load import Klein
from kleinbot.klein.pipeline.noise import draw_noise
from tests.klein.test_parity import REFERENCES, SQUARE, WIDE

STEPS = 7


@pytest.fixture(scope="module")
def base_pipeline(pipeline: Flux2KleinPipeline) -> Flux2KleinPipeline:
    base = Flux2KleinPipeline(**pipeline.components, is_distilled=False)
    base.set_progress_bar_config(disable=True)
    return base


@torch.inference_mode()
def our_denoising(
    klein: Klein,
    prompts: Sequence[str],
    seeds: Sequence[int],
    grid: Grid,
    references: Sequence[Pixels],
    scale: float = BASE_GUIDANCE_SCALE,
) -> Denoising:
    encode = klein.text_encoder.encode
    noise = torch.cat([draw_noise(NoiseRecipe(seed), klein.packed_channels, grid) for seed in seeds])
    encoded = [vae.encode(klein.vae, picture).expand(len(prompts), -1, -1, -1) for picture in references]
    guidance = Guidance(encode([""] * len(prompts)), scale)
    return Denoising(
        klein.transformers[Checkpoint.DISTILLED],
        klein.scheduler,
        noise,
        Conditioning(encode(prompts), encoded, guidance),
        STEPS,
    )


@torch.inference_mode()
def finished(way: Denoising) -> torch.Tensor:
    while not way.is_done:
        way.step()
    return way.latents


CASES = {
    "one image": (["a red fox"], [7], SQUARE, ()),
    "different prompts": (["a red fox", "the quick brown", "fox"], [7, 7, 8], SQUARE, ()),
    "one reference": (["make the sky blue"], [7], SQUARE, REFERENCES[:1]),
    "two pictures of three references": (["a", "b"], [1, 2], WIDE, REFERENCES),
}


@pytest.mark.parametrize(("prompts", "seeds", "grid", "references"), CASES.values(), ids=CASES.keys())
def test_guided_pixels_are_those_of_diffusers(
    klein: Klein,
    base_pipeline: Flux2KleinPipeline,
    prompts: list[str],
    seeds: list[int],
    grid: Grid,
    references: tuple[Pixels, ...],
) -> None:
    theirs = base_pipeline(
        image=[Image.frombytes("RGB", (p.width_px, p.height_px), p.rgb) for p in references] or None,
        prompt=prompts,
        width=grid.width_px,
        height=grid.height_px,
        num_inference_steps=STEPS,
        generator=[torch.Generator("cpu").manual_seed(seed) for seed in seeds],
    ).images

    latents = finished(our_denoising(klein, prompts, seeds, grid, references))
    with torch.inference_mode():
        ours = [vae.decode(klein.vae, one) for one in latents.chunk(len(latents))]

    assert [picture.rgb for picture in ours] == [np.asarray(image).tobytes() for image in theirs]


def test_the_scale_matters_and_1_is_no_guidance(klein: Klein) -> None:
    def made(scale: float) -> torch.Tensor:
        return finished(our_denoising(klein, ["a red fox"], [7], SQUARE, (), scale))

    plain = our_denoising(klein, ["a red fox"], [7], SQUARE, ())
    plain._guidance = None
    torch.testing.assert_close(made(1.0), finished(plain), rtol=1e-3, atol=1e-3)
    assert (made(BASE_GUIDANCE_SCALE) - made(1.0)).abs().mean() > 0.05


def test_a_guided_picture_leaves_its_batch_with_its_own_guidance(klein: Klein) -> None:
    together = our_denoising(klein, ["a red fox", "the sky"], [7, 8], SQUARE, REFERENCES[:1])
    with torch.inference_mode():
        together.step()
        together.step()
        singles = [together.for_image(0), together.for_image(1)]
        singles[1].move_to(torch.device("cpu"))
    # The copies do not keep the batch's memory alive.
    assert singles[0]._latents.untyped_storage().nbytes() == together._latents[:1].nbytes
    apart = torch.cat([finished(single) for single in singles])
    assert together.steps_done == 2
    torch.testing.assert_close(apart, finished(together), rtol=1e-3, atol=1e-3)
