"""The form in which a picture is reported."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import discord

from kleinbot.chat.create.modals import ModalSetup, PictureModal, select_of
from kleinbot.domain.errors import Code, Refusal
from kleinbot.domain.job_spec import ImageKey
from kleinbot.domain.moderation.reports import WORDS_CHARACTERS, ReportReason
from kleinbot.domain.requests import PictureReference


class ReportModal(PictureModal):
    """Asks why, and for a few words that may be left out."""

    def __init__(
        self,
        setup: ModalSetup,
        sources: Sequence[PictureReference],
        send: Callable[[discord.Interaction[Any], ImageKey, ReportReason, str], Awaitable[None]],
    ) -> None:
        super().__init__(setup, "form-report-title", sources)
        self._send = send
        self.ask_which()
        reasons = [(self.say(f"report-reason-{reason}"), reason.value) for reason in ReportReason]
        self._reason = select_of(reasons, None)
        self.add_item(
            discord.ui.Label(
                text=self.say("form-report-reason"),
                description=self.say("form-report-reason-description"),
                component=self._reason,
            )
        )
        self._words: discord.ui.TextInput[Any] = discord.ui.TextInput(
            style=discord.TextStyle.paragraph, max_length=WORDS_CHARACTERS, required=False
        )
        self.add_item(
            discord.ui.Label(
                text=self.say("form-report-words"),
                description=self.say("form-report-words-description"),
                component=self._words,
            )
        )

    async def send(self, interaction: discord.Interaction[Any]) -> None:
        source = self.source
        if not isinstance(source, PictureReference) or source.job_id is None:
            raise Refusal(Code.REPORT_NOT_OURS)
        if len(self._words.value) > WORDS_CHARACTERS:
            raise Refusal(Code.OPTION_TOO_LONG, option=self.title, most=WORDS_CHARACTERS)
        reason = ReportReason(self.chosen(self._reason, ReportReason.OTHER))
        key = ImageKey(source.job_id, source.position or 0)
        await self._send(interaction, key, reason, self._words.value)
