"""The form of /imagine: empty, or filled in with a prompt that was found."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import discord

from kleinbot.chat.create.modals import ModalSetup, PictureModal, select_of
from kleinbot.domain.errors import Code, Refusal
from kleinbot.domain.geometry import Aspect
from kleinbot.domain.job import MAX_COUNT
from kleinbot.domain.noise import SEED_COUNT
from kleinbot.domain.plain_text import one_line
from kleinbot.domain.requests import TypedImagine

_PROMPT_CHARACTERS = 3000
_SEED_CHARACTERS = 10
_ALONE, _EVERYBODY = "alone", "everybody"


SendImagine = Callable[[discord.Interaction[Any], TypedImagine, TypedImagine], Awaitable[None]]
"""Takes the prompt and the fields. The fields have values even if nobody chose them, so parameters in the
prompt count more."""


class UsePromptModal(PictureModal):
    """Asks what /imagine asks. Nothing is drawn until it is sent."""

    def __init__(
        self,
        setup: ModalSetup,
        title: str,
        filled: TypedImagine,
        send: SendImagine,
    ) -> None:
        """``title``: its message id. ``filled``: what the fields hold; what has no field is sent as it is."""
        super().__init__(setup, title, ())
        self._filled = filled
        self._send = send
        prompt, seed = filled.prompt, filled.seed
        aspect, count = filled.aspect or Aspect.SQUARE, filled.count or 1
        self._prompt: discord.ui.TextInput[Any] = discord.ui.TextInput(
            style=discord.TextStyle.paragraph,
            max_length=_PROMPT_CHARACTERS,
            default=prompt[:_PROMPT_CHARACTERS] or None,
        )
        self._aspect = select_of([(each.value, each.value) for each in Aspect], aspect.value)
        self._count = select_of([(str(count), str(count)) for count in range(1, MAX_COUNT + 1)], str(count))
        self._seed: discord.ui.TextInput[Any] = discord.ui.TextInput(
            max_length=_SEED_CHARACTERS, required=False, default=None if seed is None else str(seed)
        )
        seen_by = [(self.say(f"form-seen-by-{each}"), each) for each in (_EVERYBODY, _ALONE)]
        self._seen_by = select_of(seen_by, self._seen_by_default)
        for label, component in (
            ("form-prompt", self._prompt),
            ("form-aspect", self._aspect),
            ("form-count", self._count),
            ("form-seed", self._seed),
            ("form-seen-by", self._seen_by),
        ):
            self.add_item(discord.ui.Label(text=self.say(label), component=component))

    async def send(self, interaction: discord.Interaction[Any]) -> None:
        if len(self._prompt.value) > _PROMPT_CHARACTERS:
            raise Refusal(Code.OPTION_TOO_LONG, option=self.title, most=_PROMPT_CHARACTERS)
        filled = replace(
            self._filled,
            aspect=Aspect(self.chosen(self._aspect, Aspect.SQUARE)),
            count=int(self.chosen(self._count, "1")),
            seed=_seed_of(self._seed.value),
            private=self.chosen(self._seen_by, _EVERYBODY) == _ALONE,
        )
        await self._send(interaction, TypedImagine(self._prompt.value), filled)

    @property
    def _seen_by_default(self) -> str:
        return _ALONE if self._filled.private else _EVERYBODY


def _seed_of(typed: str) -> int | None:
    """Return a typed seed; None for an empty field. Raises Refusal SEED_OUT_OF_RANGE."""
    text = typed.strip()
    if not text:
        return None
    if not (text.isascii() and text.isdigit()) or int(text[:_SEED_CHARACTERS]) >= SEED_COUNT:
        raise Refusal(Code.SEED_OUT_OF_RANGE, seed=one_line(text))
    return int(text)
