"""Text of others made plain: one line, of a bounded length, without characters that nobody sees."""

import json
import unicodedata

MOST_READ = 8_000
"""Characters that are looked at, whatever is handed in: more is never shown anywhere."""

_JOINERS = "\u200c\u200d"
"""Invisible, but Persian and emoji are written with them. Other invisible characters go: some turn the
direction of all that follows (Unicode's bidirectional controls), some hide words."""

# Letters and marks by category, but drawn as nothing: fillers of Hangul and Khmer, an empty Braille cell.
_BLANKS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
_CUT = "…"
_ESCAPED_BYTES = 6
_LAST_ASCII, _LAST_OF_ONE_UNIT = 0x7F, 0xFFFF
"""JSON escapes a character beyond ASCII in six bytes, and one beyond the first plane twice."""


def one_line(text: str, most_characters: int | None = None) -> str:
    """Return ``text`` on one line without invisible characters, cut with "…" where it is too long."""
    kept = (
        " " if character.isspace() else character
        for character in text[:MOST_READ]
        if character.isspace() or character in _JOINERS or unicodedata.category(character)[0] != "C"
    )
    line = " ".join("".join(kept).split())
    if most_characters is None or len(line) <= most_characters:
        return line
    return line[: most_characters - 1].rstrip() + _CUT


def is_visible(text: str) -> bool:
    """Tell whether anything of ``text`` can be seen: spaces, marks and fillers alone cannot."""
    return any(
        unicodedata.category(character)[0] not in "CZM" and character not in _BLANKS for character in text
    )


def weight(text: str) -> int:
    """Return how many bytes ``text`` takes in the JSON of a message, escaped as discord.py writes it.

    That is never less than in UTF-8: six for a Chinese character, twelve for an emoji.
    """
    return len(json.dumps(text)) - 2


def lightened(text: str, most_bytes: int) -> str:
    """Return ``text``, or its beginning and "…", of at most ``most_bytes`` by ``weight``."""
    if weight(text) <= most_bytes:
        return text
    kept, room = 0, most_bytes - weight(_CUT)
    for character in text:
        room -= _ESCAPED_BYTES if ord(character) > _LAST_ASCII else weight(character)
        room -= _ESCAPED_BYTES if ord(character) > _LAST_OF_ONE_UNIT else 0
        if room < 0:
            break
        kept += 1
    return text[:kept].rstrip() + _CUT
