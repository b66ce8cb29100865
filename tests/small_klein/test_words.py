"""What the generator says in German is German, and counted things stand in cells of their own."""

import random

import pytest

from kleinbot.small_klein.training.edits import sample_edit, sample_freedoms
from kleinbot.small_klein.training.layout import fits, place
from kleinbot.small_klein.training.scenes import (
    MOST_THINGS,
    Arrangement,
    Ground,
    Scene,
    Thing,
    holds_held_out_pair,
    sample_many,
)
from kleinbot.small_klein.training.verdict import judge_edit, judge_scene, rendered
from kleinbot.small_klein.training.words.request import EditKind
from kleinbot.small_klein.training.words.wording import Language, caption

HEART, MOON = Thing("red", "heart"), Thing("yellow", "moon")


def said(scene: Scene, language: Language) -> set[str]:
    rng = random.Random(3)
    return {caption(scene, rng, language) for _ in range(900)}


@pytest.mark.parametrize(
    ("scene", "english", "german"),
    [
        (
            Scene((HEART, MOON), arrangement=Arrangement.ROW),
            "a red heart left of a yellow moon",
            "ein rotes Herz links von einem gelben Mond",
        ),
        (Scene((HEART,) * 5, arrangement=Arrangement.GRID), "five red hearts", "fünf rote Herzen"),
        (
            Scene((HEART,) * 2 + (MOON,) * 3, Ground("blue"), Arrangement.STACK, above=2),
            "two red hearts above three yellow moons on a blue background",
            "zwei rote Herzen über drei gelben Monden auf blauem Hintergrund",
        ),
        (
            Scene((MOON,) * 4, arrangement=Arrangement.ROW),
            "draw four yellow moons in a row",
            "zeichne vier gelbe Monde in einer Reihe",
        ),
    ],
)
def test_a_scene_is_asked_for_in_both_languages(scene: Scene, english: str, german: str) -> None:
    assert english in said(scene, Language.ENGLISH)
    assert german in said(scene, Language.GERMAN)


def test_counted_things_are_read_as_many_and_one_fewer_is_wrong() -> None:
    rng = random.Random(4)
    counts = set()
    for _ in range(6):
        scene = sample_many(rng)
        if not fits(scene, 16, 16):
            continue
        assert not holds_held_out_pair(scene.things)
        drawing = place(scene, sample_freedoms(rng), 16, 16)
        assert judge_scene(rendered(drawing), scene).shapes
        fewer = type(drawing)(drawing.placed[1:], drawing.ground, 16, 16)
        assert not judge_scene(rendered(fewer), scene).shapes
        counts.add(len(scene.things))
    assert len(counts) > 2
    assert max(counts) <= MOST_THINGS


def test_a_stack_is_wrong_upside_down() -> None:
    rng = random.Random(5)
    scene = Scene((HEART,) * 2 + (MOON,) * 3, arrangement=Arrangement.STACK, above=2)
    turned = Scene((MOON,) * 3 + (HEART,) * 2, arrangement=Arrangement.STACK, above=3)
    picture = rendered(place(turned, sample_freedoms(rng), 16, 16))
    assert judge_scene(picture, turned).relation
    assert not judge_scene(picture, scene).relation


def test_six_in_a_row_need_a_wide_picture() -> None:
    row = Scene((HEART,) * 6, arrangement=Arrangement.ROW)
    assert fits(row, 32, 32)
    assert not fits(row, 12, 12)


@pytest.mark.parametrize("kind", [EditKind.THIRD_GROUND, EditKind.JOIN_TWO])
def test_three_pictures_are_combined_and_strangers_are_ignored(kind: EditKind) -> None:
    rng = random.Random(6)
    edit = sample_edit(rng, 16, 16, kind, language=Language.GERMAN)
    assert len(edit.references) == 3
    assert "dritten bild" in edit.instruction.lower()
    assert judge_edit(edit, rendered(edit.target)) == (True, True)
    alone = sample_edit(rng, 16, 16, EditKind.REMOVE, strangers=2)
    assert len(alone.references) == 3
    assert judge_edit(alone, rendered(alone.target)) == (True, True)
