"""What admins see of set-up: one message with a select for each item."""

from dataclasses import dataclass

import discord

from kleinbot.chat.core import text as core_text
from kleinbot.chat.core.views import fresh
from kleinbot.chat.quota import rule_views
from kleinbot.chat.setup.buttons import FinishSetupButton, SetUpItem, SetUpSelect
from kleinbot.chat.setup.channels import ChannelState
from kleinbot.domain.job import TENTHS
from kleinbot.texts import Texts, languages
from kleinbot.usecases.setup.set_up import PROPOSED_DAYS, RETENTION_DAYS, SetUpState

HOST, AUTOMATIC, FOREVER, YES, NO = "host", "auto", "always", "yes", "no"
"""Values of options beside numbers and languages. They are in messages and do not change."""

QUOTA_STEPS = (10, 20, 40, 60, 100, 200, 500)
_PERMISSIONS = {
    "view_channel": "permission-view-channel",
    "send_messages": "permission-send-messages",
    "attach_files": "permission-attach-files",
    "read_message_history": "permission-read-message-history",
    "send_messages_in_threads": "permission-send-messages-in-threads",
}
PLACES = (
    discord.ChannelType.text,
    discord.ChannelType.news,
    discord.ChannelType.voice,
    discord.ChannelType.forum,
)
_CHANNELS = {
    SetUpItem.MODERATORS_CHANNEL: ("setup-moderators", "setup-moderators-none", "setup-channel-gone"),
    SetUpItem.SHOWCASE_CHANNEL: ("setup-showcase", "setup-showcase-none", "setup-showcase-gone"),
}
"""What a channel is for, that there is none, and that it was deleted."""

MOST_CHANNELS = 25
_MOST_LISTED = 5
_BYTES_A_GB = 1e9
_DAYS_A_YEAR = 365
_NAME_CHARACTERS = 60


@dataclass(frozen=True)
class SetUpPage:
    """What set-up shows. ``here``: the channel that it is shown in; ``moderators``, ``showcase``: chosen.

    ``allowed``: the channels in which alone pictures are made; empty: everywhere.
    """

    server_name: str
    discord_locale: str
    state: SetUpState
    here: ChannelState
    moderators: ChannelState | None
    allowed: tuple[ChannelState, ...] = ()
    showcase: ChannelState | None = None


def set_up(texts: Texts, locale: str, page: SetUpPage) -> discord.ui.LayoutView:
    """Return the message. 24 of the 40 components that Discord allows."""
    view = fresh()
    name = core_text.shown_prompt(page.server_name, _NAME_CHARACTERS)
    head = texts.say(locale, "setup-head", server=name)
    if not page.here.is_right:
        head += "\n" + missing(texts, locale, page.here)
    view.add_item(discord.ui.TextDisplay(head))
    _channel(texts, locale, SetUpItem.MODERATORS_CHANNEL, page.moderators, view)
    _allowed(texts, locale, page, view)
    _channel(texts, locale, SetUpItem.SHOWCASE_CHANNEL, page.showcase, view)
    _add(view, texts.say(locale, "setup-quota"), SetUpItem.QUOTA, _quotas(texts, locale, page.state))
    _add(view, texts.say(locale, "setup-locale"), SetUpItem.LOCALE, _locales(texts, locale, page))
    _add(
        view,
        texts.say(locale, "setup-content", judged="yes" if page.state.is_judged else "no"),
        SetUpItem.OTHERS_MAY_EDIT,
        _editing(texts, locale, page.state),
    )
    _add(
        view,
        texts.say(locale, "setup-retention"),
        SetUpItem.RETENTION,
        _retentions(texts, locale, page.state),
    )
    row: discord.ui.ActionRow[discord.ui.LayoutView] = discord.ui.ActionRow()
    row.add_item(FinishSetupButton().labelled(texts.say(locale, "button-setup-done")))
    view.add_item(row)
    return view


def missing(texts: Texts, locale: str, channel: ChannelState) -> str:
    """Return the sentence about what is wrong with a channel."""
    where = core_text.channel_mention(channel.channel_id)
    if not channel.is_there:
        return texts.say(locale, "setup-channel-gone")
    names = ", ".join(f"**{texts.say(locale, _PERMISSIONS[name])}**" for name in channel.missing)
    return texts.say(locale, "setup-channel-missing", channel=where, permissions=names)


def _channel(
    texts: Texts, locale: str, item: SetUpItem, chosen: ChannelState | None, view: discord.ui.LayoutView
) -> None:
    """Add the choice of one channel: what it is for, what is wrong with it, and the select."""
    purpose, none_yet, gone = _CHANNELS[item]
    said = texts.say(locale, purpose)
    if chosen is not None and not chosen.is_right:
        said += "\n" + (missing(texts, locale, chosen) if chosen.is_there else texts.say(locale, gone))
    view.add_item(discord.ui.TextDisplay(said))
    row: discord.ui.ActionRow[discord.ui.LayoutView] = discord.ui.ActionRow()
    ids = (chosen.channel_id,) if chosen is not None and chosen.is_there else ()
    select = SetUpSelect(item)
    row.add_item(select.with_channels(texts.say(locale, none_yet), ids, kinds=[discord.ChannelType.text]))
    view.add_item(row)


