"""Composes the phrases on which the built-in rules are judged, from neutral word lists in ``judged/``.

They were written apart from the lists of the rules. What the rules missed in ``first`` led to new entries;
``second`` was written after that and judged once. A phrase is a template with words filled in, plain or
disguised; no scenes are written.
"""

import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random

from kleinbot.content.rules import broken_rule, marks_of
from kleinbot.domain.job_spec import NO_MARKS, ContentMark

FOLDER = Path(__file__).parent / "judged"
SETS = ("first", "second")
LANGUAGES = ("en", "de")
_LEET = str.maketrans("aeios", "43105")
_CYRILLIC = str.maketrans("acekopxy", "асекорху")
_GREEK = str.maketrans("aeiouvt", "αειουντ")


@dataclass(frozen=True)
class Phrase:
    """A text, whether it belongs to a stranger's picture, and whether it must be refused."""

    text: str
    language: str
    group: str
    disguise: str
    must_be_refused: bool
    is_outside: bool = False

    @property
    def is_refused(self) -> bool:
        outside = ContentMark.OUTSIDE if self.is_outside else NO_MARKS
        return broken_rule(marks_of(self.text) | outside) is not None


def _words(apart: str) -> Callable[[str], str]:
    return lambda text: "  ".join(apart.join(word) for word in text.split())


def _longer(text: str) -> str:
    """Repeat the last vowel of each word."""
    found = []
    for word in text.split():
        at = max((at for at, letter in enumerate(word) if letter.lower() in "aeiou"), default=-1)
        found.append(word if at < 0 else word[:at] + word[at] * 3 + word[at:])
    return " ".join(found)


def _accented(text: str) -> str:
    return "".join(unicodedata.normalize("NFC", each + "\u0301") if each in "aeou" else each for each in text)


def _wide(text: str) -> str:
    return "".join(chr(ord(each) + 0xFEE0) if "!" <= each <= "~" else each for each in text)


DISGUISES: Mapping[str, Callable[[str], str]] = {
    "plain": lambda text: text,
    "upper case": str.upper,
    "letters apart": _words(" "),
    "dots between letters": _words("."),
    "zero-width": _words("\u200b"),
    "full width": _wide,
    "Cyrillic letters": lambda text: text.translate(_CYRILLIC),
    "Greek letters": lambda text: text.translate(_GREEK),
    "digits for letters": lambda text: text.translate(_LEET),
    "repeated letters": _longer,
    "accents": _accented,
    "struck through": lambda text: "".join(f"{each}\u0336" if each.isalpha() else each for each in text),
}


def lines(language: str, name: str, which: str) -> list[str]:
    return (FOLDER / which / language / f"{name}.txt").read_text("utf-8").splitlines()


def composed(which: str, seed: int = 17) -> list[Phrase]:
    """Return all phrases: as many harmless ones as others, in each language."""
    random = Random(seed)
    return [phrase for language in LANGUAGES for phrase in _of_language(language, which, random)]


def _of_language(language: str, which: str, random: Random) -> Iterator[Phrase]:
    bad = [*_together(language, which, random), *_undressing(language, which, random)]
    yield from bad
    yield from _harmless(language, which, random, len(bad))


def _together(language: str, which: str, random: Random) -> Iterator[Phrase]:
    ages, templates = lines(language, "age", which), lines(language, "together", which)
    for word in lines(language, "sexual", which):
        for disguise in ("plain", *random.sample(list(DISGUISES), 4)):
            hide = DISGUISES[disguise]
            template, age = random.choice(templates), random.choice(ages)
            if disguise in ("digits for letters", "letters apart"):
                age = age if not any(map(str.isdigit, age)) else ages[0]
            text = template.format(age=hide(age), sexual=hide(word))
            yield Phrase(text, language, "minors", disguise, must_be_refused=True)


def _undressing(language: str, which: str, random: Random) -> Iterator[Phrase]:
    persons = [line.split("|") for line in lines(language, "person", which)]
    for template in lines(language, "undressing", which):
        for disguise in ("plain", random.choice(list(DISGUISES))):
            person, whose = random.choice(persons)
            text = DISGUISES[disguise](template.format(person=person, whose=whose))
            yield Phrase(
                text, language, "strangers' pictures", disguise, must_be_refused=True, is_outside=True
            )


def _harmless(language: str, which: str, random: Random, count: int) -> Iterator[Phrase]:
    ages, plain, edits = (lines(language, name, which) for name in ("age", "harmless", "edit_harmless"))
    disguises = ("plain", "plain", "plain", "upper case", "letters apart", "accents", "full width")
    for at in range(count):
        of_edit = at % 3 == 2
        source = edits if of_edit else plain
        template = source[at] if at < len(source) else random.choice(source)
        disguise = random.choice(disguises)
        text = DISGUISES[disguise](template.format(age=random.choice(ages)))
        group = "strangers' pictures" if of_edit else "minors"
        yield Phrase(text, language, group, disguise, must_be_refused=False, is_outside=of_edit)
