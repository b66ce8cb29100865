"""How prompts and searches are compared: without case and diacritics, in every script. Pure functions."""

import hashlib
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

_VOICING = "\u3099\u309a"
"""Marks that make other letters of Japanese kana, and no accents."""

_UNSPACED = (
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x1000, 0x109F),  # Burmese
    (0x1780, 0x17FF),  # Khmer
    (0x3040, 0x30FF),  # kana
    (0x3400, 0x9FFF),  # Chinese characters
    (0xAC00, 0xD7AF),  # Hangul
    (0x1F000, 0x1FAFF),  # emoji
    (0x20000, 0x3FFFF),  # further Chinese characters
)
"""Scripts that are written without spaces between words, or in which a part of a word is searched for."""

_GRAM = 3
_MARK = "\u00a4"
"""Begins every token that is no part of a prompt. It is no letter, digit or emoji, so no prompt has it."""


def folded(text: str) -> str:
    """Return ``text`` without differences of case, width and diacritics.

    Vowel signs of Indic scripts and the voicing of kana stay: without them, these are other words.
    """
    if text.isascii():
        return text.lower()
    apart = unicodedata.normalize("NFKD", text).casefold()
    kept = [each for each in apart if unicodedata.combining(each) == 0 or each in _VOICING]
    return unicodedata.normalize("NFKC", "".join(kept))


_folded_word = lru_cache(1_000)(folded)


def has_words(prompt: str, words: str) -> bool:
    """Return whether each of the ``words``, one per line, occurs in ``prompt``, folded; True if none."""
    if not words:
        return True
    text = folded(prompt)
    return all(_folded_word(word) in text for word in words.split("\n"))


def tokens_of(prompt: str) -> set[str]:
    """Return the tokens under which a prompt is found.

    Every three characters in a row, so that parts of words are found; and, in scripts without spaces, also
    every one and two.
    """
    tokens = set()
    for word in _words(folded(prompt)):
        tokens |= _grams(word)
        for at, character in enumerate(word):
            if _is_unspaced(character):
                tokens |= {character, word[at : at + 2]}
    return tokens


def searched_tokens(words: tuple[str, ...]) -> set[str]:
    """Return the tokens that every prompt with these ``words`` has; others may have them too.

    There are none of punctuation, and of one or two letters: those are looked for in the prompts themselves.
    """
    tokens = set()
    for text in words:
        for word in _words(folded(text)):
            tokens |= _grams(word)
            if len(word) < _GRAM and _is_unspaced(word[0]):
                tokens.add(word)
    return tokens


def owner_token(server_id: int, member_id: int) -> str:
    """Return the token of everything that a member has in a server; it does not tell who that is."""
    digest = hashlib.blake2b(f"{server_id}/{member_id}".encode(), digest_size=8).hexdigest()
    return f"{_MARK}o{digest}"


def fact_token(name: str, value: str = "") -> str:
    """Return the token of what a job is, other than its prompt."""
    return f"{_MARK}{name}{''.join(filter(str.isalnum, value))}"


def _grams(word: str) -> set[str]:
    """Return every three characters in a row."""
    return {word[at : at + _GRAM] for at in range(len(word) - _GRAM + 1)}


def _words(text: str) -> Iterator[str]:
    """Yield the runs of letters, digits, their marks and emoji."""
    run: list[str] = []
    for character in text:
        if character.isalnum() or unicodedata.category(character) in ("Mn", "Mc", "So"):
            run.append(character)
        elif run:
            yield "".join(run)
            run.clear()
    if run:
        yield "".join(run)


def _is_unspaced(character: str) -> bool:
    code = ord(character)
    return code > 0x0DFF and any(first <= code <= last for first, last in _UNSPACED)
