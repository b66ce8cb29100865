"""The job spec: what a job makes, as one frozen value."""

import unicodedata
from dataclasses import dataclass
from enum import IntFlag, StrEnum

from kleinbot.domain.geometry import Grid
from kleinbot.domain.noise import NoiseRecipe, Strength
from kleinbot.domain.reference import Reference, Role


class JobKind(StrEnum):
    IMAGINE = "imagine"
    EDIT = "edit"
    VARIATIONS = "variations"


class Checkpoint(StrEnum):
    """Klein's two sets of transformer weights."""

    DISTILLED = "distilled"
    BASE = "base"

    @property
    def guidance_scale(self) -> float:
        """The guidance scale: 1 means no guidance, 4 is the base checkpoint's published setting."""
        return 4.0 if self is Checkpoint.BASE else 1.0


class ContentMark(IntFlag):
    """What the content rules know of a job; it is inherited by everything that is made from its images.

    OUTSIDE: a picture that the bot did not draw went into it. MINOR, SEXUAL: prompts speak of that.
    """

    OUTSIDE = 1
    MINOR = 2
    SEXUAL = 4


NO_MARKS = ContentMark(0)

DISTILLED_STEPS = 4
BASE_STEPS = 50
"""The base checkpoint's published setting. Half as many steps work, but not at its best quality."""


@dataclass(frozen=True, order=True)
class ImageKey:
    """One image of one job: the unit of dispatch."""

    job_id: str
    position: int


def style_key(name: str) -> str:
    """Return a style's name as it is looked for: case, width and spaces do not count."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


@dataclass(frozen=True)
class Style:
    """A server's style, in a job as it was when the job was accepted: words before and after a prompt."""

    name: str
    before: str = ""
    after: str = ""

    @property
    def key(self) -> str:
        return style_key(self.name)

    def around(self, words: str) -> str:
        """Return the prompt that the model reads."""
        return f"{self._head}{words}{self._tail}"

    def within(self, prompt: str) -> str:
        """Return what its member wrote of a prompt that ``around`` made."""
        return prompt.removeprefix(self._head).removesuffix(self._tail)

    @property
    def _head(self) -> str:
        return f"{self.before} " if self.before else ""

    @property
    def _tail(self) -> str:
        return f", {self.after}" if self.after else ""


@dataclass(frozen=True)
class JobSpec:
    """Everything that determines a job's images except their seeds.

    ``references``: the stored input pictures; empty until they are stored. ``noise_parent``: each image's
    seed is mixed into this noise with ``strength``; None if an image starts from its own noise alone.
    ``parent``: the image that the job was made from, whoever made it. ``spoiler``: the job was made from a
    picture that is hidden until clicked, so its images are hidden too. ``marks``: its own and inherited ones.
    ``style``: its words are in ``prompt``.
    """

    kind: JobKind
    prompt: str
    grid: Grid
    steps: int = DISTILLED_STEPS
    checkpoint: Checkpoint = Checkpoint.DISTILLED
    strength: Strength | None = None
    references: tuple[Reference, ...] = ()
    noise_parent: NoiseRecipe | None = None
    parent: ImageKey | None = None
    spoiler: bool = False
    marks: ContentMark = NO_MARKS
    style: Style | None = None

    @property
    def words(self) -> str:
        """The prompt without its style, as people see it."""
        return self.prompt if self.style is None else self.style.within(self.prompt)

    @property
    def first_sigma(self) -> float:
        """The noise level at which denoising starts: 1, or less if it starts from a picture."""
        starts_from_picture = any(reference.role is Role.START for reference in self.references)
        return self.strength.first_sigma if starts_from_picture and self.strength is not None else 1.0

    @property
    def reference_grids(self) -> tuple[Grid, ...]:
        """The grids of the references that the transformer attends to."""
        return tuple(each.grid for each in self.references if each.role is Role.REFERENCE)
