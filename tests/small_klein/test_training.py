import random
from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import ParamSpec, TypeVar

import numpy as np
import torch

from kleinbot.small_klein import CHECKPOINT
from kleinbot.small_klein.training.drawing import NUMBERS, draw
from kleinbot.small_klein.training.judge import Painter
from kleinbot.small_klein.training.latents import encode, patchify, sigmas_of, unpatchify
from kleinbot.small_klein.training.optimiser import Average, Muon, rate_at
from kleinbot.small_klein.training.pool import Order, make_sheet, order_sheets, sample_grid
from kleinbot.small_klein.training.text import few_positions, pad_bias, text_states, wrap
from kleinbot.small_klein.training.words.wording import Language

Given = ParamSpec("Given")
Made = TypeVar("Made")


ENGLISH = (Language.ENGLISH,)
"""The tokenizer of the shipped model splits German words into bytes."""


class AtOnce(Executor):
    def submit(
        self, function: Callable[Given, Made], /, *args: Given.args, **kwargs: Given.kwargs
    ) -> Future[Made]:
        done: Future[Made] = Future()
        done.set_result(function(*args, **kwargs))
        return done


def test_the_same_order_makes_the_same_sheet() -> None:
    order = Order(5, 14, 12, 1, CHECKPOINT / "tokenizer", 6, ENGLISH)
    one, again = make_sheet(order), make_sheet(order)
    for name in ("target", "references", "ids", "lengths", "freedoms", "own_ids"):
        assert np.array_equal(getattr(one, name), getattr(again, name))
    assert one.references.shape == (1, 6, NUMBERS)


def test_orders_of_one_seed_are_the_same_and_hold_as_many_references_as_asked() -> None:
    made = [
        [
            future.result()
            for future in order_sheets(
                AtOnce(),
                CHECKPOINT / "tokenizer",
                3,
                (2, 1, 1, 1),
                aligned=True,
                size=2,
                languages=ENGLISH,
            )
        ]
        for _ in range(2)
    ]
    assert [sheet.order for sheet in made[0]] == [sheet.order for sheet in made[1]]
    assert sorted(sheet.order.references for sheet in made[0]) == [0, 0, 1, 2, 3]


def test_grids_are_192_to_672_pixels_and_aligned_where_asked() -> None:
    rng = random.Random(1)
    for _ in range(200):
        columns, rows = sample_grid(rng, aligned=True)
        assert 192 <= 16 * columns <= 672
        assert 192 <= 16 * rows <= 672
        assert columns * rows % 8 == 0


def test_training_text_states_are_bit_equal_to_the_pipelines(painter: Painter) -> None:
    prompts = ["a red circle left of a blue square", "remove the star", ""]
    expected, _ = painter.pipe.encode_prompt(prompts)
    ids, lengths = (torch.from_numpy(part).long() for part in wrap(painter.pipe.tokenizer, prompts))
    with torch.no_grad():
        states = text_states(painter.pipe.text_encoder, ids, lengths, torch.arange(512))
        positions = few_positions(16, torch.device("cpu"))
        few = text_states(painter.pipe.text_encoder, ids, lengths, positions)
    assert (states - expected).abs().max() < 1e-5
    assert (few - expected[:, positions]).abs().max() < 1e-5


def test_few_pads_weigh_as_much_as_all() -> None:
    positions = few_positions(32, torch.device("cpu"))
    bias = pad_bias(positions, 10)
    assert bias is not None
    assert torch.isclose(bias.flatten().exp().sum(), torch.tensor(512.0 + 10))
    assert pad_bias(torch.arange(512), 10) is None


def test_encoding_is_the_pipelines(painter: Painter) -> None:
    pipe = painter.pipe
    picture = draw(
        torch.from_numpy(make_sheet(Order(6, 12, 12, 0, CHECKPOINT / "tokenizer", 1, ENGLISH)).target),
        192,
        192,
    )
    rounded = (picture * 255).round() / 255 * 2 - 1
    with torch.no_grad():
        expected = pipe._pack_latents(pipe._encode_vae_image(rounded, generator=None))
        tokens = encode(pipe.vae, picture)
    assert (tokens - expected).abs().max() < 1e-4
    assert torch.equal(patchify(unpatchify(tokens, 12, 12)), tokens)


def test_sigmas_are_the_pipelines(painter: Painter) -> None:
    scheduler = painter.pipe.scheduler
    from diffusers.pipelines.flux2.pipeline_flux2_klein import compute_empirical_mu

    scheduler.set_timesteps(sigmas=np.linspace(1, 0.25, 4), mu=compute_empirical_mu(252, 4))
    assert np.allclose(scheduler.sigmas, sigmas_of(252, 4), atol=1e-6)


def test_muon_and_the_average_move_towards_a_goal() -> None:
    torch.manual_seed(0)
    goal = torch.randn(12, 8)
    weight = torch.nn.Parameter(torch.zeros(12, 8))
    muon, average = Muon([weight]), Average([weight], 0.9)
    for step in range(200):
        weight.grad = weight.detach() - goal
        muon.step(rate_at(step, step / 200, 0.1, 0.0, 10), decay=0.0)
        average.update()
    assert (weight - goal).abs().max() < 0.15
    average.swap()
    assert (weight - goal).abs().max() < 0.3
