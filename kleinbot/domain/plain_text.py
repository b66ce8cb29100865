"""Makes text from outside plain: one line, bounded length, no invisible characters."""

import json
import unicodedata

MOST_READ = 8_000
"""The most characters that are read of any text; no place shows more."""

_JOINERS = "\u200c\u200d"
"""Invisible, but Persian and emoji need them. Other invisible characters are removed: some reverse the
direction of all following text (Unicode's bidirectional controls), some hide words."""

# Letters and marks by category, but rendered blank: fillers of Hangul and Khmer, an empty Braille cell.
BLANKS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
_ELLIPSIS = "…"
_ESCAPED_BYTES = 6
_LAST_ASCII, _LAST_OF_ONE_UNIT = 0x7F, 0xFFFF
"""JSON escapes a character beyond ASCII in six bytes, and one beyond the first plane twice."""


def one_line(text: str, most_characters: int | None = None) -> str:
    """Return ``text`` on one line without invisible characters, cut with "…" if it is too long."""
    kept = (
        " " if character.isspace() else character
        for character in text[:MOST_READ]
        if character.isspace() or character in _JOINERS or unicodedata.category(character)[0] != "C"
    )
    line = " ".join("".join(kept).split())
    if most_characters is None or len(line) <= most_characters:
        return line
    return line[: most_characters - 1].rstrip() + _ELLIPSIS


def is_visible(text: str) -> bool:
    """Return whether ``text`` has a visible character; spaces, marks and fillers do not count."""
    return any(
        unicodedata.category(character)[0] not in "CZM" and character not in BLANKS for character in text
    )


def json_bytes(text: str) -> int:
    """Return the bytes that ``text`` takes in a message's JSON, escaped as discord.py writes it.

    Never fewer than in UTF-8: six for a Chinese character, twelve for an emoji.
    """
    return len(json.dumps(text)) - 2


def cut_to_json_bytes(text: str, most_bytes: int) -> str:
    """Return ``text``, or its beginning and "…", within ``most_bytes`` as counted by ``json_bytes``."""
    if json_bytes(text) <= most_bytes:
        return text
    kept, left_bytes = 0, most_bytes - json_bytes(_ELLIPSIS)
    for character in text:
        left_bytes -= _ESCAPED_BYTES if ord(character) > _LAST_ASCII else json_bytes(character)
        left_bytes -= _ESCAPED_BYTES if ord(character) > _LAST_OF_ONE_UNIT else 0
        if left_bytes < 0:
            break
        kept += 1
    return text[:kept].rstrip() + _ELLIPSIS
