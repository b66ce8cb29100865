"""Small pieces of text that several messages share."""

import re

from kleinbot.domain.clock import MS_PER_S
from kleinbot.domain.geometry import Grid
from kleinbot.domain.job import Told
from kleinbot.domain.plain_text import one_line, weight
from kleinbot.texts import Texts
from kleinbot.usecases.cancel import Cancelled
from kleinbot.usecases.quota.quota import pictures

SHOWN_PROMPT_CHARACTERS = 600
_BYTES_A_CHARACTER = 4
_BYTES_OF_A_SHORT_TEXT = 480
"""A body of components above about 10 kB has been answered with 500 (discord-api-docs #8554)."""

_BAR_CELLS = 10
_APART = "\u200b"
"""A space of no width: what it stands in is no address, mention or invitation, and reads the same."""

_MARKS = re.compile(r"[\\*_~`|\[\]]")
_AT_THE_START = re.compile(r"(?:[#>+-]|\d{1,9}[.)])")
# Addresses of every scheme, every <…> (mentions, times, emojis, commands, telephone numbers), @everyone, and
# invitations, which Discord's clients find also without a scheme.
_LIVE = re.compile(r"://|[<@]|discord(?:app)?\.", re.IGNORECASE)


def shown_prompt(prompt: str, limit: int = SHOWN_PROMPT_CHARACTERS) -> str:
    """Return text of others as harmless text on one line, of ``limit`` characters and their escapes.

    Fewer where these weigh much: four bytes a character on average are kept of what is long.

    No markdown, spoiler, mention, link, time or emoji of it is alive, and nothing turns its direction.
    discord.py's own escaping leaves alone what it takes for an address.
    """
    most_bytes = max(_BYTES_A_CHARACTER * limit, _BYTES_OF_A_SHORT_TEXT)
    safe = _harmless(prompt, limit)
    while (bytes_now := weight(safe)) > most_bytes:
        limit = min(limit - 1, limit * most_bytes // bytes_now)
        safe = _harmless(prompt, limit)
    return safe


def _harmless(text: str, limit: int) -> str:
    safe = _MARKS.sub(r"\\\g<0>", one_line(text, limit))
    if start := _AT_THE_START.match(safe):
        safe = f"{safe[: start.end() - 1]}\\{safe[start.end() - 1 :]}"
    return _LIVE.sub(_apart, safe)


def _apart(match: re.Match[str]) -> str:
    found = match[0]
    return f"{found[0]}{_APART}{found[1:]}" if found == "://" else f"{found[:-1]}{found[-1]}{_APART}"


def size(grid: Grid) -> str:
    return f"{grid.width_px}×{grid.height_px}"


def bar(fraction: float) -> str:
    """Return a bar of ten cells."""
    filled = round(max(0.0, min(1.0, fraction)) * _BAR_CELLS)
    return "▓" * filled + "░" * (_BAR_CELLS - filled)


def starts(texts: Texts, locale: str, starts_at_ms: int | None, told: Told = Told.STARTS) -> str:
    """Return when a waiting job starts, as a moment that Discord shows in the reader's own words."""
    if starts_at_ms is None:
        return texts.say(locale, "waiting-starts-soon")
    if told is Told.LATER:
        return texts.say(locale, "waiting-starts-later")
    sentence = "waiting-starts-latest" if told is Told.LATEST else "waiting-starts-at"
    return texts.say(locale, sentence, at_s=-(-starts_at_ms // MS_PER_S))


def cancelled(texts: Texts, locale: str, outcome: Cancelled) -> str:
    """Return the answer to whoever cancelled a job."""
    refunded = pictures(outcome.refunded_tenths)
    answer = texts.say(locale, "cancel-done", number=str(outcome.number), refunded=refunded)
    if outcome.used_tenths:
        return f"{answer} {texts.say(locale, 'cancel-counts', used=pictures(outcome.used_tenths))}"
    if outcome.next_counts_until_ms is not None:
        until_s = -(-outcome.next_counts_until_ms // MS_PER_S)
        return f"{answer} {texts.say(locale, 'cancel-next-counts', until_s=until_s)}"
    return answer


def mention(member_id: int) -> str:
    return f"<@{member_id}>"
