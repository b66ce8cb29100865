"""What members ask for: the same values from command, button, modal and menu."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from kleinbot.domain.geometry import Aspect
from kleinbot.domain.noise import Strength


class Quality(StrEnum):
    """STANDARD: the distilled checkpoint in four steps. BEST: the base checkpoint, guided, in fifty."""

    STANDARD = "standard"
    BEST = "best"


@dataclass(frozen=True)
class ImagineRequest:
    """What a member asked for, as it was typed. ``seed`` None means: choose one."""

    prompt: str
    aspect: Aspect = Aspect.SQUARE
    count: int = 1
    seed: int | None = None
    private: bool = False
    quality: Quality = Quality.STANDARD


@dataclass(frozen=True)
class PictureReference:
    """One of our pictures as a person names it: by the key that buttons and choices carry, or by number.

    Neither means the member's newest job. ``position`` counts from 0; None means the first one there is.
    """

    job_id: str | None = None
    number: int | None = None
    position: int | None = None


@dataclass(frozen=True)
class Attached:
    """A picture that was uploaded to Discord, by the address of its file. It dies within a day.

    ``byte_count`` is None where Discord does not state it. ``is_spoiler``: it is hidden until clicked.
    """

    address: str
    byte_count: int | None = None
    is_spoiler: bool = False


Source = PictureReference | Attached
"""What an edit or a variation begins with."""


@dataclass(frozen=True)
class EditRequest:
    """``private`` None: as private as the source is."""

    instruction: str
    source: Source = PictureReference()
    references: tuple[Attached, ...] = ()
    count: int = 1
    seed: int | None = None
    private: bool | None = None


@dataclass(frozen=True)
class VariationsRequest:
    """``count`` None: as many as the source's job made. ``private`` as in an edit."""

    source: Source = PictureReference()
    strength: Strength = Strength.MEDIUM
    count: int | None = 1
    private: bool | None = None


@dataclass(frozen=True)
class RerollRequest:
    """The same job again with other seeds."""

    job_id: str


@dataclass(frozen=True)
class Press:
    """Which button of which message was pressed: pressed again in a moment, it means the same press."""

    message_id: int
    custom_id: str


class PromptMeter(Protocol):
    """Cleans and measures prompts as the model's tokenizer does."""

    @property
    def limit_tokens(self) -> int:
        """The most tokens a prompt may have."""
        ...

    def clean(self, prompt: str) -> str:
        """Return ``prompt`` without the control words that the model's chat template is made of."""
        ...

    def count_tokens(self, prompt: str) -> int:
        """Return the tokens of a cleaned prompt, or an upper bound while the tokenizer is not there yet."""
        ...
