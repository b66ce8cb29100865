"""Modals that make images from a picture. They time out, or discord.py would keep them for ever."""

import re
import secrets
from abc import abstractmethod
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import discord

from kleinbot.chat.core.interaction_gate import InteractionGate
from kleinbot.domain.clock import MS_PER_S, Clock
from kleinbot.domain.errors import Code, Refusal
from kleinbot.domain.job import MAX_COUNT
from kleinbot.domain.noise import Strength
from kleinbot.domain.requests import Attached, EditRequest, Source, VariationsRequest
from kleinbot.texts import Texts

MODAL_LIFE_S = 600.0
_INSTRUCTION_CHARACTERS = 3000


class ModalKeys:
    """Custom ids of modals. Unlike a button, a modal lives in memory; these ids tell when one is lost."""

    _PATTERN = re.compile(r"kb:form:([0-9a-f]{8}):(\d+):[0-9a-f]{8}")

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ours = secrets.token_hex(4)

    def new(self) -> str:
        return f"kb:form:{self._ours}:{self._clock.now_ms()}:{secrets.token_hex(4)}"

    def is_lost(self, custom_id: str) -> bool:
        """Tell whether it is a modal of an earlier process, or one that has timed out."""
        match = self._PATTERN.fullmatch(custom_id)
        if match is None:
            return False
        return match[1] != self._ours or self._clock.now_ms() - int(match[2]) >= MODAL_LIFE_S * MS_PER_S


@dataclass(frozen=True)
class ModalSetup:
    """What every modal needs: its custom id, the gate for its submission, and its language."""

    custom_id: str
    gate: InteractionGate
    texts: Texts
    locale: str


class PictureModal(discord.ui.Modal):
    """Base of all: asks which of a message's pictures is meant, and passes the submission to the gate."""

    def __init__(self, setup: ModalSetup, title: str, sources: Sequence[Source]) -> None:
        super().__init__(
            title=setup.texts.say(setup.locale, title), timeout=MODAL_LIFE_S, custom_id=setup.custom_id
        )
        self._setup = setup
        self._sources = sources
        self._which: discord.ui.Select[Any] | None = None

    def say(self, message_id: str, **parameters: str | int) -> str:
        return self._setup.texts.say(self._setup.locale, message_id, **parameters)

    def ask_which(self) -> None:
        if len(self._sources) > 1:
            labels = [self.say("form-which-option", position=at + 1) for at in range(len(self._sources))]
            self._which = select_of([(label, str(at)) for at, label in enumerate(labels)], "0")
            self.add_item(discord.ui.Label(text=self.say("form-which"), component=self._which))

    @property
    def source(self) -> Source:
        return self._sources[int(self.chosen(self._which, "0"))]

    def chosen(self, select: discord.ui.Select[Any] | None, default: str) -> str:
        """Return what was chosen. Raises Refusal OPTION_NOT_OFFERED for a value that was not offered."""
        if select is None or not select.values:
            return default
        if select.values[0] not in [option.value for option in select.options]:
            raise Refusal(Code.OPTION_NOT_OFFERED, option=self.title)
        return select.values[0]

    async def on_submit(self, interaction: discord.Interaction[Any], /) -> None:
        await self._setup.gate.run(interaction, self.send)

    @abstractmethod
    async def send(self, interaction: discord.Interaction[Any]) -> None:
        """Make the request that was filled in. Everything is checked again: minutes may have passed."""


class EditModal(PictureModal):
    """Asks for the instruction and up to ``most_references`` further pictures."""

    def __init__(
        self,
        setup: ModalSetup,
        sources: Sequence[Source],
        most_references: int,
        send: Callable[[discord.Interaction[Any], EditRequest], Awaitable[None]],
    ) -> None:
        super().__init__(setup, "form-edit-title", sources)
        self._send = send
        self._instruction: discord.ui.TextInput[Any] = discord.ui.TextInput(
            style=discord.TextStyle.paragraph,
            max_length=_INSTRUCTION_CHARACTERS,
            placeholder=self.say("form-instruction-hint"),
        )
        self.add_item(discord.ui.Label(text=self.say("form-instruction"), component=self._instruction))
        self.ask_which()
        self._files: discord.ui.FileUpload[Any] | None = None
        if most_references > 0:
            self._files = discord.ui.FileUpload(required=False, min_values=0, max_values=most_references)
            self.add_item(
                discord.ui.Label(
                    text=self.say("form-references"),
                    description=self.say("form-references-description", most=most_references),
                    component=self._files,
                )
            )

    async def send(self, interaction: discord.Interaction[Any]) -> None:
        files = self._files.values if self._files is not None else []
        references = tuple(Attached(file.url, file.size, file.is_spoiler()) for file in files)
        if len(self._instruction.value) > _INSTRUCTION_CHARACTERS:
            raise Refusal(Code.OPTION_TOO_LONG, option=self.title, most=_INSTRUCTION_CHARACTERS)
        await self._send(interaction, EditRequest(self._instruction.value, self.source, references))


class VariationsModal(PictureModal):
    """Asks how different and how many."""

    def __init__(
        self,
        setup: ModalSetup,
        sources: Sequence[Source],
        send: Callable[[discord.Interaction[Any], VariationsRequest], Awaitable[None]],
    ) -> None:
        super().__init__(setup, "form-variations-title", sources)
        self._send = send
        strengths = [(self.say(f"form-strength-{strength}"), strength.value) for strength in Strength]
        self._strength = select_of(strengths, Strength.MEDIUM)
        self.add_item(discord.ui.Label(text=self.say("form-strength"), component=self._strength))
        self.ask_which()
        self._count = select_of([(str(count), str(count)) for count in range(1, MAX_COUNT + 1)], "1")
        self.add_item(discord.ui.Label(text=self.say("form-count"), component=self._count))

    async def send(self, interaction: discord.Interaction[Any]) -> None:
        strength = Strength(self.chosen(self._strength, Strength.MEDIUM))
        request = VariationsRequest(self.source, strength, int(self.chosen(self._count, "1")))
        await self._send(interaction, request)


def select_of(options: Sequence[tuple[str, str]], default: str | None) -> discord.ui.Select[Any]:
    return discord.ui.Select(
        options=[
            discord.SelectOption(label=label, value=value, default=value == default)
            for label, value in options
        ]
    )
