"""Alternative text of pictures, for people who cannot see them."""

import unicodedata

from kleinbot.domain.plain_text import cut_to_json_bytes

MAX_ALT_TEXT = 1024
"""Discord's limit for the description of an attachment and of a gallery item.

https://docs.discord.com/developers/components/reference#media-gallery
"""

_ELLIPSIS = "…"
_JOINERS = "\u200c\u200d"
"""Invisible, but Persian and emoji need them. All other invisible characters are dropped, since some reverse
the direction of the following text."""


def alt_text(prompt: str, before: str = "", after: str = "", most_bytes: int | None = None) -> str:
    """Return ``before``, ``prompt`` and ``after`` on one line of at most 1024 characters.

    ``most_bytes``: the most bytes of the prompt in a message (``plain_text.json_bytes``).

    A text that is too long loses the end of its prompt, which then ends in "…". ``before`` and ``after``
    (from ``texts/``: that a model made it, and for whom) stay whole unless they alone are too long.
    Characters are counted as UTF-16 units, the stricter of the two ways in which clients count.
    """
    before, prompt, after = _sanitised(before), _sanitised(prompt), _sanitised(after)
    frame = " ".join(part for part in (before, after) if part)
    separators = (1 if before else 0) + (1 if after else 0)
    if most_bytes is not None:
        prompt = cut_to_json_bytes(prompt, most_bytes)
    shortened = _cut(prompt, MAX_ALT_TEXT - _units(before) - _units(after) - separators)
    whole = " ".join(part for part in (before, shortened, after) if part)
    return whole if _units(whole) <= MAX_ALT_TEXT else _cut(frame, MAX_ALT_TEXT)


def _sanitised(text: str) -> str:
    """Return ``text`` on one line, without invisible, private-use and unassigned characters."""
    kept = (
        " " if character.isspace() else character
        for character in text
        if character.isspace() or character in _JOINERS or unicodedata.category(character)[0] != "C"
    )
    return unicodedata.normalize("NFC", " ".join("".join(kept).split()))


def _cut(text: str, limit: int) -> str:
    """Return ``text``, or its beginning and "…", in at most ``limit`` UTF-16 units, or nothing."""
    if _units(text) <= limit:
        return text
    left = limit - _units(_ELLIPSIS)
    if left <= 0:
        return ""
    # Decoding drops half a surrogate pair at the end.
    beginning = text.encode("utf-16-le")[: 2 * left].decode("utf-16-le", errors="ignore")
    return beginning.rstrip(" " + _JOINERS) + _ELLIPSIS


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2
