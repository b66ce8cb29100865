import json
from collections.abc import Callable
from functools import cache, partial

import numpy as np
import pytest
import torch
from diffusers import AutoencoderKLFlux2, Flux2KleinPipeline, Flux2Transformer2DModel
from transformers import Qwen3ForCausalLM

from kleinbot.small_klein import CHECKPOINT
from kleinbot.small_klein.training.judge import Painter, held_out_captions, held_out_edits
from kleinbot.small_klein.training.layout import Drawing, Placed
from kleinbot.small_klein.training.reader import Bytes, read
from kleinbot.small_klein.training.scenes import Arrangement, Ground, Scene, Thing
from kleinbot.small_klein.training.verdict import judge_edit, judge_scene, rendered
from kleinbot.small_klein.training.words.request import SINGLE, EditKind

SQUARE = (16, 16)
LEFT_OF = Scene((Thing("red", "circle"), Thing("blue", "square")), Ground(), Arrangement.ROW)


def test_it_is_small_and_complete() -> None:
    files = [file for file in CHECKPOINT.rglob("*") if file.is_file()]
    assert sum(file.stat().st_size for file in files) <= 25_000_000
    assert (CHECKPOINT / "tokenizer" / "tokenizer.json").exists()
    index = json.loads((CHECKPOINT / "model_index.json").read_text())
    assert index["_class_name"] == "Flux2KleinPipeline"
    assert index["is_distilled"] is True


def test_it_is_made_of_kleins_classes(painter: Painter) -> None:
    pipe = painter.pipe
    assert isinstance(pipe, Flux2KleinPipeline)
    assert isinstance(pipe.transformer, Flux2Transformer2DModel)
    assert isinstance(pipe.vae, AutoencoderKLFlux2)
    assert isinstance(pipe.text_encoder, Qwen3ForCausalLM)
    assert pipe.text_encoder.config.num_hidden_layers >= 28
    assert pipe.vae.bn.running_var.std() > 0
    assert pipe.scheduler.config.use_dynamic_shifting


def test_an_encoder_cut_to_27_layers_gives_the_same_bits(painter: Painter) -> None:
    cut = Qwen3ForCausalLM.from_pretrained(
        CHECKPOINT, subfolder="text_encoder", dtype=torch.float32, num_hidden_layers=28
    )
    cut.model.layers = cut.model.layers[:27]
    cut.config.num_hidden_layers = 27
    cut.model.norm = torch.nn.Identity()
    expected, _ = painter.pipe.encode_prompt("a red circle")
    states = Flux2KleinPipeline._get_qwen3_prompt_embeds(cut, painter.pipe.tokenizer, "a red circle")
    assert torch.equal(states, expected)


def draw_left_of(painter: Painter, seed: int) -> Bytes:
    return painter.paint(["a red circle left of a blue square"], [painter.noise(seed, SQUARE)])[0]


@pytest.fixture(scope="session")
def left_of(painter: Painter) -> Callable[[int], Bytes]:
    """Draw once per seed: a picture takes a second."""
    return cache(partial(draw_left_of, painter))


@pytest.mark.parametrize("seed", [0, 1])
def test_a_red_circle_left_of_a_blue_square(left_of: Callable[[int], Bytes], seed: int) -> None:
    verdict = judge_scene(left_of(seed), LEFT_OF)
    assert verdict.relation
    assert verdict.shapes
    assert verdict.ground


def test_seeds_lay_out_differently_and_one_seed_always_alike(
    painter: Painter, left_of: Callable[[int], Bytes]
) -> None:
    one, other, again = left_of(0), left_of(1), draw_left_of(painter, 0)
    assert np.array_equal(one, again)
    assert np.abs(one.astype(int) - other).mean() > 3


def test_most_held_out_captions_are_drawn_right_on_other_grids_too(painter: Painter) -> None:
    asked = held_out_captions(3, seed=31)
    verdicts = []
    for number, (text, scene) in enumerate(asked):
        grid = ((18, 14), (12, 21), (12, 12))[number % 3]
        verdicts.append(judge_scene(painter.paint([text], [painter.noise(number, grid)])[0], scene))
    assert sum(verdict.relation for verdict in verdicts) >= 2


@pytest.mark.parametrize("kind", SINGLE)
def test_a_held_out_edit_changes_what_is_asked_and_keeps_the_rest(painter: Painter, kind: EditKind) -> None:
    edit = held_out_edits(1, seed=32, kinds=(kind,))[0]
    source = rendered(edit.references[0])
    made = painter.paint([edit.instruction], [painter.noise(0, SQUARE)], [source])[0]
    assert judge_edit(edit, made) == (True, True)


def test_two_references_are_combined(painter: Painter) -> None:
    circle = Placed(Thing("red", "circle"), 70, 120, 40)
    star = Placed(Thing("blue", "star"), 190, 130, 45)
    first = Drawing((circle,), Ground("yellow"), *SQUARE)
    second = Drawing((star,), Ground("gray"), *SQUARE)
    made = painter.paint(
        ["add the blue star from the second picture"],
        [painter.noise(0, SQUARE)],
        [rendered(first), rendered(second)],
    )[0]
    assert {(seen.colour, seen.shape) for seen in read(made)} == {("red", "circle"), ("blue", "star")}


def test_a_variation_is_less_alike_the_more_noise_is_mixed_in(painter: Painter) -> None:
    base, other = painter.noise(1, SQUARE), painter.noise(2, SQUARE)
    text = ["a green ring above a purple diamond"]
    parent = painter.paint(text, [base])[0].astype(int)
    apart = []
    for weight in (0.25, 0.5, 0.8):
        made = painter.paint(text, [(1 - weight**2) ** 0.5 * base + weight * other])[0]
        apart.append(np.abs(made - parent).mean())
    assert apart[0] < apart[1] < apart[2]
