"""Cuts a text into words and lists the spellings as which each may be read."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from kleinbot.content.letters import read

MOST_CHARACTERS = 16_000
"""The most that is read of a text; Discord lets nobody type more than 6,000 characters."""

_LONGEST_READ_AS_OTHER = 64
"""A longer word is read only as it stands."""

_LEAST_SPELT = 3
"""So many single letters in a row may be a word."""

Match = re.Match[str]
_TOKEN = re.compile(r"[@$]?[^\W_]+(?:[@$!|*]+[^\W_]+)*\$*")
_BREAK = re.compile(r"[.,;:!?\n()]")
_SIGNS = re.compile(r"[@$!|*]+")
_LEADING_NUMBER = re.compile(r"(\d{1,2})([^\W\d_]+)")
_DIGIT_OR_SIGN = re.compile(r"[0-9@$!|]")
_LETTER = re.compile(r"[^\W\d_]")
_LONG_RUN = re.compile(r"(.)\1\1+")
_RUN = re.compile(r"(.)\1+")
_AS_LETTERS = [
    str.maketrans({"0": "o", "1": one, "3": "e", "4": "a", "5": "s", "6": "g", "7": "t", "8": "b", "9": "g",
                   "@": "a", "$": "s", "!": "i", "|": one, "*": ""})
    for one in "il"
]  # fmt: skip


@dataclass(frozen=True)
class Token:
    """A word: as written, and all spellings as which it may be read, that one first.

    ``breaks``: whether punctuation stands before it.
    """

    forms: tuple[str, ...]
    breaks: bool = False

    @property
    def text(self) -> str:
        return self.forms[0]


def tokens_of(text: str) -> list[Token]:
    """Return the words of ``text``. Signs within a word are letters: "n@ked" is one word."""
    return _cut(read(text[:MOST_CHARACTERS]))


def readings_of(text: str) -> list[list[Token]]:
    """Return ``text`` as words in each way in which it may be cut.

    Signs within a word may be letters or between words, and a number before letters may be one ("12yo").
    """
    as_read = read(text[:MOST_CHARACTERS])
    apart = _LEADING_NUMBER.sub(r"\1 \2 ", _SIGNS.sub(" ", as_read))
    plain, joined = _cut(as_read), _cut(apart, joins=True)
    return [plain] if plain == joined else [plain, joined]


def _cut(as_read: str, *, joins: bool = False) -> list[Token]:
    """Cut into words. ``joins``: single letters at equal distances are one word."""
    found: list[Token] = []
    end = 0
    for run in _runs(list(_TOKEN.finditer(as_read))):
        for word in _words(run, joins=joins):
            breaks = _BREAK.search(as_read, end, word[0].start()) is not None
            found.append(Token(forms_of("".join(match[0] for match in word)), breaks))
            end = word[-1].end()
    return found


def _runs(matches: Sequence[Match]) -> Iterator[list[Match]]:
    """Yield the words one by one, and single letters that follow each other together."""
    run: list[Match] = []
    for match in matches:
        if len(match[0]) > 1 and run:
            yield run
            run = []
        run.append(match)
        if len(match[0]) > 1:
            yield run
            run = []
    if run:
        yield run


def _words(run: Sequence[Match], *, joins: bool) -> Iterator[Sequence[Match]]:
    """Yield single letters grouped into words: a wider gap than the smallest is one between words."""
    gaps = [after.start() - before.end() for before, after in pairwise(run)]
    if len(run) < _LEAST_SPELT or (len(set(gaps)) == 1 and not joins):
        yield from ([match] for match in run)
        return
    start = 0
    for at, gap in enumerate(gaps, 1):
        if gap > min(gaps):
            yield run[start:at]
            start = at
    yield run[start:]


@lru_cache(maxsize=8192)
def forms_of(word: str) -> tuple[str, ...]:
    """Return the spellings as which ``word`` may be read.

    Digits and signs as letters, repeated letters as fewer ("nuuude"), and without the "s" of a plural.
    """
    if len(word) > _LONGEST_READ_AS_OTHER:
        return (word,)
    forms = {word: None}
    if _LETTER.search(word) and (_DIGIT_OR_SIGN.search(word) or "*" in word):
        forms |= dict.fromkeys(word.translate(table) for table in _AS_LETTERS)
    for form in tuple(forms):
        if _RUN.search(form):
            forms |= dict.fromkeys(
                (_LONG_RUN.sub(r"\1\1", form), _LONG_RUN.sub(r"\1", form), _RUN.sub(r"\1", form))
            )
    for form in tuple(forms):
        if len(form) > 3 and form.endswith("s"):
            forms[form[:-1]] = None
    return tuple(forms)
