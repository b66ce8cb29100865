"""Sentences contain no other language's quotation marks or time words, and no unformatted numbers."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import kleinbot
from kleinbot.domain.errors import Parameter
from kleinbot.texts import Texts, languages

FOLDER = Path(kleinbot.__file__).parent / "texts"
GERMAN_QUOTES = re.compile('„[^“”"]*“')


def sentences(language: str) -> Iterator[tuple[str, str]]:
    """Yield each message of a language with its id, as written in the file."""
    for file in sorted((FOLDER / language).glob("*.ftl")):
        text = re.sub(r"^#.*$", "", file.read_text("utf-8"), flags=re.MULTILINE)
        for message in re.split(r"\n(?=[a-z][a-z0-9-]* =)", text):
            name, _, sentence = message.strip().partition(" = ")
            yield name, sentence


def test_quotation_marks_are_those_of_the_language() -> None:
    wrong = [name for name, text in sentences("en") if "„" in text]
    for name, text in sentences("de"):
        rest = GERMAN_QUOTES.sub("", text)
        wrong += [name] if re.search("[„“”]", rest) else []
    assert wrong == []


def test_no_code_puts_quotation_marks_of_one_language_around_a_value() -> None:
    code = [file for folder in ("kleinbot", "cogs") for file in (FOLDER.parents[1] / folder).rglob("*.py")]
    code.remove(FOLDER.parent / "sandbox" / "rules" / "german.py")  # it is one language
    assert [file.name for file in code if re.search("[„“”][{]|[}][„“”]", file.read_text("utf-8"))] == []


def test_german_holds_no_english_words_of_time() -> None:
    words = re.compile(r"\b(?:hours?|minutes?|seconds?|days?|ago|left|between|of)\b")
    values = re.compile(r"`[^`]*`|\$[a-z_]+|<t:[^>]*>|[a-z-]+=[^ ]+|https?:\S+|/[a-z-]+")
    assert [
        name for name, text in sentences("de") if words.search(values.sub("", GERMAN_QUOTES.sub("", text)))
    ] == []


@pytest.mark.parametrize("language", languages())
def test_a_number_of_hours_or_days_knows_one(language: str) -> None:
    many = re.compile(r"\{ \$(?:hours|days) \} (?:hours|days|Stunden|Tage)")
    for name, text in sentences(language):
        if many.search(text):
            assert re.search(r"\$(?:hours|days) ->", text), name


@pytest.mark.parametrize(("locale", "said"), [("en-US", "11.2 of 60 left"), ("de", "11,2 von 60 übrig")])
def test_numbers_are_written_as_the_language_does(locale: str, said: str) -> None:
    assert said in Texts().say(locale, "quota-window", left=11.2, gives=60, hours=24, minutes=1440)


@pytest.mark.parametrize(
    ("locale", "said"),
    [
        ("en-US", "You have 1.5 pictures left: this server's default gives none."),
        ("de", "Du hast noch 1,5 Bilder übrig: die Vorgabe dieses Servers gibt keine."),
    ],
)
def test_a_limit_of_nothing_is_said_as_one(locale: str, said: str) -> None:
    values: dict[str, Parameter] = {"plain": "no", "left": 1.5, "limit": 0, "gives": 0, "source": "server"}
    assert Texts().say(locale, "quota-title-own", **values) == said
