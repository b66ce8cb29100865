"""Handles /share, the form that shares, and the buttons of posts in the showcase."""

from collections.abc import Callable
from typing import Any

import discord

from kleinbot.chat.core import text as core_text
from kleinbot.chat.core.interactions import Interactions
from kleinbot.chat.create.handlers import picture_name
from kleinbot.chat.create.modals import ModalSetup
from kleinbot.chat.more.actions import ChosenPicture
from kleinbot.chat.setup.channels import FOR_REPORTS, state_of
from kleinbot.chat.showcase import gallery_view
from kleinbot.chat.showcase.buttons import GalleryButton, VoteButton, WithdrawButton
from kleinbot.chat.showcase.content import ShowcaseContent
from kleinbot.chat.showcase.modals import ShareModal
from kleinbot.domain.errors import Code, Refusal
from kleinbot.domain.people import Actor
from kleinbot.domain.requests import PictureReference
from kleinbot.domain.showcase.gallery import GalleryPlace, GalleryQuery
from kleinbot.domain.showcase.publications import ShareChoices
from kleinbot.texts import Texts
from kleinbot.usecases.showcase.gallery import Gallery
from kleinbot.usecases.showcase.share import Share, Shareable
from kleinbot.usecases.showcase.vote import Vote
from kleinbot.usecases.sources import Sources


class ShowcaseHandlers:
    """Only whoever acts sees the answers; a vote is answered by the post itself."""

    def __init__(
        self,
        share: Share,
        vote: Vote,
        gallery: Gallery,
        sources: Sources,
        content: ShowcaseContent,
        interactions: Interactions,
        texts: Texts,
        modal_setup: Callable[[discord.Interaction[Any]], ModalSetup],
    ) -> None:
        self._share = share
        self._vote = vote
        self._gallery = gallery
        self._sources = sources
        self._content = content
        self._interactions = interactions
        self._texts = texts
        self._modal_setup = modal_setup

    async def share(self, interaction: discord.Interaction[Any], picture: str | None) -> None:
        """Ask about a picture as it was typed or chosen; None: the member's newest."""
        actor = self._interactions.actor_of(interaction)
        name = PictureReference() if picture is None else picture_name(picture)
        chosen = await self._sources.choose(actor, name)
        await self._ask(interaction, actor, chosen.job.job_id, name.position)

    async def ask(self, interaction: discord.Interaction[Any], picture: ChosenPicture) -> None:
        """Ask about a picture that *More …* was opened for."""
        await self._ask(interaction, picture.actor, picture.job.job_id, picture.position)

    async def vote_pressed(self, interaction: discord.Interaction[Any], button: VoteButton) -> None:
        """Vote, or take the vote back, and show the count on the button."""
        actor = self._interactions.actor_of(interaction)
        voted = await self._vote.press(actor, button.publication_id)
        publication, message = voted.publication, interaction.message
        if message is not None and message.id == publication.message_id:
            view = await self._content.view(publication, publication.post_file)
            if view is not None:
                await interaction.response.edit_message(view=view)
                return
        text = self._texts.say(
            actor.locale, "voted", added="yes" if voted.is_added else "no", votes=publication.votes
        )
        await self._interactions.answer(interaction, text)

    async def withdraw_pressed(self, interaction: discord.Interaction[Any], button: WithdrawButton) -> None:
        actor = self._interactions.actor_of(interaction)
        await self._share.withdraw(actor, button.publication_id)
        await self._interactions.answer(interaction, self._texts.say(actor.locale, "withdrawn"))

    async def gallery(self, interaction: discord.Interaction[Any], wanted: GalleryQuery) -> None:
        """Show the first page, to the member alone."""
        actor = self._interactions.actor_of(interaction)
        await interaction.response.defer(ephemeral=True)
        page = await self._gallery.page(actor, wanted)
        message = gallery_view.gallery(self._texts, actor.locale, page)
        await interaction.edit_original_response(view=message.view, attachments=list(message.files))

    async def gallery_turned(self, interaction: discord.Interaction[Any], button: GalleryButton) -> None:
        actor = self._interactions.actor_of(interaction)
        await interaction.response.defer()
        wanted = GalleryQuery(button.order, button.member_id, button.text or "")
        place = GalleryPlace(button.votes, button.publication_id)
        page = await self._gallery.page(actor, wanted, place, older=button.older)
        message = gallery_view.gallery(self._texts, actor.locale, page)
        await interaction.edit_original_response(view=message.view, attachments=list(message.files))

    async def _ask(
        self, interaction: discord.Interaction[Any], actor: Actor, job_id: str, position: int | None
    ) -> None:
        """Check now, and again when the form is submitted."""
        found = await self._share.check(actor, job_id)
        _require_open(interaction, found)
        chosen = position if position in found.positions else None
        modal = ShareModal(
            self._modal_setup(interaction),
            job_id,
            found.positions,
            chosen,
            is_spoiler=found.job.spec.spoiler,
            send=self._shared,
        )
        await interaction.response.send_modal(modal)

    async def _shared(
        self,
        interaction: discord.Interaction[Any],
        job_id: str,
        positions: tuple[int, ...],
        choices: ShareChoices,
    ) -> None:
        actor = self._interactions.actor_of(interaction)
        _require_open(interaction, await self._share.check(actor, job_id))
        found, count = await self._share.share(actor, job_id, positions, choices)
        channel = core_text.channel_mention(found.channel_id)
        number = str(found.job.number)
        text = self._texts.say(actor.locale, "share-done", number=number, channel=channel, count=count)
        await self._interactions.answer(interaction, text)


def _require_open(interaction: discord.Interaction[Any], found: Shareable) -> None:
    """Raise Refusal SHOWCASE_CLOSED if the bot can certainly not post there."""
    client: discord.Client = interaction.client
    guild = client.get_guild(interaction.guild_id or 0)
    if guild is None or guild.unavailable:
        raise Refusal(Code.SERVER_NOT_READY)
    if not state_of(guild, found.channel_id, FOR_REPORTS).is_right:
        raise Refusal(Code.SHOWCASE_CLOSED, channel=core_text.channel_mention(found.channel_id))
