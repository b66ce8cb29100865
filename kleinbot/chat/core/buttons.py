"""Buttons that work for years: the custom id carries the whole meaning, and nothing is kept in memory.

A button is a frozen dataclass. Its fields, in their order, are written into the custom id
``kb:<name>:<field>:…`` and read back from it. A button knows neither the client nor its handler;
``chat.core.routing`` has the table of both.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Self, get_args, get_origin, get_type_hints

import discord

_PREFIX = "kb"
_JOB_ID = r"[0-9a-f]{24}"
_WITH_JOB_ID = re.compile(rf"{_PREFIX}:[a-z-]+:({_JOB_ID})(?::.*)?")


@dataclass(frozen=True)
class Codec:
    """How a field is written into a custom id and read back. ``pattern`` has no groups that capture."""

    pattern: str
    read: Callable[[str], Any] = str
    write: Callable[[Any], str] = str


def one_of(kind: type[StrEnum]) -> Codec:
    """Return the codec of a field that holds a member of ``kind``."""
    return Codec("|".join(re.escape(member.value) for member in kind), kind)


JobId = Annotated[str, Codec(_JOB_ID)]
Position = Annotated[int, Codec("[0-3]", int)]
"""The position of an image in its job, counted from 0."""

Flag = Annotated[bool, Codec("[01]", lambda text: text == "1", lambda flag: f"{flag:d}")]


@dataclass(frozen=True)
class _Field:
    name: str
    codec: Codec
    is_optional: bool


@dataclass(frozen=True)
class PersistentButton:
    """What a press means.

    A subclass gives its name and declares fields; each field's type is ``Annotated`` with a codec. A field
    whose type is also ``| None`` may be missing at the end of a custom id.
    """

    name: ClassVar[str]
    template: ClassVar[re.Pattern[str]]
    """What every custom id of this button matches in full."""

    style: ClassVar[discord.ButtonStyle] = discord.ButtonStyle.secondary
    _fields: ClassVar[tuple[_Field, ...]]

    def __init_subclass__(cls, *, name: str) -> None:
        super().__init_subclass__()
        cls.name = name
        cls._fields = tuple(_fields_of(cls))
        groups = [
            f"(?::(?P<{field.name}>{field.codec.pattern}))" + "?" * field.is_optional for field in cls._fields
        ]
        cls.template = re.compile(f"{_PREFIX}:{re.escape(name)}{''.join(groups)}")

    @property
    def custom_id(self) -> str:
        """The custom id that carries this meaning."""
        written = [
            field.codec.write(value)
            for field in self._fields
            if (value := getattr(self, field.name)) is not None or not field.is_optional
        ]
        return ":".join([_PREFIX, self.name, *written])

    @classmethod
    def from_match(cls, match: re.Match[str]) -> Self:
        """Return the meaning of a custom id that ``template`` has matched."""
        texts = match.groupdict()
        return cls(
            **{
                field.name: None if (text := texts[field.name]) is None else field.codec.read(text)
                for field in cls._fields
            }
        )

    def labelled(self, label: str) -> discord.ui.Button[Any]:
        """Return the component to be sent."""
        return discord.ui.Button(label=label, style=self.style, custom_id=self.custom_id)


def _fields_of(button: type[PersistentButton]) -> Iterator[_Field]:
    for name, hint in get_type_hints(button, include_extras=True).items():
        if get_origin(hint) is not ClassVar:
            yield _Field(name, *_codec(hint))


def _codec(hint: Any) -> tuple[Codec, bool]:  # noqa: ANN401 - a type, of any form
    if get_origin(hint) is Annotated:
        return next(each for each in get_args(hint) if isinstance(each, Codec)), False
    alternatives = [each for each in get_args(hint) if each is not type(None)]
    return _codec(alternatives[0])[0], True


def custom_ids(message: discord.Message) -> Iterator[str]:
    """Yield the custom ids in a message's rows of buttons, as Discord states them."""
    for row in message.components:
        for child in getattr(row, "children", ()):
            if custom_id := getattr(child, "custom_id", None):
                yield custom_id


def job_id_in(message: discord.Message) -> str | None:
    """Return the job that the buttons of a message of ours carry; None where they carry none."""
    matches = (_WITH_JOB_ID.fullmatch(custom_id) for custom_id in custom_ids(message))
    return next((match[1] for match in matches if match is not None), None)
