"""Midjourney's parameters are refused before anything is charged, with the command that was meant."""

import pytest

from kleinbot.chat.jobs.foreign_parameters import require_none
from kleinbot.domain.errors import Code, Refusal
from kleinbot.domain.requests import ImagineRequest
from kleinbot.texts import Texts, languages

_BLOCK = "```\n{}\n```"


@pytest.mark.parametrize(
    ("request_", "named", "command"),
    [
        (
            ImagineRequest("a cat, 8k --ar 16:9 --v 6 --no text"),
            "--ar 16:9 --v 6 --no text",
            '/imagine prompt:"a cat, 8k" aspect:16:9',
        ),
        (ImagineRequest("a cat —ar 2:3", count=4), "—ar 2:3", '/imagine prompt:"a cat" aspect:2:3 count:4'),
        (ImagineRequest("a cat --AR 21:9"), "--AR 21:9", '/imagine prompt:"a cat" aspect:16:9'),
        (
            ImagineRequest("a cat --seed 7 --s 250", private=True),
            "--seed 7 --s 250",
            '/imagine prompt:"a cat" seed:7 private:True',
        ),
        (
            ImagineRequest("a cat --ar 0:9 --seed 9999999999"),
            "--ar 0:9 --seed 9999999999",
            '/imagine prompt:"a cat"',
        ),
        (ImagineRequest("--tile", seed=3), "--tile", '/imagine prompt:"…" seed:3'),
    ],
)
def test_the_command_without_them_is_given(request_: ImagineRequest, named: str, command: str) -> None:
    with pytest.raises(Refusal) as refused:
        require_none(Texts(), "en-US", request_)
    assert refused.value.code is Code.FOREIGN_PARAMETERS
    assert refused.value.parameters == {"parameters": named, "command": _BLOCK.format(command)}


@pytest.mark.parametrize("locale", languages())
def test_the_sentence_names_them_in_each_language(locale: str) -> None:
    with pytest.raises(Refusal) as refused:
        require_none(Texts(), locale, ImagineRequest("ein Fuchs --ar 3:2"))
    said = Texts().say(locale, refused.value.code, **refused.value.parameters)
    assert "`--ar 3:2`" in said
    assert {"en": "aspect:3:2", "de": "format:3:2"}[locale] in said


@pytest.mark.parametrize(
    "prompt",
    [
        "a train — v 2 of it",
        "twenty--no, thirty foxes",
        "the words --help on a wall",
        "well —no fox",
        "a -- b",
    ],
)
def test_dashes_of_other_kinds_stay_words(prompt: str) -> None:
    require_none(Texts(), "en-US", ImagineRequest(prompt))
