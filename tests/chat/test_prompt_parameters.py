"""Midjourney's parameters in a prompt: what is understood, what is named, and what stays a word."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kleinbot.chat.habits.in_prompt import notes_text, of_edit, of_imagine
from kleinbot.chat.habits.prompt_parameters import read
from kleinbot.domain.geometry import Aspect
from kleinbot.domain.requests import EditRequest, TypedImagine
from kleinbot.texts import Texts, languages


@pytest.mark.parametrize(
    ("prompt", "words", "aspect", "count", "seed"),
    [
        ("a cat, 8k --ar 16:9 --v 6.1 --no text, people", "a cat, 8k", "16:9", None, None),
        ("a cat —ar 2:3", "a cat", "2:3", None, None),
        ("a cat – dark –ar 2:3 –seed 9", "a cat – dark", "2:3", None, 9),
        ("a cat ––seed 7 —repeat 3", "a cat", None, 3, 7),
        ("a cat −−r 2 ‑‑ar=3:2, --seed7", "a cat", "3:2", 2, 7),
        ("--ar 9:16 a cat\non a roof", "a cat\non a roof", "9:16", None, None),
        ("a cat --AR 4x3 on a roof --seed 4294967295", "a cat on a roof", "4:3", None, 4294967295),
        ("a cat --ar 1:1 --ar 3:4", "a cat", "3:4", None, None),
        ("a cat —ar 3:2 —no text —tile", "a cat", "3:2", None, None),
        ("a cat —no people", "a cat", None, None, None),
        ("a cat --sref https://a.example/1.png 77 --style raw --p ab12 --s250", "a cat", None, None, None),
        ("--tile", "", None, None, None),
    ],
)
def test_what_telephones_and_members_write_is_understood(
    prompt: str, words: str, aspect: str | None, count: int | None, seed: int | None
) -> None:
    typed, _ = of_imagine(TypedImagine(prompt))
    assert (typed.prompt, typed.aspect, typed.count, typed.seed) == (
        words,
        None if aspect is None else Aspect(aspect),
        count,
        seed,
    )


@pytest.mark.parametrize(
    "prompt",
    [
        "a train — v 2 of it",
        "twenty--no, thirty foxes",
        "the words --help on a wall",
        "a -- b",
        "el gato —no el perro— duerme",
        "—No quiero nada, dijo",
        "the -v sign -ar 3:2",
        "the floor —tile and wood",
        "a well-no",
        "Fuchs – so rot – im Schnee",
    ],
)
def test_dashes_of_other_kinds_stay_words(prompt: str) -> None:
    assert of_imagine(TypedImagine(prompt)) == (TypedImagine(prompt), ())


_TEXTS = Texts()


def _said(typed: TypedImagine | EditRequest, locale: str = "en-US") -> str:
    _, notes = of_imagine(typed) if isinstance(typed, TypedImagine) else of_edit(typed)
    return notes_text(_TEXTS, locale, notes)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (TypedImagine("a cat --ar 16:9 --seed 7 --repeat 2 --stealth"), ""),
        (
            TypedImagine("a cat --v 6 --v 7 --no text"),
            (
                "-# `--v --no` mean nothing here, so I left them out. "
                "Instead of `--no`, say what you want to see."
            ),
        ),
        (TypedImagine("a cat --tile"), "-# `--tile` means nothing here, so I left it out."),
        (TypedImagine("a cat --ar 21:9"), "-# `--ar 21:9` became 16:9, the nearest shape that I draw."),
        (TypedImagine("a cat --ar 32:18"), ""),
        (TypedImagine("a cat --r 40"), "-# `--r 40` became 4: more at once are not possible."),
        (
            TypedImagine("a cat --ar 3:2 --seed 4", aspect=Aspect.SQUARE, seed=4),
            "-# You also chose this as an option of the command, so `--ar 3:2` did not count.",
        ),
        (TypedImagine("a cat --ar 0:9"), "-# I could not use `--ar 0:9`, so I left it out."),
        (
            TypedImagine("a cat --seed 4294967296"),
            "-# I could not use `--seed 4294967296`, so I left it out.",
        ),
        (TypedImagine("a cat --repeat 0 x"), "-# I could not use `--repeat 0`, so I left it out."),
        (
            EditRequest("green --ar 3:2"),
            "-# An edit keeps the shape of its picture, so I left out `--ar 3:2`.",
        ),
    ],
)
def test_what_did_not_count_is_said_once(typed: TypedImagine | EditRequest, said: str) -> None:
    assert _said(typed) == said


def test_an_option_of_the_command_counts_more_than_the_prompt() -> None:
    typed, _ = of_imagine(TypedImagine("a cat --ar 3:2 --seed 4 --r 3 --stealth", Aspect.SQUARE, 1, 0, False))
    assert typed == TypedImagine("a cat", Aspect.SQUARE, 1, 0, False)
    edit, _ = of_edit(EditRequest("green --seed 4 --r 3 --stealth", count=2))
    assert (edit.instruction, edit.seed, edit.count, edit.private) == ("green", 4, 2, True)


@pytest.mark.parametrize("locale", languages())
def test_every_sentence_exists_in_each_language(locale: str) -> None:
    said = _said(TypedImagine("x --ar 21:9 --r 9 --seed x --v 1 --no y", seed=1, private=False), locale)
    assert said.count("\n") == 3
    assert "`--v --no`" in said


_PIECES = st.sampled_from(
    ["--ar", "—ar", "16:9", "--seed", "–seed", "7", "--no", "—no", "—", "--", "a", "cat,", "well—", "--v6",
     "—tile", "--repeat=9", "---r", "--style", "raw", "\n", "--ar0:0", "`", "--" * 40]
)  # fmt: skip
_PROMPTS = st.lists(_PIECES, max_size=30).map(" ".join) | st.text(max_size=200)


@settings(max_examples=60)
@given(_PROMPTS)
@example("-" * 6000)
@example("—no x " * 600 + "y—")
@example("--ar " + "1" * 5000 + ":1")
@example("--style --seed " + "9" * 20)
def test_any_prompt_keeps_its_words_in_order_and_is_read_once(prompt: str) -> None:
    found = read(prompt)
    assert read(found.words).parameters == ()
    left = iter(prompt.split())
    assert all(any(word == each for each in left) for word in found.words.split())
    if not found.parameters:
        assert found.words == prompt
    typed, notes = of_imagine(TypedImagine(prompt))
    assert typed.count in (None, 1, 2, 3, 4)
    assert typed.seed is None or 0 <= typed.seed < 2**32
    assert len(notes_text(_TEXTS, "en-US", notes)) < 1_500
