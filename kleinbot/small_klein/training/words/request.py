"""What an edit asks for, before it is put into words."""

from dataclasses import dataclass
from enum import StrEnum

from kleinbot.small_klein.training.scenes import Ground, Thing


class EditKind(StrEnum):
    RECOLOUR = "recolour"
    RESHAPE = "reshape"
    REMOVE = "remove"
    GROUND = "ground"
    OTHER_GROUND = "other_ground"
    JOIN = "join"
    THIRD_GROUND = "third_ground"
    JOIN_TWO = "join_two"


SINGLE = (EditKind.RECOLOUR, EditKind.RESHAPE, EditKind.REMOVE, EditKind.GROUND)
"""Kinds with one reference."""

DOUBLE = (EditKind.OTHER_GROUND, EditKind.JOIN)
"""Kinds that combine two references; the others combine three."""


WHITE = Ground()


@dataclass(frozen=True)
class Named:
    """A thing to be named; ``alone``: no other thing has its shape, so the shape is enough."""

    thing: Thing
    alone: bool


@dataclass(frozen=True)
class EditWish:
    """An edit of ``named``. ``also`` is what a third picture adds; the rest are the new values asked for."""

    kind: EditKind
    named: Named
    also: Named | None = None
    colour: str = ""
    shape: str = ""
    ground: Ground = WHITE
