"""Handles /privacy. Only the person sees the answers."""

from io import BytesIO
from typing import Any

import discord

from kleinbot.chat.core import views as core_views
from kleinbot.chat.core.interactions import Interactions
from kleinbot.chat.privacy import views as privacy_views
from kleinbot.chat.privacy.buttons import EraseButton, KeepDataButton
from kleinbot.texts import Texts
from kleinbot.usecases.privacy.erase import Erase
from kleinbot.usecases.privacy.export import MOST_PARTS, Export
from kleinbot.usecases.privacy.policy import PrivacyPolicy

_ERASED_WITHIN_S = 600.0
"""An answer can be edited for 15 minutes."""


class PrivacyHandlers:
    """One method for each command and button."""

    def __init__(
        self,
        erase: Erase,
        export: Export,
        policy: PrivacyPolicy,
        interactions: Interactions,
        texts: Texts,
    ) -> None:
        self._erase = erase
        self._export = export
        self._policy = policy
        self._interactions = interactions
        self._texts = texts

    async def policy(self, interaction: discord.Interaction[Any]) -> None:
        """Say in short what is held about people, for how long, and whom to ask."""
        actor = self._interactions.actor_of(interaction)
        facts = await self._policy.of(actor)
        text = self._texts.say(
            actor.locale,
            "policy-short",
            contact=facts.contact,
            hours=facts.window_hours,
            days=facts.kept_days,
            judged="yes" if facts.is_judged else "no",
        )
        await self._interactions.answer(interaction, text)

    async def ask_erase(self, interaction: discord.Interaction[Any]) -> None:
        """Ask whether to delete everything about the person, or say that this is under way."""
        actor = self._interactions.actor_of(interaction)
        question = await self._erase.question(actor)
        if question.is_begun:
            await self._interactions.answer(interaction, self._texts.say(actor.locale, "erase-goes-on"))
            return
        view = privacy_views.ask_erase(self._texts, actor.locale, question)
        await self._interactions.answer(interaction, view)

    async def erase_pressed(self, interaction: discord.Interaction[Any], button: EraseButton) -> None:
        """Begin the deletion, and say in place of the question when it is done."""
        del button
        actor = self._interactions.actor_of(interaction)
        await self._erase.begin(actor)
        await self._interactions.replace(interaction, self._texts.say(actor.locale, "erase-begun"))
        stays = await self._erase.ended(actor, _ERASED_WITHIN_S)
        if stays is not None:
            done = core_views.plain(privacy_views.erased(self._texts, actor.locale, stays))
            await interaction.edit_original_response(view=done)

    async def keep_pressed(self, interaction: discord.Interaction[Any], button: KeepDataButton) -> None:
        """Say that nothing was deleted."""
        del button
        text = self._texts.say(str(interaction.locale), "erase-kept")
        await self._interactions.replace(interaction, text)

    async def export(self, interaction: discord.Interaction[Any], skip: int) -> None:
        """Send the person what the bot holds about them, file by file."""
        actor = self._interactions.actor_of(interaction)
        await self._export.begin(actor)
        await interaction.response.defer(ephemeral=True, thinking=True)
        locale, parts, pictures = actor.locale, 0, 0
        async for part in self._export.parts(actor, interaction.filesize_limit, skip):
            parts, pictures = parts + 1, part.pictures
            file = discord.File(BytesIO(part.data), filename=part.name)
            view = core_views.plain(self._texts.say(locale, "export-part", part=parts))
            view.add_item(discord.ui.File(file))
            await interaction.followup.send(view=view, file=file, ephemeral=True)
        name = "export-more" if parts >= MOST_PARTS else "export-done"
        text = self._texts.say(locale, name, parts=parts, pictures=pictures)
        # The first part is the original response. An edit would take away the component that shows its file.
        await interaction.followup.send(view=core_views.plain(text), ephemeral=True)
