"""What the bot says of itself when a server invites it."""

from collections.abc import Callable

import discord

from kleinbot.chat.core import text as core_text
from kleinbot.chat.core.views import plain
from kleinbot.chat.setup.buttons import OpenSetupButton
from kleinbot.domain.clock import HOUR_MS
from kleinbot.texts import Texts
from kleinbot.usecases.quota.quota import QuotaRule, pictures

_NAME_CHARACTERS = 32


def introduction(
    texts: Texts, rule: QuotaRule, *, draws_small: bool
) -> Callable[[discord.Guild], discord.ui.LayoutView]:
    """Return what composes the message for a server, in the language that Discord states for it.

    ``draws_small``: the small model draws, so the example is one of the few things that it knows.
    """

    def compose(guild: discord.Guild) -> discord.ui.LayoutView:
        locale = str(guild.preferred_locale)
        view = plain(
            texts.say(
                locale,
                "joining-post",
                name=core_text.shown_prompt(guild.me.display_name, _NAME_CHARACTERS),
                model="small" if draws_small else "full",
                pictures=pictures(rule.limit_tenths),
                hours=rule.window_ms // HOUR_MS,
            )
        )
        row: discord.ui.ActionRow[discord.ui.LayoutView] = discord.ui.ActionRow()
        row.add_item(OpenSetupButton().labelled(texts.say(locale, "button-setup")))
        view.add_item(row)
        return view

    return compose
