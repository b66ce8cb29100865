"""Variations on latents: the effect of each strength, independent of the rest of the batch."""

import itertools
import math

import pytest
import torch

from kleinbot.domain.geometry import Grid
from kleinbot.domain.job_spec import Checkpoint
from kleinbot.domain.noise import Blend, NoiseRecipe, Strength
from kleinbot.klein.pipeline import vae
from kleinbot.klein.pipeline.denoise import Conditioning, InitialLatents, denoise
from kleinbot.klein.pipeline.load import Klein
from kleinbot.klein.pipeline.noise import draw_noise
from kleinbot.klein.pipeline.sigmas import prepare_schedule
from tests.klein.test_parity import some_picture

GRID = Grid(8, 8)
SEEDS = (1, 2, 3, 4)


def correlation(one: torch.Tensor, other: torch.Tensor) -> float:
    return float(torch.corrcoef(torch.stack([one.flatten(), other.flatten()]))[0, 1])


def picture_latents(klein: Klein, seed: int = 1) -> torch.Tensor:
    with torch.inference_mode():
        return vae.encode(klein.vae, some_picture(GRID.width_px, GRID.height_px, seed))


@torch.inference_mode()
def varied(klein: Klein, strength: Strength, seeds: tuple[int, ...], latents: torch.Tensor) -> torch.Tensor:
    noise = torch.cat([draw_noise(NoiseRecipe(seed), klein.packed_channels, GRID) for seed in seeds])
    made = denoise(
        klein.transformers[Checkpoint.DISTILLED],
        klein.scheduler,
        noise,
        Conditioning(klein.text_encoder.encode([""] * len(seeds))),
        strength.steps,
        lambda _: True,
        lambda _: None,
        InitialLatents(latents.expand(len(seeds), -1, -1, -1), strength.first_sigma),
    )
    assert made is not None
    return made


def test_a_variation_of_our_picture_keeps_as_much_of_its_noise_as_its_strength_says(klein: Klein) -> None:
    base = NoiseRecipe(7)
    noise = draw_noise(base, klein.packed_channels, Grid(16, 16))
    correlations = []
    for strength in Strength:
        recipe = NoiseRecipe(7, (Blend(8, strength.weight),))
        mixed = draw_noise(recipe, klein.packed_channels, Grid(16, 16))
        assert float(mixed.std()) == pytest.approx(1.0, abs=0.02)
        correlations.append(correlation(noise, mixed))
        assert correlations[-1] == pytest.approx(math.sqrt(1 - strength.weight**2), abs=0.02)
    assert all(near - far > 0.05 for near, far in itertools.pairwise(correlations))


def test_a_variation_of_a_variation_needs_no_other_picture(klein: Klein) -> None:
    chain = NoiseRecipe(7, (Blend(8, 0.5), Blend(9, 0.25)))
    first = draw_noise(NoiseRecipe(7, chain.blends[:1]), klein.packed_channels, GRID)
    second = draw_noise(NoiseRecipe(9), klein.packed_channels, GRID)
    mixed = draw_noise(chain, klein.packed_channels, GRID)
    torch.testing.assert_close(mixed, math.sqrt(1 - 0.25**2) * first + 0.25 * second)


def test_other_pictures_keep_less_the_stronger_the_variation(klein: Klein) -> None:
    latents = picture_latents(klein)
    correlations = [
        sum(correlation(one, latents[0]) for one in varied(klein, strength, SEEDS, latents)) / len(SEEDS)
        for strength in Strength
    ]
    # Random weights destroy most of the input, but the order remains.
    assert all(near > 1.5 * far > 0 for near, far in itertools.pairwise(correlations)), correlations


@pytest.mark.parametrize("strength", list(Strength))
def test_the_short_schedule_begins_at_the_strengths_sigma_and_ends_at_0(
    klein: Klein, strength: Strength
) -> None:
    for tokens in (64, 1024, 4096):
        schedule = prepare_schedule(
            klein.scheduler, tokens, strength.steps, torch.device("cpu"), strength.first_sigma
        )
        sigmas = schedule.sigmas.tolist()
        assert len(sigmas) == strength.steps + 1
        assert sigmas[0] == pytest.approx(strength.first_sigma, abs=1e-6)
        assert sigmas[-1] == 0
        assert sigmas == sorted(sigmas, reverse=True)


def test_a_whole_schedule_is_what_it_was(klein: Klein) -> None:
    schedule = prepare_schedule(klein.scheduler, 4096, 4, torch.device("cpu"), 1.0)
    assert [round(sigma, 4) for sigma in schedule.sigmas.tolist()] == [1.0, 0.9674, 0.9081, 0.7672, 0.0]


def test_the_beginning_is_noised_as_diffusers_does_it(klein: Klein) -> None:
    latents = picture_latents(klein)
    noise = draw_noise(NoiseRecipe(1), klein.packed_channels, GRID)
    sigma = Strength.MEDIUM.first_sigma
    schedule = prepare_schedule(klein.scheduler, GRID.tokens, 3, torch.device("cpu"), sigma)
    theirs = schedule.scale_noise(latents, schedule.timesteps[:1], noise)
    torch.testing.assert_close(sigma * noise + (1 - sigma) * latents, theirs)


@pytest.mark.parametrize("strength", list(Strength))
def test_the_same_seed_gives_the_same_variation_alone_and_in_a_batch(
    klein: Klein, strength: Strength
) -> None:
    latents = picture_latents(klein)
    together = varied(klein, strength, (5, 6, 7), latents)
    again = varied(klein, strength, (5, 6, 7), latents)
    alone = varied(klein, strength, (6,), latents)
    assert torch.equal(together, again)
    torch.testing.assert_close(together[1:2], alone, rtol=1e-4, atol=1e-4)
