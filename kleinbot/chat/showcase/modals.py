"""The form in which pictures are shared."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import discord

from kleinbot.chat.create.modals import ModalSetup, PictureModal
from kleinbot.domain.errors import Code, Refusal
from kleinbot.domain.requests import PictureReference
from kleinbot.domain.showcase.publications import CAPTION_CHARACTERS, ShareChoices

_PROMPT, _EDIT, _SPOILER = "prompt", "edit", "spoiler"
_MOST_PICTURES = 4

Send = Callable[[discord.Interaction[Any], str, tuple[int, ...], ShareChoices], Awaitable[None]]


class ShareModal(PictureModal):
    """Asks which pictures, for a caption, and what others may see and do."""

    def __init__(
        self,
        setup: ModalSetup,
        job_id: str,
        positions: Sequence[int],
        chosen: int | None,
        *,
        is_spoiler: bool,
        send: Send,
    ) -> None:
        """``positions``: of the pictures that can be shared. ``chosen``: the one that was meant."""
        sources = [PictureReference(job_id=job_id, position=each) for each in positions]
        super().__init__(setup, "form-share-title", sources)
        self._job_id, self._positions, self._send_shared = job_id, tuple(positions), send
        self._pictures: discord.ui.Select[Any] | None = None
        if len(positions) > 1:
            self._pictures = self._ask_pictures(chosen)
        self._caption: discord.ui.TextInput[Any] = discord.ui.TextInput(
            style=discord.TextStyle.paragraph, max_length=CAPTION_CHARACTERS, required=False
        )
        self.add_item(discord.ui.Label(text=self.say("form-share-caption"), component=self._caption))
        self._allowed = self._ask_allowed(is_spoiler)
        self.add_item(discord.ui.TextDisplay(self.say("form-share-where")))

    def _ask_pictures(self, chosen: int | None) -> discord.ui.Select[Any]:
        select: discord.ui.Select[Any] = discord.ui.Select(
            options=[
                discord.SelectOption(
                    label=self.say("form-which-option", position=each + 1),
                    value=str(each),
                    default=chosen in (None, each),
                )
                for each in self._positions
            ],
            min_values=1,
            max_values=min(len(self._positions), _MOST_PICTURES),
        )
        self.add_item(discord.ui.Label(text=self.say("form-share-which"), component=select))
        return select

    def _ask_allowed(self, is_spoiler: bool) -> discord.ui.Select[Any]:
        offered = (
            (_PROMPT, "form-share-prompt", True),
            (_EDIT, "form-share-edit", True),
            (_SPOILER, "form-share-spoiler", is_spoiler),
        )
        select: discord.ui.Select[Any] = discord.ui.Select(
            options=[
                discord.SelectOption(label=self.say(label), value=name, default=default)
                for name, label, default in offered
            ],
            min_values=0,
            max_values=len(offered),
            required=False,
        )
        self.add_item(
            discord.ui.Label(
                text=self.say("form-share-allowed"),
                description=self.say("form-share-allowed-description"),
                component=select,
            )
        )
        return select

    async def send(self, interaction: discord.Interaction[Any]) -> None:
        if len(self._caption.value) > CAPTION_CHARACTERS:
            raise Refusal(Code.OPTION_TOO_LONG, option=self.title, most=CAPTION_CHARACTERS)
        positions = self._positions
        if self._pictures is not None:
            known = {str(each): each for each in self._positions}
            if not set(self._pictures.values) <= known.keys():
                raise Refusal(Code.OPTION_NOT_OFFERED, option=self.title)
            positions = tuple(sorted(known[value] for value in self._pictures.values))
        allowed = set(self._allowed.values)
        choices = ShareChoices(self._caption.value, _PROMPT in allowed, _EDIT in allowed, _SPOILER in allowed)
        await self._send_shared(interaction, self._job_id, positions, choices)
