"""Every sentence of the stand-in is there in German, with the same things filled in."""

import pytest

from kleinbot.sandbox import PersonError
from kleinbot.sandbox.rules.german import GERMAN
from kleinbot.sandbox.rules.sentences import Sentence
from tests.sandbox.sentences import names_in, sentences


def test_every_sentence_has_its_german_and_no_german_is_left_over() -> None:
    assert sentences() == set(GERMAN)


@pytest.mark.parametrize("english", GERMAN)
def test_the_german_fills_in_the_same(english: str) -> None:
    assert names_in(GERMAN[english]) == names_in(english)


def test_a_sentence_within_a_sentence_is_said_in_the_same_language() -> None:
    why = Sentence("cannot attach {path}: {reason}", {"path": "x", "reason": Sentence("that is a folder")})
    assert why.said("de") == "x lässt sich nicht anhängen: das ist ein Ordner"
    assert str(PersonError(why)) == "cannot attach x: that is a folder"
