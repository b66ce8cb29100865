"""Alt text fits its limit, keeps its fixed parts and contains no invisible characters."""

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from kleinbot.images.alt_text import MAX_ALT_TEXT, alt_text

ANY_TEXT = st.text(max_size=60) | st.text(max_size=30).map(lambda text: text * 60)


def units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def test_parts_are_joined_on_one_line() -> None:
    assert alt_text("a red\n fox", "Made by a model:", "For Ada.") == "Made by a model: a red fox For Ada."


def test_a_long_prompt_is_cut_and_the_frame_stays() -> None:
    text = alt_text("fox " * 1000, "Made by a model:", "For Ada.")
    assert units(text) <= MAX_ALT_TEXT
    assert text.startswith("Made by a model: fox")
    assert text.endswith("… For Ada.")
    assert units(text) > MAX_ALT_TEXT - 5


def test_text_that_hides_or_turns_is_taken_out() -> None:
    assert alt_text("a\u202eb\u2066c\x00d\u200be\ufefff\ud800g") == "abcdefg"


def test_emoji_and_persian_keep_their_joiners() -> None:
    assert alt_text("👩\u200d🎨 می\u200cخواهم") == "👩\u200d🎨 می\u200cخواهم"


@given(ANY_TEXT, ANY_TEXT, ANY_TEXT)
def test_any_text_is_short_enough_and_clean(prompt: str, before: str, after: str) -> None:
    text = alt_text(prompt, before, after)
    assert units(text) <= MAX_ALT_TEXT
    assert text == text.strip()
    assert all(unicodedata.category(character)[0] != "C" or character in "\u200c\u200d" for character in text)
    assert "\n" not in text
    assert alt_text(text) == text, "cleaning twice changes nothing"


@given(st.text(alphabet="🦊", min_size=1000, max_size=1100), st.integers(0, 3))
def test_no_character_is_cut_in_half(prompt: str, shift: int) -> None:
    text = alt_text("x" * shift + prompt)
    assert set(text) <= set("x🦊…")
    assert units(text) >= MAX_ALT_TEXT - 1
