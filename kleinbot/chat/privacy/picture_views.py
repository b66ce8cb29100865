"""What /settings shows, and the question before an author takes something back."""

import discord

from kleinbot.chat.core import views as core_views
from kleinbot.chat.core.buttons import PersistentButton
from kleinbot.chat.privacy.buttons import (
    OthersMayEdit,
    OthersMayEditButton,
    PreviewChoice,
    PreviewsButton,
    TakeBackMessageButton,
    TakeBackResultButton,
)
from kleinbot.texts import Texts
from kleinbot.usecases.privacy.editing import OwnSettings
from kleinbot.usecases.privacy.take_back import OwnPictureUsed

_CHOSEN = {True: OthersMayEdit.YES, False: OthersMayEdit.NO, None: OthersMayEdit.AS_SERVER}


def settings(texts: Texts, locale: str, found: OwnSettings) -> discord.ui.LayoutView:
    """Return what a member has chosen, with a button for each other choice."""
    server = "yes" if found.server_lets_edit else "no"
    chosen = _CHOSEN[found.chosen.others_may_edit]
    view = core_views.plain(texts.say(locale, "settings-editing", chosen=chosen.value, server=server))
    row: discord.ui.ActionRow[discord.ui.LayoutView] = discord.ui.ActionRow()
    for choice in OthersMayEdit:
        label = texts.say(locale, "button-others-edit", choice=choice.value, server=server)
        button = OthersMayEditButton(choice).labelled(label)
        if choice is chosen:
            button.style, button.disabled = discord.ButtonStyle.primary, True
        row.add_item(button)
    view.add_item(row)
    _add_previews(view, texts, locale, PreviewChoice.ON if found.chosen.previews else PreviewChoice.OFF)
    return view


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


def ask_take_back(texts: Texts, locale: str, used: OwnPictureUsed) -> discord.ui.LayoutView:
    """Return the question."""
    view = core_views.plain(texts.say(locale, "take-back-question"))
    row: discord.ui.ActionRow[discord.ui.LayoutView] = discord.ui.ActionRow()
    row.add_item(_button(used).labelled(texts.say(locale, "button-take-back")))
    view.add_item(row)
    return view


def _button(used: OwnPictureUsed) -> PersistentButton:
    if used.message_id is not None:
        return TakeBackMessageButton(used.message_id)
    return TakeBackResultButton(used.job_id or "")
