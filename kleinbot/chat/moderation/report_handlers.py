"""Handles reports of pictures: the form, from *More …* and from a message's menu, and its answer."""

from collections.abc import Callable, Sequence
from typing import Any

import discord

from kleinbot.chat.core.interactions import Interactions
from kleinbot.chat.create.message_pictures import sources_in
from kleinbot.chat.create.modals import ModalSetup
from kleinbot.chat.moderation.modals import ReportModal
from kleinbot.chat.more.actions import ChosenPicture
from kleinbot.domain.errors import Code, Refusal
from kleinbot.domain.job_spec import ImageKey
from kleinbot.domain.moderation.reports import ReportReason
from kleinbot.domain.requests import PictureReference
from kleinbot.texts import Texts
from kleinbot.usecases.moderation.access import seconds_or_0
from kleinbot.usecases.moderation.report import ReportPicture


class ReportHandlers:
    """Only whoever reports sees what is answered."""

    def __init__(
        self,
        report: ReportPicture,
        interactions: Interactions,
        texts: Texts,
        modal_setup: Callable[[discord.Interaction[Any]], ModalSetup],
    ) -> None:
        self._report = report
        self._interactions = interactions
        self._texts = texts
        self._modal_setup = modal_setup

    async def ask(self, interaction: discord.Interaction[Any], picture: ChosenPicture) -> None:
        """Ask why a picture is reported."""
        source = PictureReference(job_id=picture.job.job_id, position=picture.position)
        await self._ask(interaction, [source])

    async def report_message(self, interaction: discord.Interaction[Any], message: discord.Message) -> None:
        """Ask why a picture of a message is reported. Raises Refusal REPORT_NOT_OURS for others' pictures."""
        user = interaction.client.user
        our_id = interaction.application_id if user is None else user.id
        try:
            found = sources_in(message, our_id)
        except Refusal as refusal:
            raise Refusal(Code.REPORT_NOT_OURS) from refusal
        ours = [source for source in found if isinstance(source, PictureReference)]
        if not ours:
            raise Refusal(Code.REPORT_NOT_OURS)
        await self._ask(interaction, ours)

    async def _ask(self, interaction: discord.Interaction[Any], sources: Sequence[PictureReference]) -> None:
        """Check now, and again when the form is submitted."""
        await self._report.check(self._interactions.actor_of(interaction), sources[0].job_id or "")
        await interaction.response.send_modal(
            ReportModal(self._modal_setup(interaction), sources, self._reported)
        )

    async def _reported(
        self, interaction: discord.Interaction[Any], key: ImageKey, reason: ReportReason, words: str
    ) -> None:
        actor = self._interactions.actor_of(interaction)
        done = await self._report.report(actor, key, reason, words)
        text = self._texts.say(
            actor.locale,
            "report-done",
            number=str(done.job.number),
            hides=("until" if done.until_ms is not None else "kept") if done.has_hidden else "no",
            until_s=seconds_or_0(done.until_ms),
        )
        await self._interactions.answer(interaction, text)
