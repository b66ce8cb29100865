import random
from itertools import combinations

from kleinbot.small_klein.training.edits import sample_edit, sample_freedoms
from kleinbot.small_klein.training.layout import place
from kleinbot.small_klein.training.scenes import (
    SHAPES,
    THING_COLOURS,
    Arrangement,
    Ground,
    Scene,
    Thing,
    holds_held_out_pair,
    is_held_out,
    sample_scene,
)
from kleinbot.small_klein.training.words.english import caption, with_article
from kleinbot.small_klein.training.words.request import EditKind


def many(seed: int, count: int = 400, *, held_out: bool = False) -> list[Scene]:
    rng = random.Random(seed)
    return [sample_scene(rng, held_out=held_out) for _ in range(count)]


def test_the_same_seed_draws_the_same_scenes_and_captions() -> None:
    assert many(3) == many(3)
    words = [[caption(scene, random.Random(8)) for scene in many(3, 50)] for _ in range(2)]
    assert words[0] == words[1]
    assert many(3) != many(4)


def test_one_pair_in_ten_is_held_out_whichever_comes_first() -> None:
    kinds = [Thing(colour, shape) for colour in THING_COLOURS for shape in SHAPES]
    pairs = list(combinations(kinds, 2))
    held = [pair for pair in pairs if is_held_out(*pair)]
    assert 0.08 < len(held) / len(pairs) < 0.12
    assert all(is_held_out(other, one) for one, other in held)


def test_training_scenes_never_hold_a_held_out_pair_and_held_out_scenes_always_do() -> None:
    assert not any(holds_held_out_pair(scene.things) for scene in many(5))
    assert all(holds_held_out_pair(scene.things) for scene in many(6, held_out=True))


def test_no_training_edit_shows_a_held_out_pair_before_or_after() -> None:
    rng = random.Random(7)
    for kind in EditKind:
        for _ in range(60):
            edit = sample_edit(rng, 16, 16, kind)
            for drawing in (*edit.references, edit.target):
                assert not holds_held_out_pair(tuple(placed.thing for placed in drawing.placed))


def test_nothing_has_the_colour_of_its_ground() -> None:
    assert all(scene.ground.colour not in {thing.colour for thing in scene.things} for scene in many(9))


def test_things_stay_in_the_picture_and_in_order_on_every_grid() -> None:
    rng = random.Random(10)
    for scene in many(11):
        columns, rows = rng.randint(12, 24), rng.randint(12, 24)
        placed = place(scene, sample_freedoms(rng), columns, rows).placed
        for thing in placed:
            assert thing.radius_px < thing.x_px < 16 * columns - thing.radius_px
            assert thing.radius_px < thing.y_px < 16 * rows - thing.radius_px
        if scene.arrangement is Arrangement.ROW:
            assert [thing.x_px for thing in placed] == sorted(thing.x_px for thing in placed)
        if scene.arrangement is Arrangement.COLUMN:
            assert [thing.y_px for thing in placed] == sorted(thing.y_px for thing in placed)


def test_captions_name_every_thing_and_every_ground() -> None:
    rng = random.Random(12)
    for scene in many(13):
        text = caption(scene, rng).lower()
        for thing in scene.things:
            assert thing.shape in text
            assert thing.colour in text or thing.colour == "black"
        assert scene.ground == Ground() or scene.ground.colour in text.replace("grey", "gray")


def test_one_scene_is_asked_for_in_many_ways() -> None:
    scene = Scene((Thing("red", "circle"), Thing("blue", "square")), Ground(), Arrangement.ROW)
    rng = random.Random(14)
    asked = {caption(scene, rng) for _ in range(300)}
    assert "a red circle left of a blue square" in asked
    assert "a blue square right of a red circle" in asked
    assert len(asked) > 60


def test_articles() -> None:
    assert with_article("orange star") == "an orange star"
    assert with_article("red star") == "a red star"


def test_an_edit_changes_only_what_it_says() -> None:
    rng = random.Random(15)
    for _ in range(40):
        edit = sample_edit(rng, 16, 16, EditKind.RESHAPE)
        before, after = edit.references[0], edit.target
        changed = [new for old, new in zip(before.placed, after.placed, strict=True) if old != new]
        assert before.ground == after.ground
        assert [thing.thing.shape in edit.instruction for thing in changed] == [True]
        edit = sample_edit(rng, 16, 16, EditKind.REMOVE)
        assert len(edit.target.placed) == len(edit.references[0].placed) - 1
        edit = sample_edit(rng, 16, 16, EditKind.GROUND)
        assert edit.target.placed == edit.references[0].placed
        assert edit.target.ground != edit.references[0].ground
        edit = sample_edit(rng, 16, 16, EditKind.JOIN)
        assert len(edit.references) == 2
        assert set(edit.target.placed) == set(edit.references[0].placed) | set(edit.references[1].placed)
