"""Handles /admin quota top and /admin quota export."""

from io import BytesIO
from typing import Any

import discord

from kleinbot.chat.core import text as core_text
from kleinbot.chat.core import views as core_views
from kleinbot.chat.core.interactions import Interactions
from kleinbot.texts import Texts
from kleinbot.usecases.quota.quota import pictures
from kleinbot.usecases.quota.usage import EXPORT_DAYS, QuotaUsage

_FILE = "quota.csv"
_SPARE_BYTES = 64 * 1024
"""What the request holds beside the file."""


class UsageHandlers:
    """Only the admin sees the answers."""

    def __init__(self, usage: QuotaUsage, interactions: Interactions, texts: Texts) -> None:
        self._usage = usage
        self._interactions = interactions
        self._texts = texts

    async def top(self, interaction: discord.Interaction[Any], days: int) -> None:
        """Say who used most."""
        actor = self._interactions.actor_of(interaction)
        found = await self._usage.top(actor, days)
        title = self._texts.say(actor.locale, "quota-top", days=days)
        lines = [
            self._texts.say(
                actor.locale, "quota-top-member",
                place=place, member=core_text.mention(each.member_id), pictures=pictures(each.tenths),
            )
            for place, each in enumerate(found, 1)
        ] or [self._texts.say(actor.locale, "quota-top-nobody")]  # fmt: skip
        await self._interactions.answer(interaction, core_text.bounded([f"**{title}**", *lines]))

    async def export(self, interaction: discord.Interaction[Any]) -> None:
        """Send the changes as a file that only the admin sees."""
        actor = self._interactions.actor_of(interaction)
        exported = await self._usage.export(actor, interaction.filesize_limit - _SPARE_BYTES)
        text = self._texts.say(
            actor.locale, "quota-exported",
            rows=exported.rows, days=EXPORT_DAYS, cut="yes" if exported.is_cut else "no",
        )  # fmt: skip
        file = discord.File(BytesIO(exported.data), filename=_FILE)
        view = core_views.plain(text)
        view.add_item(discord.ui.File(file))
        await interaction.response.send_message(view=view, file=file, ephemeral=True)
