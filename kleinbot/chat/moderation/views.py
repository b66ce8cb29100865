"""The text of bans and channel rules."""

from collections.abc import Iterable, Sequence

from kleinbot.chat.core import text as core_text
from kleinbot.chat.core.text import bounded
from kleinbot.domain.moderation.bans import Ban, ChannelRules
from kleinbot.texts import Texts
from kleinbot.usecases.moderation.access import ban_parameters
from kleinbot.usecases.moderation.ban_members import Banned
from kleinbot.usecases.quota.quota import pictures

_REASON_CHARACTERS = 120


def banned(texts: Texts, locale: str, outcome: Banned) -> str:
    """Return what a moderator reads after a ban or a time-out."""
    lines = [texts.say(locale, "mod-banned", **_of(outcome.ban))]
    if outcome.ended:
        lines.append(
            texts.say(
                locale,
                "mod-banned-ended",
                count=len(outcome.ended),
                refunded=pictures(outcome.refunded_tenths),
            )
        )
    return "\n".join(lines)


def bans(texts: Texts, locale: str, found: Sequence[Ban]) -> str:
    """Return the bans and time-outs of a server."""
    if not found:
        return texts.say(locale, "mod-no-bans")
    lines = [f"- {texts.say(locale, 'mod-ban-row', **_of(ban))}" for ban in found]
    return bounded([f"**{texts.say(locale, 'mod-bans')}**", *lines])


def channels(texts: Texts, locale: str, rules: ChannelRules) -> str:
    """Return where a server's pictures are made."""
    if rules.allowed:
        lines = [texts.say(locale, "channels-allowed", channels=_named(rules.allowed - rules.denied))]
    else:
        lines = [texts.say(locale, "channels-everywhere")]
    if rules.denied:
        lines.append(texts.say(locale, "channels-denied", channels=_named(rules.denied)))
    return bounded(lines)


def _of(ban: Ban) -> dict[str, str | int]:
    return {**ban_parameters(ban), "reason": core_text.shown_prompt(ban.reason or "–", _REASON_CHARACTERS)}


def _named(channel_ids: Iterable[int]) -> str:
    return " ".join(f"<#{each}>" for each in sorted(channel_ids)) or "–"
