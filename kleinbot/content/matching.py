"""Finds the entries of the word lists in a text, in time linear in its length."""

from collections import defaultdict
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from kleinbot.content.tokens import Token, forms_of
from kleinbot.content.word_lists import GAP, LANGUAGE, Pattern, WordLists, fits

_MOST_BETWEEN = 4
_MOST_PIECES = 12
_LONGEST_PIECE = 3
_LEAST_JOINED = 4
_LONGEST_COMPOUND = 40
_LEAST_COMPOUND = 6
_YOUNGEST, _ADULT = 1, 18
HARMLESS, BETWEEN, NUMBER = "harmless", "between", "number"
_BEFORE_JUDGING = ("clothing", "removing", "detail", NUMBER, BETWEEN)
"""Categories that patterns of others name."""


@dataclass
class Matching:
    """One reading of a text.

    ``spans``: for each word the categories that begin there, with the numbers of words that they take.
    """

    lists: WordLists
    tokens: Sequence[Token]
    spans: list[dict[str, set[int]]] = field(default_factory=list)
    languages: set[str] = field(default_factory=set)
    masked: set[int] = field(default_factory=set)

    def categories(self, wanted: frozenset[str]) -> set[str]:
        """Return which of ``wanted`` occur, apart from harmless phrases."""
        self._read_words()
        for category, start, end in self._matches(_BEFORE_JUDGING):
            self.spans[start].setdefault(category, set()).add(end - start)
        masked = {at for at, spans in enumerate(self.spans) if HARMLESS in spans}
        masked.update(*(range(start, end) for _, start, end in self._matches({HARMLESS})))
        self.masked = masked
        found = (
            set().union(*(spans.keys() for at, spans in enumerate(self.spans) if at not in masked)) & wanted
        )
        found |= (self._joined() | self._compounds()) & wanted
        for name in wanted - found:
            found |= {category for category, _, _ in islice(self._matches({name}), 1)}
        return found

    def _read_words(self) -> None:
        raw = [set().union(*map(self.lists.categories, token.forms)) for token in self.tokens]
        all_names = set().union(*raw)
        self.languages = {each.removeprefix(f"{LANGUAGE}?") for each in all_names if LANGUAGE in each}
        for token, found in zip(self.tokens, raw, strict=True):
            names = {each.partition("?")[0] for each in found if self._counts(each)}
            if token.text.isdecimal() and _YOUNGEST <= int(token.text[:3]) < _ADULT:
                names.add(NUMBER)
            self.spans.append({name: {1} for name in names})

    def _counts(self, category: str) -> bool:
        name, _, language = category.partition("?")
        return name != LANGUAGE and (not language or language in self.languages)

    def _matches(self, categories: Container[str]) -> Iterator[tuple[str, int, int]]:
        """Yield the matches of these categories' patterns: the category, and from which word to which."""
        patterns = self._possible(categories)
        if not patterns:
            return
        for at, token in enumerate(self.tokens):
            keys = [
                key for key in (*token.forms, *(f"<{name}>" for name in self.spans[at])) if key in patterns
            ]
            for key in dict.fromkeys(keys):
                for pattern in patterns[key]:
                    for end in self._ends(pattern.items, at):
                        yield pattern.category, at, end

    def _possible(self, categories: Container[str]) -> dict[str, list[Pattern]]:
        """Return the patterns all of whose words and categories occur, by each word that may begin them."""
        present = {form for token in self.tokens for form in token.forms}
        present |= {f"<{name}>" for spans in self.spans for name in spans}
        possible: dict[str, list[Pattern]] = defaultdict(list)
        for pattern in self.lists.patterns:
            if (
                pattern.category in categories
                and (pattern.language is None or pattern.language in self.languages)
                and pattern.needs <= present
            ):
                first = pattern.items[0]
                for key in [first] if "*" not in first else [one for one in present if fits(first, one)]:
                    possible[key].append(pattern)
        return possible

    def _ends(self, items: Sequence[str], start: int) -> set[int]:
        """Return where a match of ``items`` that begins at ``start`` may end."""
        here = {start}
        for item in items:
            if not here:
                break
            here = (
                self._after_gap(here)
                if item == GAP
                else {end for at in here for end in self._after(item, at)}
            )
        return here

    def _after(self, item: str, at: int) -> Iterator[int]:
        if at >= len(self.tokens) or at in self.masked:
            return
        if item.startswith("<"):
            yield from (at + length for length in self.spans[at].get(item[1:-1], ()))
        elif self._is(item, at):
            yield at + 1

    def _after_gap(self, starts: set[int]) -> set[int]:
        reached = set(starts)
        for start in starts:
            for at in range(start, min(start + _MOST_BETWEEN, len(self.tokens))):
                # Punctuation may stand at an end of the gap but not inside of it.
                if (at > start and self.tokens[at].breaks) or BETWEEN in self.spans[at]:
                    break
                if at + 1 < len(self.tokens) and self.tokens[at + 1].breaks:
                    break
                reached.add(at + 1)
        return reached

    def _is(self, item: str, at: int) -> bool:
        forms = self.tokens[at].forms
        return item in forms if "*" not in item else any(fits(item, form) for form in forms)

    def _joined(self) -> set[str]:
        """Return the categories of words written in pieces: "n u d e", "na ked"."""
        found: set[str] = set()
        longest = self.lists.longest
        for at, token in enumerate(self.tokens):
            pieces, is_spelt = "", True
            for further in self.tokens[at : at + _MOST_PIECES]:
                if len(further.text) > _LONGEST_PIECE or len(pieces) > longest:
                    break
                is_spelt &= len(further.text) == 1
                pieces += further.text
                if pieces != token.text and len(pieces) >= _LEAST_JOINED - is_spelt:
                    for form in forms_of(pieces):
                        found |= self.lists.categories(form)
        return {name for name in found if "?" not in name}

    def _compounds(self) -> set[str]:
        """Return the categories of the words that are written as one: "nudegirl"."""
        found: set[str] = set()
        for at, token in enumerate(self.tokens):
            if at not in self.masked and not self.spans[at]:
                for form in token.forms:
                    if _LEAST_COMPOUND <= len(form) <= _LONGEST_COMPOUND:
                        found |= self._parts(form)
        return found

    def _parts(self, word: str) -> set[str]:
        """Return the categories of ``word``'s parts if it consists of listed words and nothing else."""
        reached: dict[int, set[str]] = {0: set()}
        for start in range(len(word)):
            if start in reached:
                for end in range(start + 3, min(len(word), start + self.lists.longest) + 1):
                    names = {name for name in self.lists.words.get(word[start:end], ()) if "?" not in name}
                    if names:
                        reached.setdefault(end, set()).update(reached[start] | names)
        return reached.get(len(word), set())
