"""The question before an author takes something back."""

import discord

from kleinbot.chat.core import views as core_views
from kleinbot.chat.core.buttons import PersistentButton
from kleinbot.chat.privacy.buttons import (
    TakeBackMessageButton,
    TakeBackResultButton,
)
from kleinbot.texts import Texts
from kleinbot.usecases.privacy.take_back import OwnPictureUsed


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
