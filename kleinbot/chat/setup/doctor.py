"""/admin doctor: what is right in a server and what is not, each with what to do."""

from dataclasses import dataclass, field

import discord

from kleinbot.chat.core import text as core_text
from kleinbot.chat.quota import rule_views
from kleinbot.chat.setup.channels import FOR_REPORTS, FOR_RESULTS, ChannelState, state_of, unsuitable
from kleinbot.chat.setup.views import missing
from kleinbot.texts import Texts
from kleinbot.usecases.setup.set_up import SetUpState

_MOST_LOOKED_AT = 100
_MOST_LISTED = 8
_MODERATORS = ("doctor-no-moderators", "doctor-moderators-gone", "doctor-moderators-right")
_SHOWCASE = ("doctor-no-showcase", "doctor-showcase-gone", "doctor-showcase-right")
_RIGHT, _WRONG, _OPEN = "✓", "✗", "•"


@dataclass
class _Findings:
    """Sentences: what is wrong, what nobody has chosen yet, what is right."""

    wrong: list[str] = field(default_factory=list)
    unchosen: list[str] = field(default_factory=list)
    right: list[str] = field(default_factory=list)


def diagnosis(texts: Texts, locale: str, guild: discord.Guild, state: SetUpState, here: ChannelState) -> str:
    """Return the answer: what is wrong first, then what nobody has chosen, then what is right."""
    found = _Findings()
    if here.is_right:
        found.right.append(
            texts.say(locale, "doctor-here-right", channel=core_text.channel_mention(here.channel_id))
        )
    else:
        found.wrong.append(missing(texts, locale, here))
    allowed = [
        state_of(guild, each, FOR_RESULTS, only_text=False)
        for each in sorted(state.channels.allowed - state.channels.denied)
    ]
    if gone := sum(not each.is_there for each in allowed):
        found.wrong.append(texts.say(locale, "doctor-allowed-gone", gone=gone, left=len(allowed) - gone))
    looked_at = allowed or unsuitable(guild, _MOST_LOOKED_AT)
    passed = {here.channel_id} | state.channels.denied
    others = [each for each in looked_at if each.missing and each.channel_id not in passed]
    found.wrong += [missing(texts, locale, each) for each in others[:_MOST_LISTED]]
    if len(others) > _MOST_LISTED:
        found.wrong.append(texts.say(locale, "doctor-more-channels", rest=len(others) - _MOST_LISTED))
    chosen = state.settings
    _chosen_channel(texts, locale, guild, chosen.moderators_channel_id, _MODERATORS, found)
    _readers_of_reports(texts, locale, guild, chosen.moderators_channel_id, found)
    _chosen_channel(texts, locale, guild, chosen.showcase_channel_id, _SHOWCASE, found)
    _settings(texts, locale, state, found)
    title = texts.say(locale, "doctor-title-wrong", problems=len(found.wrong)) if found.wrong else ""
    title = title or texts.say(locale, "doctor-title-right")
    lines = [(_WRONG, each) for each in found.wrong] + [(_OPEN, each) for each in found.unchosen]
    lines += [(_RIGHT, each) for each in found.right]
    return "\n".join([f"**{title}**", *(f"{mark} {line}" for mark, line in lines)])


def _chosen_channel(
    texts: Texts,
    locale: str,
    guild: discord.Guild,
    channel_id: int | None,
    sentences: tuple[str, str, str],
    found: _Findings,
) -> None:
    """Look at a channel that admins choose; ``sentences``: that there is none, it is gone, it is right."""
    none_yet, gone, right = sentences
    if channel_id is None:
        found.unchosen.append(texts.say(locale, none_yet))
        return
    channel = state_of(guild, channel_id, FOR_REPORTS)
    if not channel.is_there:
        found.wrong.append(texts.say(locale, gone))
    elif channel.missing:
        found.wrong.append(missing(texts, locale, channel))
    else:
        mention = core_text.channel_mention(channel_id)
        found.right.append(texts.say(locale, right, channel=mention))


def _readers_of_reports(
    texts: Texts, locale: str, guild: discord.Guild, channel_id: int | None, found: _Findings
) -> None:
    """Tell if everybody can read the reports: whoever reports is told that moderators alone see who did."""
    channel = None if channel_id is None else guild.get_channel(channel_id)
    if channel is not None and channel.permissions_for(guild.default_role).view_channel:
        mention = core_text.channel_mention(channel.id)
        found.unchosen.append(texts.say(locale, "doctor-moderators-open", channel=mention))


def _settings(texts: Texts, locale: str, state: SetUpState, found: _Findings) -> None:
    settings, quota = state.settings, state.quota
    if settings.set_up_ms is None:
        found.unchosen.append(texts.say(locale, "doctor-not-set-up"))
    if settings.retention_chosen_ms is None:
        found.unchosen.append(texts.say(locale, "doctor-retention-unchosen"))
    elif settings.retention_days is None:
        found.right.append(texts.say(locale, "doctor-retention-always"))
    else:
        found.right.append(texts.say(locale, "doctor-retention", days=settings.retention_days))
    given = quota.host_terms if quota.server_terms is None else quota.server_terms
    found.right.append(
        texts.say(
            locale,
            "doctor-quota",
            source="host" if quota.server_terms is None else "server",
            **rule_views.terms_values(given, quota.host_terms),
        )
    )
    found.right.append(
        texts.say(locale, "doctor-editing", allowed="yes" if settings.others_may_edit else "no")
    )
    found.right.append(texts.say(locale, "doctor-judged", judged="yes" if state.is_judged else "no"))
