"""Reads the lists of ``lists/``: what the built-in rules know of each language, with each group's reason.

A file is a category. ``#`` begins a reason; entries are separated by commas. An entry is one or more words;
``*`` stands for any letters at an end of a word, ``<name>`` for an entry of that category, and ``...`` for up
to four words that are none of ``between.txt``. ``?`` before a word: it counts only in a text that has a word
of this language.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path

from kleinbot.content.letters import read

FOLDER = Path(__file__).parent / "lists"
GAP = "..."
LANGUAGE = "language"
_TELLING = ("age", "sexual", "undressing")
"""Categories whose words show a language too; of the others, some are words of several languages."""
_MOST_REMEMBERED = 8192
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})


@dataclass(frozen=True)
class Pattern:
    """An entry of several words.

    ``needs``: what must occur in a text that it matches. ``language``: it counts only in a text of that
    language.
    """

    category: str
    items: tuple[str, ...]
    needs: frozenset[str]
    language: str | None = None


@dataclass
class WordLists:
    """All languages' entries: single words, beginnings and ends of words with their categories, and patterns.

    A word that counts only in one language has ``category?language`` as its category.
    """

    words: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    beginnings: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    ends: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    patterns: list[Pattern] = field(default_factory=list)
    _known: dict[str, frozenset[str]] = field(default_factory=dict)

    def categories(self, form: str) -> frozenset[str]:
        """Return the categories of one spelling of a word."""
        known = self._known.get(form)
        if known is None:
            if len(self._known) >= _MOST_REMEMBERED:
                self._known.clear()
            known = self._known[form] = frozenset(self._look_up(form))
        return known

    def _look_up(self, form: str) -> set[str]:
        found = set(self.words.get(form, ()))
        for length in range(3, len(form) + 1):
            found |= self.beginnings.get(form[:length], _NONE)
            found |= self.ends.get(form[-length:], _NONE)
        return found

    @cached_property
    def longest(self) -> int:
        """The length of the longest single word."""
        return max(map(len, self.words))


_NONE: frozenset[str] = frozenset()


def fits(item: str, form: str) -> bool:
    """Return whether an item with a ``*`` at one end fits a word."""
    return form.startswith(item[:-1]) if item.endswith("*") else form.endswith(item[1:])


@cache
def word_lists() -> WordLists:
    """Return the lists of all languages together."""
    lists = WordLists()
    for folder in sorted(path for path in FOLDER.iterdir() if path.is_dir()):
        for file in sorted(folder.glob("*.txt")):
            for entry in entries_of(file.read_text("utf-8")):
                _add(lists, file.stem, folder.name, entry)
    return lists


def entries_of(content: str) -> Iterator[str]:
    """Yield the entries of a file."""
    for line in content.splitlines():
        if not line.startswith("#"):
            yield from (entry for part in line.split(",") if (entry := part.strip()))


def _add(lists: WordLists, category: str, language: str, entry: str) -> None:
    only_in = language if entry.startswith("?") else None
    lowered = entry.removeprefix("?").lower()
    for spelling in {lowered, lowered.translate(_UMLAUTS)}:
        items = tuple(item if item == GAP or "<" in item else read(item) for item in spelling.split())
        if len(items) > 1 or "<" in items[0]:
            needs = frozenset(item for item in items if item != GAP and "*" not in item)
            lists.patterns.append(Pattern(category, items, needs, only_in))
            continue
        name = f"{category}?{only_in}" if only_in else category
        name = f"{LANGUAGE}?{language}" if category == LANGUAGE else name
        table: Mapping[str, set[str]] = lists.words
        word = items[0].strip("*")
        if items[0].endswith("*"):
            table = lists.beginnings
        elif items[0].startswith("*"):
            table = lists.ends
        table[word].add(name)
        if not only_in and category in _TELLING:
            table[word].add(f"{LANGUAGE}?{language}")