def _allowed(texts: Texts, locale: str, page: SetUpPage, view: discord.ui.LayoutView) -> None:
    """Add the choice of the channels, unless there are more than a select can show."""
    lines = [texts.say(locale, "setup-allowed")]
    lines += [missing(texts, locale, each) for each in page.allowed if each.missing][:_MOST_LISTED]
    view.add_item(discord.ui.TextDisplay("\n".join(lines)))
    if len(page.allowed) > MOST_CHANNELS:
        view.add_item(discord.ui.TextDisplay(texts.say(locale, "setup-allowed-many")))
        return
    row: discord.ui.ActionRow[discord.ui.LayoutView] = discord.ui.ActionRow()
    chosen = [each.channel_id for each in page.allowed if each.is_there]
    select = SetUpSelect(SetUpItem.ALLOWED_CHANNELS)
    everywhere = texts.say(locale, "setup-allowed-everywhere")
    row.add_item(select.with_channels(everywhere, chosen, kinds=PLACES, most=MOST_CHANNELS))
    view.add_item(row)


def _add(
    view: discord.ui.LayoutView, said: str, item: SetUpItem, options: list[discord.SelectOption]
) -> None:
    view.add_item(discord.ui.TextDisplay(said))
    row: discord.ui.ActionRow[discord.ui.LayoutView] = discord.ui.ActionRow()
    row.add_item(SetUpSelect(item).with_options(options))
    view.add_item(row)


def _quotas(texts: Texts, locale: str, state: SetUpState) -> list[discord.SelectOption]:
    quota = state.quota
    label = texts.say(
        locale, "setup-quota-host", **rule_views.terms_values(quota.host_terms, quota.host_terms)
    )
    options = [discord.SelectOption(label=label, value=HOST, default=quota.server_terms is None)]
    for terms in quota.offered([step * TENTHS for step in QUOTA_STEPS]):
        label = texts.say(locale, "setup-quota-step", **rule_views.terms_values(terms, quota.host_terms))
        is_chosen = terms == quota.server_terms
        options.append(discord.SelectOption(label=label, value=str(terms.tenths), default=is_chosen))
    return options


def _locales(texts: Texts, locale: str, page: SetUpPage) -> list[discord.SelectOption]:
    chosen = page.state.settings.locale
    as_stated = texts.say(page.discord_locale, "language-itself")
    label = texts.say(locale, "setup-locale-auto", language=as_stated)
    options = [discord.SelectOption(label=label, value=AUTOMATIC, default=chosen is None)]
    for language in languages():
        name = texts.say(language, "language-itself")
        options.append(discord.SelectOption(label=name, value=language, default=language == chosen))
    return options


def _editing(texts: Texts, locale: str, state: SetUpState) -> list[discord.SelectOption]:
    allowed = state.settings.others_may_edit
    return [
        discord.SelectOption(label=texts.say(locale, "setup-edit-yes"), value=YES, default=allowed),
        discord.SelectOption(label=texts.say(locale, "setup-edit-no"), value=NO, default=not allowed),
    ]


def _retentions(texts: Texts, locale: str, state: SetUpState) -> list[discord.SelectOption]:
    settings = state.settings
    is_chosen = settings.retention_chosen_ms is not None
    days_offered = set(RETENTION_DAYS)
    if settings.retention_days is not None:
        days_offered.add(settings.retention_days)
    options = [
        discord.SelectOption(
            label=texts.say(locale, "setup-keep-days", days=days),
            value=str(days),
            description=_size(
                texts, locale, state, days, is_proposed=not is_chosen and days == PROPOSED_DAYS
            ),
            default=is_chosen and days == settings.retention_days,
        )
        for days in sorted(days_offered)
    ]
    always = discord.SelectOption(
        label=texts.say(locale, "setup-keep-always" if is_chosen else "setup-keep-unchosen"),
        value=FOREVER,
        description=_growth(texts, locale, state),
        default=settings.retention_days is None,
    )
    return [*options, always]


def _size(texts: Texts, locale: str, state: SetUpState, days: int, *, is_proposed: bool) -> str | None:
    said = []
    if state.bytes_a_day is not None:
        gb = round(state.bytes_a_day * days / _BYTES_A_GB, 1)
        said.append(texts.say(locale, "setup-keep-size", gb=gb))
    if is_proposed:
        said.append(texts.say(locale, "setup-keep-proposed"))
    return " · ".join(said) or None


def _growth(texts: Texts, locale: str, state: SetUpState) -> str | None:
    if state.bytes_a_day is None:
        return None
    gb = round(state.bytes_a_day * _DAYS_A_YEAR / _BYTES_A_GB, 1)
    return texts.say(locale, "setup-keep-growth", gb=gb)
