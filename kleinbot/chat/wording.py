"""Small pieces of text that several messages share."""

import re

import discord

from kleinbot.domain.clock import MS_PER_S
from kleinbot.domain.geometry import Grid
from kleinbot.texts import Texts

SHOWN_PROMPT_CHARACTERS = 600
_BAR_CELLS = 10
_LIVE = re.compile(r"\]\(|:(?=//)|<(?=[@#/:atid])")


def shown_prompt(prompt: str, limit: int = SHOWN_PROMPT_CHARACTERS) -> str:
    """Return a member's prompt as harmless text on one line: no markdown, no mentions, no links."""
    line = " ".join(prompt.split())
    if len(line) > limit:
        line = line[: limit - 1].rstrip() + "…"
    safe = discord.utils.escape_mentions(discord.utils.escape_markdown(line))
    # What those leave: masked links, addresses, and <…> forms for channels, commands, emojis and times.
    return _LIVE.sub(lambda match: match[0][0] + "\u200b" + match[0][1:], safe)


def size(grid: Grid) -> str:
    return f"{grid.width_px}×{grid.height_px}"


def bar(fraction: float) -> str:
    """Return a bar of ten cells."""
    filled = round(max(0.0, min(1.0, fraction)) * _BAR_CELLS)
    return "▓" * filled + "░" * (_BAR_CELLS - filled)


def starts(texts: Texts, locale: str, starts_at_ms: int | None) -> str:
    """Return when a waiting job starts, as a moment that Discord shows in the reader's own words."""
    if starts_at_ms is None:
        return texts.say(locale, "waiting-starts-soon")
    return texts.say(locale, "waiting-starts-at", at_s=-(-starts_at_ms // MS_PER_S))


def mention(member_id: int) -> str:
    return f"<@{member_id}>"
