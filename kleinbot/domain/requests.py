"""Members' requests: the same values from command, button, modal and menu."""

import re
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Protocol

from kleinbot.domain.geometry import Aspect
from kleinbot.domain.noise import Strength
from kleinbot.domain.reference import Origin

_LARGEST_ID = 2**63 - 1
_ATTACHMENT = re.compile(r"/attachments/[0-9]{1,20}/([0-9]{1,19})/")


class Quality(StrEnum):
    """STANDARD: the distilled checkpoint in four steps. BEST: the base checkpoint, guided, in fifty."""

    STANDARD = "standard"
    BEST = "best"


@dataclass(frozen=True)
class ImagineRequest:
    """A text-to-image request. ``seed`` None: choose one. ``style``: the name of one of the server's."""

    prompt: str
    aspect: Aspect = Aspect.SQUARE
    count: int = 1
    seed: int | None = None
    private: bool = False
    quality: Quality = Quality.STANDARD
    style: str | None = None


@dataclass(frozen=True)
class TypedImagine:
    """What a member typed or chose for a text-to-image request; None: they left it out."""

    prompt: str
    aspect: Aspect | None = None
    count: int | None = None
    seed: int | None = None
    private: bool | None = None
    quality: Quality = Quality.STANDARD
    style: str | None = None

    def otherwise(self, other: "TypedImagine") -> "TypedImagine":
        """Return the request with the values of ``other`` for what was left out. The prompt stays."""
        return replace(
            self,
            aspect=self.aspect or other.aspect,
            count=other.count if self.count is None else self.count,
            seed=other.seed if self.seed is None else self.seed,
            private=other.private if self.private is None else self.private,
            quality=other.quality if self.quality is Quality.STANDARD else self.quality,
            style=self.style or other.style,
        )

    def completed(self) -> ImagineRequest:
        """Return the request, with the usual values for what was left out."""
        return ImagineRequest(
            self.prompt,
            self.aspect or Aspect.SQUARE,
            1 if self.count is None else self.count,
            self.seed,
            bool(self.private),
            self.quality,
            self.style,
        )


@dataclass(frozen=True)
class PictureReference:
    """One of our pictures, named by the job key that buttons and choices carry, or by job number.

    Without either: the member's newest job. ``position`` counts from 0; None: the first finished image.
    """

    job_id: str | None = None
    number: int | None = None
    position: int | None = None


@dataclass(frozen=True)
class Attached:
    """A picture uploaded to Discord, by its file's address, which expires within a day.

    ``byte_count`` is None if Discord does not state it. ``is_spoiler``: it is hidden until clicked.
    ``shown_in``: the message that shows it, and that message's author; None: the asker attached it.
    """

    address: str
    byte_count: int | None = None
    is_spoiler: bool = False
    shown_in: Origin | None = None

    def origin(self, asker_id: int) -> Origin:
        """Return where the picture came from, if ``asker_id`` asks for something with it."""
        match = _ATTACHMENT.search(self.address)
        attachment_id = None if match is None else min(int(match[1]), _LARGEST_ID)
        if self.shown_in is None:
            return Origin(asker_id, None, attachment_id)
        return replace(self.shown_in, attachment_id=attachment_id)


Source = PictureReference | Attached
"""The source picture of an edit or a variation."""


@dataclass(frozen=True)
class EditRequest:
    """A request to edit a picture. ``private`` None: as private as the source. ``count`` None: one."""

    instruction: str
    source: Source = PictureReference()
    references: tuple[Attached, ...] = ()
    count: int | None = None
    seed: int | None = None
    private: bool | None = None


@dataclass(frozen=True)
class VariationsRequest:
    """A request for variations. ``count`` None: as many as the source's job has. ``private``: as in edits."""

    source: Source = PictureReference()
    strength: Strength = Strength.MEDIUM
    count: int | None = 1
    private: bool | None = None


@dataclass(frozen=True)
class RerollRequest:
    """A request to run the same job again with other seeds. ``private`` None: as the job."""

    job_id: str
    private: bool | None = None


@dataclass(frozen=True)
class Press:
    """One press of a button. A second press of the same button shortly after counts as the same press."""

    message_id: int
    custom_id: str


class PromptMeter(Protocol):
    """Cleans and measures prompts as the model's tokenizer does."""

    @property
    def limit_tokens(self) -> int:
        """The most tokens a prompt may have."""
        ...

    def clean(self, prompt: str) -> str:
        """Return ``prompt`` without the control tokens of the model's chat template."""
        ...

    def count_tokens(self, prompt: str) -> int:
        """Return a cleaned prompt's token count, or an upper bound until the tokenizer is loaded."""
        ...
