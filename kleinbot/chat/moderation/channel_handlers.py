"""Handles /admin channels. Only whoever asks sees the answer."""

from typing import Any

import discord

from kleinbot.chat.core.interactions import Interactions
from kleinbot.chat.moderation import views
from kleinbot.texts import Texts
from kleinbot.usecases.moderation.channels import Channels


class ChannelHandlers:
    """One method for each command; each answers with the rules that hold now."""

    def __init__(self, channels: Channels, interactions: Interactions, texts: Texts) -> None:
        self._channels = channels
        self._interactions = interactions
        self._texts = texts

    async def choose(
        self, interaction: discord.Interaction[Any], channel_id: int, *, is_allowed: bool
    ) -> None:
        actor = self._interactions.actor_of(interaction)
        rules = await self._channels.choose(actor, channel_id, is_allowed=is_allowed)
        await self._interactions.answer(interaction, views.channels(self._texts, actor.locale, rules))

    async def clear(self, interaction: discord.Interaction[Any], channel_id: int | None) -> None:
        actor = self._interactions.actor_of(interaction)
        rules = await self._channels.clear(actor, channel_id)
        await self._interactions.answer(interaction, views.channels(self._texts, actor.locale, rules))

    async def list(self, interaction: discord.Interaction[Any]) -> None:
        actor = self._interactions.actor_of(interaction)
        rules = await self._channels.listed(actor)
        await self._interactions.answer(interaction, views.channels(self._texts, actor.locale, rules))
