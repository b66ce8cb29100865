"""Text of others is shown as text: nothing of it is alive in a message."""

import re
import unicodedata
from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kleinbot.chat.core.text import shown_prompt
from kleinbot.domain.plain_text import is_visible, one_line

APART = "\u200b"
ALIVE = ["**a**", "__a__", "_a_", "*a*", "~~a~~", "||a||", "`a`", "```a```", "[a](https://x)", "https://x||"]
ALIVE += ["<+12345678901>", "<@1>", "<#1>", "<:a:1>", "<t:1:R>", "</a:1>", "<id:home>", "@everyone", "@here"]
ALIVE += ["# a", "-# a", "> a", "- a", "1. a", "discord.gg/a", "Discordapp.com/invite/a", "\\", "steam://a"]
ALIVE += ["\u202e", "\u2066", "\u200b", "\u200f", "\x1b[31m", "\u2028", "\U000e0061", "\ufeff", "\x00"]
PLAIN = ["a", " ", "fox", "é", "狐", "🦊", "👩\u200d🚀", ":", "/", "(", ")", ".", "x < y", "50%"]

fragments = st.lists(st.sampled_from(ALIVE + PLAIN) | st.text(max_size=3), max_size=12).map("".join)

# What Discord's clients make something of, on text whose escapes (a backslash and one sign) are plain signs.
MADE_OF = re.compile(
    r"[*_~`|\[\]]|^(?:-?#|>|[-+]|\d+[.)])|[a-z]://|@(?:everyone|here|\d)|<[@#:/a-z+\d]|discord(?:app)?\.\w",
    re.IGNORECASE,
)
ESCAPE = re.compile(r"\\[^0-9A-Za-z\s]")


def alive(shown: str) -> str | None:
    """Return what a client would render as more than text, or None."""
    match = MADE_OF.search(ESCAPE.sub("x", shown))
    turned = [
        c for c in shown.replace(APART, "") if unicodedata.category(c)[0] == "C" and c not in "\u200c\u200d"
    ]
    return match[0] if match else turned[0] if turned else None


def read(shown: str) -> str:
    """Return what people read."""
    return ESCAPE.sub(lambda match: match[0][1:], shown).replace(APART, "")


@given(fragments)
@example("https://x||")
@example("<+12345678901>")
@example("a \u202e b")
@example("12. a")
def test_nothing_of_it_is_alive_and_it_reads_the_same(text: str) -> None:
    shown = shown_prompt(text)
    assert alive(shown) is None
    assert read(shown) == one_line(text, 600)


@pytest.mark.parametrize("text", [each for each in ALIVE if is_visible(each) and each != "\\"])
def test_the_oracle_knows_what_is_alive(text: str) -> None:
    assert alive(text) is not None


@given(fragments, st.integers(2, 50))
def test_it_is_bounded(text: str, limit: int) -> None:
    assert len(one_line(text, limit)) <= limit
    assert len(shown_prompt(text, limit)) <= 2 * limit + 1
    assert "\n" not in shown_prompt(text, limit)


@pytest.mark.parametrize("of_length", [lambda n: "<" * n, lambda n: "\u202e" * n, lambda n: "a " * n])
def test_of_a_very_long_text_only_the_beginning_is_looked_at(of_length: Callable[[int], str]) -> None:
    assert shown_prompt(of_length(1_000_000), 100) == shown_prompt(of_length(8_000), 100)


def test_ordinary_words_stay_as_they_are() -> None:
    for text in ("a red fox, 35mm (f/1.4): wide & low-key", "Füchse, 狐 und 👩\u200d🚀!", "3:2 #fox"):
        assert shown_prompt(text) == text


@pytest.mark.parametrize(
    "text", ["", " \t\n", "\u200b\u200d", "\u202e\u2066", "\u3164\u2800\u115f", "\u0301\ufe0f"]
)
def test_what_nobody_sees_is_not_visible(text: str) -> None:
    assert not is_visible(text)


@pytest.mark.parametrize("text", ["a", "\u200ba", "狐", "🦊", "?", "1"])
def test_a_single_sign_is_visible(text: str) -> None:
    assert is_visible(text)
