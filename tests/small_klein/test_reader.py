import random

import numpy as np
import pytest

from kleinbot.small_klein.training.edits import sample_edit, sample_freedoms
from kleinbot.small_klein.training.layout import Drawing, Placed, place
from kleinbot.small_klein.training.reader import ground_colour, read
from kleinbot.small_klein.training.scenes import SHAPES, THING_COLOURS, Ground, Thing, sample_scene
from kleinbot.small_klein.training.verdict import judge_edit, judge_scene, rendered
from kleinbot.small_klein.training.words.request import EditKind

SHAKY = np.random.default_rng(1)


def test_the_reader_is_right_on_true_drawings() -> None:
    rng = random.Random(21)
    for _ in range(12):
        scene = sample_scene(rng, held_out=True)
        verdict = judge_scene(rendered(place(scene, sample_freedoms(rng), 16, 16)), scene)
        assert verdict.relation
        assert verdict.shapes
        assert verdict.ground


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_is_read_small_and_large_through_some_noise(shape: str) -> None:
    colour = THING_COLOURS[SHAPES.index(shape) % len(THING_COLOURS)]
    small, large = Placed(Thing(colour, shape), 60, 70, 22), Placed(Thing(colour, shape), 170, 150, 60)
    picture = rendered(Drawing((small, large), Ground(), 16, 16)).astype(float)
    noisy = (picture + SHAKY.normal(0, 3, picture.shape)).clip(0, 255).astype(np.uint8)
    assert [(seen.colour, seen.shape) for seen in read(noisy)] == [(colour, shape)] * 2
    assert ground_colour(noisy) == "white"


def test_a_wrong_picture_is_not_called_right() -> None:
    rng = random.Random(22)
    for _ in range(12):
        scene, other = (sample_scene(rng, held_out=True) for _ in range(2))
        if [thing.kind for thing in scene.things] == [thing.kind for thing in other.things]:
            continue
        verdict = judge_scene(rendered(place(other, sample_freedoms(rng), 16, 16)), scene)
        assert not verdict.shapes


@pytest.mark.parametrize("kind", list(EditKind))
def test_the_true_edit_is_right_and_the_untouched_source_is_not(kind: EditKind) -> None:
    rng = random.Random(23)
    for _ in range(2):
        edit = sample_edit(rng, 16, 16, kind, held_out=True)
        assert judge_edit(edit, rendered(edit.target)) == (True, True)
        if rendered(edit.references[0]).tobytes() == rendered(edit.target).tobytes():
            continue
        before, after = edit.references[0].ground, edit.target.ground
        if before.colour == after.colour and edit.references[0].placed == edit.target.placed:
            continue  # only the ground's pattern changed, which the reader does not return
        assert not judge_edit(edit, rendered(edit.references[0]))[0]
