"""Handles /admin setup and /admin doctor. Only the admin sees the answers."""

from typing import Any

import discord

from kleinbot.chat.core.interactions import Interactions
from kleinbot.chat.setup import doctor
from kleinbot.chat.setup import views as setup_views
from kleinbot.chat.setup.buttons import (
    FinishSetupButton,
    OpenSetupButton,
    SetUpItem,
    SetUpSelect,
    chosen_values,
)
from kleinbot.chat.setup.channels import FOR_REPORTS, FOR_RESULTS, ChannelState, missing, state_of
from kleinbot.domain.errors import Code, Refusal
from kleinbot.domain.people import Actor
from kleinbot.texts import Texts, languages
from kleinbot.usecases.quota.administer import AdministerQuota
from kleinbot.usecases.setup.set_up import MOST_DAYS, SetUp

_MOST_TENTHS = 1_000_000
_LARGEST_ID = 2**63 - 1


class SetUpHandlers:
    """One method for each command, button and select."""

    def __init__(
        self, set_up: SetUp, quota: AdministerQuota, interactions: Interactions, texts: Texts
    ) -> None:
        self._set_up = set_up
        self._quota = quota
        self._interactions = interactions
        self._texts = texts

    async def open(self, interaction: discord.Interaction[Any]) -> None:
        """Show what can be set up, to the admin alone."""
        actor = self._interactions.actor_of(interaction)
        await self._interactions.answer(interaction, await self._page(interaction, actor))

    async def open_pressed(self, interaction: discord.Interaction[Any], button: OpenSetupButton) -> None:
        """As ``open``; the button stands below the bot's introduction."""
        del button
        await self.open(interaction)

    async def chosen(self, interaction: discord.Interaction[Any], select: SetUpSelect) -> None:
        """Store a choice, and show what is chosen now."""
        actor = self._interactions.actor_of(interaction)
        values = chosen_values(interaction)
        if select.item is SetUpItem.MODERATORS_CHANNEL:
            channels = _channels(interaction, values[:1], discord.ChannelType.text)
            await self._set_up.choose_moderators_channel(actor, channels[0] if channels else None)
        elif select.item is SetUpItem.SHOWCASE_CHANNEL:
            channels = _channels(interaction, values[:1], discord.ChannelType.text)
            await self._set_up.choose_showcase_channel(actor, channels[0] if channels else None)
        elif select.item is SetUpItem.ALLOWED_CHANNELS:
            channels = _channels(interaction, values, *setup_views.PLACES)
            await self._set_up.choose_allowed_channels(actor, channels)
        else:
            if len(values) != 1:
                raise Refusal(Code.BUTTON_UNKNOWN)
            await self._choose(actor, select.item, values[0])
        await self._interactions.replace(interaction, await self._page(interaction, actor))

    async def doctor(self, interaction: discord.Interaction[Any]) -> None:
        """Say what is right in this server and what is not."""
        actor = self._interactions.actor_of(interaction)
        await self._interactions.answer(interaction, await self._diagnosis(interaction, actor))

    async def finish_pressed(self, interaction: discord.Interaction[Any], button: FinishSetupButton) -> None:
        """End set-up: in place of the selects, say what is right and what is not."""
        del button
        actor = self._interactions.actor_of(interaction)
        await self._set_up.finish(actor)
        await self._interactions.replace(interaction, await self._diagnosis(interaction, actor))

    async def _choose(self, actor: Actor, item: SetUpItem, value: str) -> None:
        """Store a choice. Raises Refusal BUTTON_UNKNOWN for a value that is never offered."""
        match item:
            case SetUpItem.QUOTA if value == setup_views.HOST:
                await self._quota.set_default(actor, None)
            case SetUpItem.QUOTA:
                await self._quota.set_default_number(actor, _number(value, _MOST_TENTHS))
            case SetUpItem.LOCALE if value == setup_views.AUTOMATIC:
                await self._set_up.choose_locale(actor, None)
            case SetUpItem.LOCALE if value in languages():
                await self._set_up.choose_locale(actor, value)
            case SetUpItem.OTHERS_MAY_EDIT if value in (setup_views.YES, setup_views.NO):
                await self._set_up.choose_others_may_edit(actor, allowed=value == setup_views.YES)
            case SetUpItem.RETENTION if value == setup_views.FOREVER:
                await self._set_up.choose_retention(actor, None)
            case SetUpItem.RETENTION:
                await self._set_up.choose_retention(actor, _number(value, MOST_DAYS))
            case _:
                raise Refusal(Code.BUTTON_UNKNOWN)

    async def _page(self, interaction: discord.Interaction[Any], actor: Actor) -> discord.ui.LayoutView:
        state, guild = await self._set_up.state(actor), _guild(interaction)
        moderators_id = state.settings.moderators_channel_id
        showcase_id = state.settings.showcase_channel_id
        page = setup_views.SetUpPage(
            server_name=guild.name,
            discord_locale=str(guild.preferred_locale),
            state=state,
            here=_here(interaction),
            allowed=tuple(
                state_of(guild, each, FOR_RESULTS, only_text=False) for each in sorted(state.channels.allowed)
            ),
            moderators=None if moderators_id is None else state_of(guild, moderators_id, FOR_REPORTS),
            showcase=None if showcase_id is None else state_of(guild, showcase_id, FOR_REPORTS),
        )
        return setup_views.set_up(self._texts, actor.locale, page)

    async def _diagnosis(self, interaction: discord.Interaction[Any], actor: Actor) -> str:
        state = await self._set_up.state(actor)
        return doctor.diagnosis(self._texts, actor.locale, _guild(interaction), state, _here(interaction))


def _guild(interaction: discord.Interaction[Any]) -> discord.Guild:
    """Return the server with its channels. Raises Refusal SERVER_NOT_READY while Discord has not sent it."""
    client: discord.Client = interaction.client
    guild = client.get_guild(interaction.guild_id or 0)
    if guild is None or guild.unavailable:
        raise Refusal(Code.SERVER_NOT_READY)
    return guild


def _here(interaction: discord.Interaction[Any]) -> ChannelState:
    lacking = missing(interaction.app_permissions, FOR_RESULTS)
    return ChannelState(interaction.channel_id or 0, True, lacking)


def _channels(
    interaction: discord.Interaction[Any], values: tuple[str, ...], *kinds: discord.ChannelType
) -> list[int]:
    """Return the chosen channels of this server, whatever the client claims of them."""
    guild, chosen = _guild(interaction), [_number(value, _LARGEST_ID) for value in values]
    for channel_id in chosen:
        channel = guild.get_channel(channel_id)
        if channel is None or channel.type not in kinds:
            raise Refusal(Code.CHANNEL_UNKNOWN)
    return chosen


def _number(value: str, most: int) -> int:
    if not (value.isascii() and value.isdigit() and len(value) <= 20 and int(value) <= most):
        raise Refusal(Code.BUTTON_UNKNOWN)
    return int(value)
