"""What members ask for, beside plain pictures: the same values from slash, button, form and menu."""

from dataclasses import dataclass

from kleinbot.domain.variation import Strength


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
