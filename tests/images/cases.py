"""The corpus: each file and its expected outcome."""

from dataclasses import dataclass

from kleinbot.domain.errors import Code
from tests.images.craft import Colour

MARKS: tuple[Colour, ...] = ((255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255))
"""The corners of ``craft.marked``: top left, top right, bottom left, bottom right."""


@dataclass(frozen=True)
class Shown:
    """A picture of this size, with these corner colours, each channel within ``tolerance``."""

    width_px: int
    height_px: int
    corners: tuple[Colour, ...]
    tolerance: int = 3


@dataclass(frozen=True)
class Refused:
    """A refusal. ``parameters`` are checked if given."""

    code: Code
    parameters: tuple[tuple[str, object], ...] = ()


@dataclass(frozen=True)
class Ends:
    """A picture or a refusal; only the cost of the file matters."""


@dataclass(frozen=True)
class Case:
    """A file of the corpus. ``outcomes``: any of them is right."""

    name: str
    data: bytes
    outcomes: tuple[Shown | Refused | Ends, ...]


def shown(name: str, data: bytes, size: tuple[int, int], colour: Colour, tolerance: int = 3) -> Case:
    return Case(name, data, (Shown(*size, (colour,) * 4, tolerance),))


def shown_marked(name: str, data: bytes, tolerance: int = 3, size: tuple[int, int] = (96, 64)) -> Case:
    return Case(name, data, (Shown(*size, MARKS, tolerance),))


def refused(name: str, data: bytes, code: Code, **parameters: object) -> Case:
    return Case(name, data, (Refused(code, tuple(parameters.items())),))


def ends(name: str, data: bytes) -> Case:
    return Case(name, data, (Ends(),))
