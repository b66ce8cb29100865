"""What the small model does not know is named, and nothing that it was taught."""

import random

import pytest

from kleinbot.small_klein.training.edits import sample_edit
from kleinbot.small_klein.training.scenes import FIRST_SHAPES, sample_scene
from kleinbot.small_klein.training.words.request import DOUBLE, SINGLE
from kleinbot.small_klein.training.words.wording import caption
from kleinbot.small_klein.vocabulary import unknown_words


@pytest.mark.parametrize(
    ("prompt", "unknown"),
    [
        ("a red fox in a forest, a fox", ("fox", "forest")),
        ("Ein roter Kreis", ("Ein", "roter", "Kreis")),
        ("A RED circle left of a blue square", ()),
        ("2 circles 16:9 !!", ()),
        ("", ()),
        ("x" * 5000, ("x" * 24 + "…",)),
        ("one wizard fox bear wolf tiger lion", ("one", "wizard", "fox", "bear", "wolf")),
    ],
)
def test_unknown_words_are_named_once_in_order_and_not_too_many(
    prompt: str, unknown: tuple[str, ...]
) -> None:
    assert unknown_words(prompt) == unknown


def test_every_word_of_its_captions_and_edits_is_known() -> None:
    rng = random.Random(7)
    said = [caption(sample_scene(rng, shapes=FIRST_SHAPES), rng) for _ in range(300)]
    kinds = (*SINGLE, *DOUBLE)
    said += [sample_edit(rng, 16, 16, rng.choice(kinds), shapes=FIRST_SHAPES).instruction for _ in range(300)]
    assert {word for each in said for word in unknown_words(each)} == set()
