"""Matches a server's own words, in time that does not grow with their number."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from kleinbot.content.tokens import readings_of, tokens_of

MOST_WORDS = 5_000
"""Entries of one server."""
ENTRY_CHARACTERS = 100
_MOST_ITEMS = 6
_LEAST_BESIDE_STAR = 3
_LONGEST_READ = 64


@dataclass(frozen=True)
class CompiledWords:
    """Entries by what a text is looked up with. A star is (beginning, end) of a word, either may be empty.

    ``phrases``: by their first word. ``within``: what may stand anywhere in a word.
    """

    phrases: dict[str, list[tuple[tuple[str, ...], str]]]
    stars: dict[tuple[str, str], str]
    within: dict[str, str]
    lengths: tuple[frozenset[int], frozenset[int], frozenset[int]]

    def found(self, text: str) -> str | None:
        """Return an entry that ``text`` contains, or None. Looks only at words as they may be read."""
        for tokens in readings_of(text):
            forms = [token.forms for token in tokens]
            for at, spellings in enumerate(forms):
                for form in spellings:
                    for items, entry in self.phrases.get(form, ()):
                        after = forms[at : at + len(items)]
                        if len(after) == len(items) and all(map(_is_among, items, after)):
                            return entry
                    if (entry_found := self._star(form)) is not None:
                        return entry_found
        return None

    def _star(self, form: str) -> str | None:
        beginnings, ends, within = self.lengths
        form = form[:_LONGEST_READ]
        for length in beginnings:
            for ending in ends:
                if length + ending <= len(form):
                    key = (form[:length], form[len(form) - ending :])
                    if (entry := self.stars.get(key)) is not None:
                        return entry
        for length in within:
            for start in range(len(form) - length + 1):
                if (entry := self.within.get(form[start : start + length])) is not None:
                    return entry
        return None


def _is_among(item: str, forms: tuple[str, ...]) -> bool:
    return item in forms


def is_entry(entry: str) -> bool:
    """Return whether ``entry`` can be a word, a phrase, or one word with ``*`` at its ends or once inside."""
    if not 1 <= len(entry) <= ENTRY_CHARACTERS:
        return False
    if "*" not in entry:
        return 1 <= len(tokens_of(entry)) <= _MOST_ITEMS
    parts = _parts(entry)
    if parts is None or " " in entry.strip():
        return False
    return sum(map(len, parts)) >= _LEAST_BESIDE_STAR


def compiled(entries: Iterable[str]) -> CompiledWords:
    """Return the words in the form in which they are looked up; entries that are none are left out."""
    phrases: dict[str, list[tuple[tuple[str, ...], str]]] = defaultdict(list)
    stars: dict[tuple[str, str], str] = {}
    within: dict[str, str] = {}
    for entry in filter(is_entry, entries):
        if "*" not in entry:
            items = tuple(token.text for token in tokens_of(entry))
            phrases[items[0]].append((items, entry))
        elif (parts := _parts(entry)) is not None:
            if len(parts) == 1:
                within[parts[0]] = entry
            else:
                stars[parts[0], parts[1]] = entry
    lengths = (
        frozenset(len(first) for first, _ in stars),
        frozenset(len(last) for _, last in stars),
        frozenset(map(len, within)),
    )
    return CompiledWords(dict(phrases), stars, within, lengths)


def _parts(entry: str) -> tuple[str, ...] | None:
    """Return (beginning, end) of a word with one star, the middle of one with two at its ends, or None."""
    pieces = ["".join(token.text for token in tokens_of(piece)) for piece in entry.strip().split("*")]
    if len(pieces) == 2:
        return pieces[0], pieces[1]
    if len(pieces) == 3 and not pieces[0] and not pieces[2] and pieces[1]:
        return (pieces[1],)
    return None
