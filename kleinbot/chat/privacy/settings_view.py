"""What /settings shows: one message in which each choice counts at once."""

from collections.abc import Iterable

import discord

from kleinbot.chat.core import views as core_views
from kleinbot.chat.privacy.buttons import (
    NamedButton,
    OthersMayEdit,
    OthersMayEditButton,
    PreviewChoice,
    PreviewsButton,
    SettingItem,
    SettingSelect,
)
from kleinbot.domain.geometry import Aspect
from kleinbot.domain.job import MAX_COUNT
from kleinbot.texts import Texts
from kleinbot.usecases.privacy.editing import OwnSettings

YES, NO = "yes", "no"
_CHOSEN = {True: OthersMayEdit.YES, False: OthersMayEdit.NO, None: OthersMayEdit.AS_SERVER}


def settings(texts: Texts, locale: str, found: OwnSettings) -> discord.ui.LayoutView:
    """Return what a member has chosen, with a button for each other choice."""
    server = "yes" if found.server_lets_edit else "no"
    chosen = _CHOSEN[found.chosen.others_may_edit]
    view = core_views.plain(texts.say(locale, "settings-defaults"))
    _add_defaults(view, texts, locale, found)
    editing = texts.say(locale, "settings-editing", chosen=chosen.value, server=server)
    view.add_item(discord.ui.TextDisplay(editing))
    row: discord.ui.ActionRow[discord.ui.LayoutView] = discord.ui.ActionRow()
    for choice in OthersMayEdit:
        label = texts.say(locale, "button-others-edit", choice=choice.value, server=server)
        button = OthersMayEditButton(choice).labelled(label)
        if choice is chosen:
            button.style, button.disabled = discord.ButtonStyle.primary, True
        row.add_item(button)
    view.add_item(row)
    _add_previews(view, texts, locale, PreviewChoice.ON if found.chosen.previews else PreviewChoice.OFF)
    _add_named(view, texts, locale, chosen=found.chosen.is_named)
    return view


def _add_defaults(view: discord.ui.LayoutView, texts: Texts, locale: str, found: OwnSettings) -> None:
    """Add a select for each item; closed, each shows what is chosen."""
    mine = found.chosen
    aspects = [(texts.say(locale, "settings-aspect", aspect=aspect.value), aspect.value) for aspect in Aspect]
    counts = [
        (texts.say(locale, "settings-count", count=count), str(count)) for count in range(1, MAX_COUNT + 1)
    ]
    privacies = [(texts.say(locale, f"settings-private-{each}"), each) for each in (NO, YES)]
    _add_select(view, SettingItem.ASPECT, aspects, mine.aspect or Aspect.SQUARE)
    _add_select(view, SettingItem.COUNT, counts, str(mine.count or 1))
    _add_select(view, SettingItem.PRIVATE, privacies, YES if mine.private else NO)


def _add_select(
    view: discord.ui.LayoutView, item: SettingItem, options: Iterable[tuple[str, str]], chosen: str
) -> None:
    row: discord.ui.ActionRow[discord.ui.LayoutView] = discord.ui.ActionRow()
    row.add_item(
        SettingSelect(item).with_options(
            [
                discord.SelectOption(label=label, value=value, default=value == chosen)
                for label, value in options
            ]
        )
    )
    view.add_item(row)


def _add_previews(view: discord.ui.LayoutView, texts: Texts, locale: str, chosen: PreviewChoice) -> None:
    view.add_item(discord.ui.TextDisplay(texts.say(locale, "settings-previews", chosen=chosen.value)))
    row: discord.ui.ActionRow[discord.ui.LayoutView] = discord.ui.ActionRow()
    for choice in PreviewChoice:
        label = texts.say(locale, "button-previews", choice=choice.value)
        button = PreviewsButton(choice).labelled(label)
        if choice is chosen:
            button.style, button.disabled = discord.ButtonStyle.primary, True
        row.add_item(button)
    view.add_item(row)


def _add_named(view: discord.ui.LayoutView, texts: Texts, locale: str, *, chosen: bool) -> None:
    """Add whether shared pictures that were made from the member's say so."""
    named = {True: YES, False: NO}
    view.add_item(discord.ui.TextDisplay(texts.say(locale, "settings-named", named=named[chosen])))
    row: discord.ui.ActionRow[discord.ui.LayoutView] = discord.ui.ActionRow()
    for offered, value in named.items():
        button = NamedButton(offered).labelled(texts.say(locale, "button-named", named=value))
        if offered is chosen:
            button.style, button.disabled = discord.ButtonStyle.primary, True
        row.add_item(button)
    view.add_item(row)
