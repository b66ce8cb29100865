"""Reads characters as the letters that they look like: "nüde", "ｎ", "ɴ", "п" and "🅝" are letters of ours."""

import re
import unicodedata
from functools import lru_cache

from kleinbot.domain.plain_text import BLANKS

_LOOK_ALIKES = {
    # Cyrillic, as a reader of Latin letters takes them
    **dict(zip("авекмнорстухіјѕԁԛԝһӏгпилзцъьбд", "abekmhopctyxijsdqwhlrnnn3ubb6d", strict=True)),
    # Greek
    **dict(zip("αβγδεζηικλνορστυχωϲϳ", "abydeznikavopotuxwcj", strict=True)),
    # Armenian, Cherokee and others that are read as Latin letters
    **dict(zip("օոսհցԁᎪᏴᏟᎠᎬᎻᎥᎫᏦᏞᎷᎾᏢᏒᏚᎢᏙᎳ", "onuhgdabcdehijklmoprstvw", strict=True)),
    "ı": "i", "ȷ": "j", "ʟ": "l", "ƨ": "s", "ə": "e", "ɘ": "e", "ɛ": "e", "ɔ": "o", "ʌ": "a", "ß": "ss",
    "æ": "ae", "œ": "oe", "ǝ": "e", "ɐ": "a", "ʇ": "t", "ʎ": "y", "ʍ": "w", "ɯ": "m", "ɹ": "r", "ʞ": "k",
    "ⅼ": "l", "£": "e", "¢": "c", "¥": "y", "€": "e",
    "™": "", "'": "", "’": "", "‘": "", "ʼ": "", "`": "", "´": "",
}  # fmt: skip
"""By lower-case character. Apostrophes vanish, so that "girl's" is read as "girls"."""

_LATIN = re.compile(r"LATIN (?:SMALL |CAPITAL )?LETTER (?:SMALL CAPITAL )?([A-Z])(?: WITH .*)?")
_ENCLOSED = re.compile(r"(?:NEGATIVE |CROSSED ){0,2}(?:CIRCLED|SQUARED) LATIN CAPITAL LETTER ([A-Z])")
_INDICATOR = re.compile(r"REGIONAL INDICATOR SYMBOL LETTER ([A-Z])")


@lru_cache(maxsize=8192)
def folded(character: str) -> str:
    """Return the letters, digits or signs that ``character`` is read as; empty if nobody sees it.

    Compatibility forms are taken apart (Unicode's NFKD), case and accents go, and letters of other scripts
    and styles become the Latin letters that they look like. A letter without such a double stays.
    """
    if character.isascii():
        return "" if character in "'`" else character.lower()
    if character in BLANKS:
        return ""
    return "".join(map(_one, unicodedata.normalize("NFKD", character)))


def _one(character: str) -> str:
    category = unicodedata.category(character)
    if category[0] == "M" or category == "Cf":
        return ""
    if (known := _LOOK_ALIKES.get(character)) is not None:
        return known
    lower = unicodedata.normalize("NFKD", character.casefold())
    if len(lower) != 1:
        return "".join(_one(each) for each in lower if each != character)
    if (known := _LOOK_ALIKES.get(lower)) is not None:
        return known
    name = unicodedata.name(lower, "")
    for pattern in (_LATIN, _ENCLOSED, _INDICATOR):
        if (match := pattern.fullmatch(name)) is not None:
            return match[1].lower()
    return lower


def read(text: str) -> str:
    """Return ``text`` as people read it, in lower-case letters without accents."""
    return "".join(map(folded, text))
