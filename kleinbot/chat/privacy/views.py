"""The messages of /privacy."""

import discord

from kleinbot.chat.core import views as core_views
from kleinbot.chat.privacy.buttons import EraseButton, KeepDataButton
from kleinbot.domain.clock import MS_PER_S
from kleinbot.texts import Texts
from kleinbot.usecases.privacy.erase import ErasureQuestion
from kleinbot.usecases.privacy.what_stays import WhatStays


def ask_erase(texts: Texts, locale: str, question: ErasureQuestion) -> discord.ui.LayoutView:
    """Return the question, with what is deleted and what stays."""
    lines = [texts.say(locale, "erase-question"), texts.say(locale, "erase-goes")]
    view = core_views.plain("\n".join([*lines, *_stays(texts, locale, question.stays)]))
    row: discord.ui.ActionRow[discord.ui.LayoutView] = discord.ui.ActionRow()
    row.add_item(EraseButton().labelled(texts.say(locale, "button-erase")))
    row.add_item(KeepDataButton().labelled(texts.say(locale, "button-no-erase")))
    view.add_item(row)
    return view


def erased(texts: Texts, locale: str, stays: WhatStays) -> str:
    """Return that everything is deleted, and what stays."""
    return "\n".join([texts.say(locale, "erase-done"), *_stays(texts, locale, stays)])


def _stays(texts: Texts, locale: str, stays: WhatStays) -> list[str]:
    lines = [texts.say(locale, "erase-stays")]
    if stays.spent_until_ms is not None:
        until_s = -(-stays.spent_until_ms // MS_PER_S)
        lines.append(texts.say(locale, "erase-stays-spent", until_s=until_s))
    if stays.is_banned:
        lines.append(texts.say(locale, "erase-stays-ban"))
    if stays.is_audited:
        lines.append(texts.say(locale, "erase-stays-audit"))
    return [*lines, texts.say(locale, "erase-stays-always")]
