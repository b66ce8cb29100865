"""A server's own words, and how a text is matched against them."""

import pytest

from kleinbot.content.server_words import compiled, is_entry

WORDS = compiled(["spoiler", "pink elephant", "snozz*", "*wocky", "*umble*", "fl*zz"])


@pytest.mark.parametrize(
    ("text", "entry"),
    [
        ("a SPOILER here", "spoiler"),
        ("ѕроіler", "spoiler"),
        ("s p o i l e r", "spoiler"),
        ("sp0iler", "spoiler"),
        ("a pink  elephant", "pink elephant"),
        ("snozzberries", "snozz*"),
        ("the jabberwocky", "*wocky"),
        ("bandergrumbled", "*umble*"),
        ("a flitzz", "fl*zz"),
        ("a pinkish elephant", None),
        ("spoilers ahead", "spoiler"),
        ("foil", None),
        ("pink", None),
    ],
)
def test_words_are_found_as_people_read_them(text: str, entry: str | None) -> None:
    assert WORDS.found(text) == entry


@pytest.mark.parametrize(
    "entry", ["", "   ", "*", "a*", "**", "a*b*c", "two words*", "x" * 101, "a b c d e f g", "!"]
)
def test_what_would_stop_nearly_everything_or_cannot_be_matched_is_no_entry(entry: str) -> None:
    assert not is_entry(entry)
