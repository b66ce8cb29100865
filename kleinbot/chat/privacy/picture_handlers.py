"""Handles /settings, what an author takes back, and the button that posts a result."""

from typing import Any

import discord

from kleinbot.chat.core.buttons import job_id_in
from kleinbot.chat.core.interactions import Interactions
from kleinbot.chat.more.actions import ChosenPicture
from kleinbot.chat.privacy import picture_views, settings_view
from kleinbot.chat.privacy.buttons import (
    NamedButton,
    OthersMayEdit,
    OthersMayEditButton,
    PostButton,
    PreviewChoice,
    PreviewsButton,
    SettingItem,
    SettingSelect,
    TakeBackMessageButton,
    TakeBackResultButton,
)
from kleinbot.chat.setup.buttons import chosen_values
from kleinbot.domain.errors import Code, Refusal
from kleinbot.domain.geometry import Aspect
from kleinbot.domain.job import MAX_COUNT
from kleinbot.domain.people import Actor
from kleinbot.texts import Texts
from kleinbot.usecases.privacy.editing import MemberChoices
from kleinbot.usecases.privacy.post import Post
from kleinbot.usecases.privacy.take_back import OwnPictureUsed, TakeBack

_ALLOWED = {OthersMayEdit.YES: True, OthersMayEdit.NO: False, OthersMayEdit.AS_SERVER: None}
_MOST_ATTACHMENTS = 25
_ASPECTS = frozenset(aspect.value for aspect in Aspect)
_COUNTS = tuple(str(count) for count in range(1, MAX_COUNT + 1))


class OwnPictureHandlers:
    """One method for each command, menu and button. Only whoever asked sees the answers."""

    def __init__(
        self,
        choices: MemberChoices,
        take_back: TakeBack,
        post: Post,
        interactions: Interactions,
        texts: Texts,
    ) -> None:
        self._choices = choices
        self._take_back = take_back
        self._post = post
        self._interactions = interactions
        self._texts = texts

    async def settings(self, interaction: discord.Interaction[Any]) -> None:
        actor = self._interactions.actor_of(interaction)
        view = settings_view.settings(self._texts, actor.locale, await self._choices.mine(actor))
        await self._interactions.answer(interaction, view)

    async def others_may_edit_pressed(
        self, interaction: discord.Interaction[Any], button: OthersMayEditButton
    ) -> None:
        actor = self._interactions.actor_of(interaction)
        found = await self._choices.choose_others_may_edit(actor, _ALLOWED[button.choice])
        view = settings_view.settings(self._texts, actor.locale, found)
        await self._interactions.replace(interaction, view)

    async def previews_pressed(self, interaction: discord.Interaction[Any], button: PreviewsButton) -> None:
        actor = self._interactions.actor_of(interaction)
        found = await self._choices.choose_previews(actor, shown=button.choice is PreviewChoice.ON)
        view = settings_view.settings(self._texts, actor.locale, found)
        await self._interactions.replace(interaction, view)

    async def setting_chosen(self, interaction: discord.Interaction[Any], select: SettingSelect) -> None:
        """Store a choice. Raises Refusal BUTTON_UNKNOWN for a value that is never offered."""
        actor = self._interactions.actor_of(interaction)
        match select.item, chosen_values(interaction):
            case SettingItem.ASPECT, (value,) if value in _ASPECTS:
                found = await self._choices.choose_aspect(actor, Aspect(value))
            case SettingItem.COUNT, (value,) if value in _COUNTS:
                found = await self._choices.choose_count(actor, int(value))
            case SettingItem.PRIVATE, (settings_view.YES | settings_view.NO as value,):
                found = await self._choices.choose_private(actor, private=value == settings_view.YES)
            case _:
                raise Refusal(Code.BUTTON_UNKNOWN)
        view = settings_view.settings(self._texts, actor.locale, found)
        await self._interactions.replace(interaction, view)

    async def named_pressed(self, interaction: discord.Interaction[Any], button: NamedButton) -> None:
        actor = self._interactions.actor_of(interaction)
        found = await self._choices.choose_named(actor, named=button.is_named)
        view = settings_view.settings(self._texts, actor.locale, found)
        await self._interactions.replace(interaction, view)

    async def ask_of_message(self, interaction: discord.Interaction[Any], message: discord.Message) -> None:
        """Ask whether to remove what others made from the pictures of a message."""
        actor = self._interactions.actor_of(interaction)
        user = interaction.client.user
        job_id = job_id_in(message) if user is not None and message.author.id == user.id else None
        if job_id is not None:
            await self._ask_of_result(interaction, actor, job_id)
            return
        attachments = [file.id for file in message.attachments[:_MOST_ATTACHMENTS]]
        used = await self._take_back.of_message(actor, message.author.id, message.id, attachments)
        await self._ask(interaction, actor, used)

    async def ask_of_picture(self, interaction: discord.Interaction[Any], picture: ChosenPicture) -> None:
        """Ask the same about a result that *More …* was opened for."""
        await self._ask_of_result(interaction, picture.actor, picture.job.job_id)

    async def message_pressed(
        self, interaction: discord.Interaction[Any], button: TakeBackMessageButton
    ) -> None:
        await self._begin(interaction, OwnPictureUsed(message_id=button.message_id))

    async def result_pressed(
        self, interaction: discord.Interaction[Any], button: TakeBackResultButton
    ) -> None:
        await self._begin(interaction, OwnPictureUsed(job_id=button.job_id))

    async def post_pressed(self, interaction: discord.Interaction[Any], button: PostButton) -> None:
        actor = self._interactions.actor_of(interaction)
        number = await self._post.post(actor, button.job_id)
        text = self._texts.say(actor.locale, "posted", number=str(number))
        await self._interactions.answer(interaction, text)

    async def _ask_of_result(self, interaction: discord.Interaction[Any], actor: Actor, job_id: str) -> None:
        await self._ask(interaction, actor, await self._take_back.of_result(actor, job_id))

    async def _ask(self, interaction: discord.Interaction[Any], actor: Actor, used: OwnPictureUsed) -> None:
        view = picture_views.ask_take_back(self._texts, actor.locale, used)
        await self._interactions.answer(interaction, view)

    async def _begin(self, interaction: discord.Interaction[Any], used: OwnPictureUsed) -> None:
        actor = self._interactions.actor_of(interaction)
        await self._take_back.begin(actor, used)
        text = self._texts.say(actor.locale, "take-back-begun")
        await self._interactions.replace(interaction, text)
