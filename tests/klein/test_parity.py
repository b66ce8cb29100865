"""Our stages are bit-equal to diffusers' own pipeline, for latents and for 8-bit pixels."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import Flux2KleinPipeline
from PIL import Image

from kleinbot.domain.geometry import Grid
from kleinbot.domain.job_spec import Checkpoint
from kleinbot.domain.noise import Blend, NoiseRecipe
from kleinbot.domain.pictures import Pixels
from kleinbot.klein.pipeline import vae
from kleinbot.klein.pipeline.denoise import Conditioning, denoise
from kleinbot.klein.pipeline.latents import unpatch
from kleinbot.klein.pipeline.load import Klein
from kleinbot.klein.pipeline.noise import draw_noise

STEPS = 4
SQUARE = Grid(6, 6)
WIDE = Grid(7, 4)


@torch.inference_mode()
def our_latents(
    klein: Klein,
    prompts: Sequence[str],
    recipes: Sequence[NoiseRecipe],
    grid: Grid,
    references: Sequence[Pixels] = (),
) -> torch.Tensor:
    embeddings = klein.text_encoder.encode(prompts)
    noise = torch.cat([draw_noise(recipe, klein.packed_channels, grid) for recipe in recipes])
    encoded = [vae.encode(klein.vae, picture).expand(len(prompts), -1, -1, -1) for picture in references]
    latents = denoise(
        klein.transformers[Checkpoint.DISTILLED],
        klein.scheduler,
        noise,
        Conditioning(embeddings, encoded),
        STEPS,
        lambda _: True,
        lambda _: None,
    )
    assert latents is not None
    return latents


@torch.inference_mode()
def our_pixels(klein: Klein, latents: torch.Tensor) -> list[np.ndarray]:
    pictures = [vae.decode(klein.vae, one) for one in latents.chunk(len(latents))]
    return [np.frombuffer(p.rgb, np.uint8).reshape(p.height_px, p.width_px, 3) for p in pictures]


def their_latents_and_pixels(
    pipeline: Flux2KleinPipeline,
    prompts: Sequence[str],
    seeds: Sequence[int],
    grid: Grid,
    references: Sequence[Pixels] = (),
) -> tuple[torch.Tensor, list[np.ndarray]]:
    def run(output_type: str) -> Any:
        return pipeline(
            image=[_as_image(picture) for picture in references] or None,
            prompt=list(prompts),
            width=grid.width_px,
            height=grid.height_px,
            num_inference_steps=STEPS,
            guidance_scale=1.0,
            generator=[torch.Generator("cpu").manual_seed(seed) for seed in seeds],
            output_type=output_type,
        ).images

    return run("latent"), [np.asarray(image) for image in run("pil")]


def _as_image(picture: Pixels) -> Image.Image:
    return Image.frombytes("RGB", (picture.width_px, picture.height_px), picture.rgb)


def some_picture(width_px: int, height_px: int, seed: int) -> Pixels:
    levels = np.random.default_rng(seed).integers(0, 256, (height_px, width_px, 3), np.uint8)
    return Pixels(width_px, height_px, levels.tobytes())


REFERENCES = (some_picture(96, 64, 1), some_picture(64, 64, 2), some_picture(64, 128, 3))

CASES = {
    "one image": (["a red fox"], [7], SQUARE, ()),
    "four seeds": (["a red fox"] * 4, [7, 8, 9, 2**32 - 1], SQUARE, ()),
    "different prompts": (["a red fox", "the quick brown", ""], [7, 7, 8], SQUARE, ()),
    "not square": (["a red fox"], [7], WIDE, ()),
    "one reference": (["make the sky blue"], [7], SQUARE, REFERENCES[:1]),
    "three references": (["make the sky blue"], [7], WIDE, REFERENCES),
    "two pictures of three references": (["a", "b"], [1, 2], SQUARE, REFERENCES),
    "cut at 512 tokens": (["sky " * 600], [7], SQUARE, ()),
}


@pytest.mark.parametrize(("prompts", "seeds", "grid", "references"), CASES.values(), ids=CASES.keys())
def test_latents_and_pixels_are_those_of_diffusers(
    klein: Klein,
    pipeline: Flux2KleinPipeline,
    prompts: list[str],
    seeds: list[int],
    grid: Grid,
    references: tuple[Pixels, ...],
) -> None:
    theirs, their_pixels = their_latents_and_pixels(pipeline, prompts, seeds, grid, references)

    latents = our_latents(klein, prompts, [NoiseRecipe(seed) for seed in seeds], grid, references)
    pixels = our_pixels(klein, latents)

    mean = klein.vae.bn.running_mean.view(1, -1, 1, 1)
    deviation = torch.sqrt(klein.vae.bn.running_var.view(1, -1, 1, 1) + klein.vae.config.batch_norm_eps)
    assert torch.equal(unpatch(latents * deviation + mean), theirs)
    assert len(pixels) == len(their_pixels) == len(prompts)
    for ours, wanted in zip(pixels, their_pixels, strict=True):
        assert np.array_equal(ours, wanted)


def test_the_pictures_of_these_cases_differ(klein: Klein) -> None:
    """Otherwise parity would prove nothing: prompt, seed, references and their order all matter."""
    latents = [
        our_latents(klein, ["a red fox"], [NoiseRecipe(7)], SQUARE),
        our_latents(klein, ["a blue fox"], [NoiseRecipe(7)], SQUARE),
        our_latents(klein, ["a red fox"], [NoiseRecipe(8)], SQUARE),
        our_latents(klein, ["a red fox"], [NoiseRecipe(7)], SQUARE, REFERENCES),
        our_latents(klein, ["a red fox"], [NoiseRecipe(7)], SQUARE, REFERENCES[::-1]),
    ]
    pixels = [our_pixels(klein, one)[0].astype(int) for one in latents]
    for index, one in enumerate(pixels):
        assert one.std() > 10
        for other in pixels[:index]:
            assert np.abs(one - other).mean() > 1


def test_embeddings_of_27_layers_are_those_of_all_36(klein: Klein, pipeline: Flux2KleinPipeline) -> None:
    prompts = ["a red fox", "", "naïve 狐 🦊"]
    assert pipeline.text_encoder.config.num_hidden_layers == 36

    with torch.inference_mode():
        ours = klein.text_encoder.encode(prompts)
        theirs, _ = pipeline.encode_prompt(prompts)

    assert ours.shape == (3, 512, 96)
    assert torch.equal(ours, theirs)


def test_a_blended_recipe_starts_from_the_documented_mixture(
    klein: Klein, pipeline: Flux2KleinPipeline
) -> None:
    def seeded(seed: int) -> torch.Tensor:
        generator = torch.Generator("cpu").manual_seed(seed)
        return torch.randn(1, klein.packed_channels, SQUARE.rows, SQUARE.columns, generator=generator)

    first = (1 - 0.3**2) ** 0.5 * seeded(7) + 0.3 * seeded(8)
    mixed = (1 - 0.6**2) ** 0.5 * first + 0.6 * seeded(9)
    recipe = NoiseRecipe(7, (Blend(8, 0.3), Blend(9, 0.6)))
    theirs = pipeline(
        prompt="a red fox",
        width=SQUARE.width_px,
        height=SQUARE.height_px,
        num_inference_steps=STEPS,
        guidance_scale=1.0,
        latents=mixed,
    ).images[0]

    ours = our_pixels(klein, our_latents(klein, ["a red fox"], [recipe], SQUARE))[0]

    assert np.array_equal(ours, np.asarray(theirs))


def test_blending_keeps_the_variance() -> None:
    grid = Grid(64, 64)
    recipe = NoiseRecipe(1, (Blend(2, 0.5), Blend(3, 0.9), Blend(4, 0.1)))

    assert draw_noise(recipe, 16, grid).std().item() == pytest.approx(1.0, abs=0.01)
    assert torch.equal(
        draw_noise(NoiseRecipe(1, (Blend(2, 1.0),)), 16, grid), draw_noise(NoiseRecipe(2), 16, grid)
    )


def test_nothing_is_made_once_a_step_may_not_run(klein: Klein) -> None:
    done: list[int] = []
    with torch.inference_mode():
        latents = denoise(
            klein.transformers[Checkpoint.DISTILLED],
            klein.scheduler,
            draw_noise(NoiseRecipe(1), klein.packed_channels, SQUARE),
            Conditioning(klein.text_encoder.encode(["a"])),
            STEPS,
            lambda step: step < 2,
            done.append,
        )
    assert latents is None
    assert done == [1, 2]
