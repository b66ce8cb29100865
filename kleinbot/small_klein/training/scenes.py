"""The possible contents of a picture, and the pairs of things that training never shows together."""

import random
import zlib
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations

PALETTE: dict[str, tuple[int, int, int]] = {
    "red": (218, 32, 40),
    "green": (40, 158, 62),
    "blue": (38, 76, 214),
    "yellow": (250, 222, 40),
    "orange": (252, 132, 16),
    "purple": (132, 44, 168),
    "cyan": (58, 204, 224),
    "pink": (250, 140, 196),
    "black": (18, 18, 22),
    "white": (252, 252, 250),
    "gray": (132, 132, 136),
}
"""sRGB, 8 bits. The closest two (red and orange) are 38 apart in CIEDE76, so all are distinguishable."""

THING_COLOURS = ("red", "green", "blue", "yellow", "orange", "purple", "cyan", "pink", "black")
GROUND_COLOURS = tuple(PALETTE)
SHAPES = ("circle", "square", "triangle", "star", "ring", "cross", "diamond")


class ShapeSize(StrEnum):
    SMALL = "small"
    NORMAL = "normal"
    LARGE = "large"


class Texture(StrEnum):
    PLAIN = "plain"
    STRIPED = "striped"
    SPOTTED = "spotted"


class GroundStyle(StrEnum):
    PLAIN = "plain"
    GRADIENT = "gradient"
    CHECKERED = "checkered"


class Arrangement(StrEnum):
    ROW = "row"
    COLUMN = "column"
    ALONE = "alone"


@dataclass(frozen=True)
class Thing:
    colour: str
    shape: str
    size: ShapeSize = ShapeSize.NORMAL
    texture: Texture = Texture.PLAIN

    @property
    def kind(self) -> str:
        return f"{self.colour} {self.shape}"


@dataclass(frozen=True)
class Ground:
    colour: str = "white"
    style: GroundStyle = GroundStyle.PLAIN


@dataclass(frozen=True)
class Scene:
    """One to three things, first is leftmost or topmost. ``place``: a lone thing's (column, row) in -1…1."""

    things: tuple[Thing, ...]
    ground: Ground = Ground()
    arrangement: Arrangement = Arrangement.ALONE
    place: tuple[int, int] | None = None


def is_held_out(one: Thing, other: Thing) -> bool:
    """Return whether training must never show these two in one picture, in either order: one pair in ten."""
    if one.kind == other.kind:
        return False
    pair = "|".join(sorted((one.kind, other.kind)))
    return zlib.crc32(pair.encode()) % 10 == 0


def holds_held_out_pair(things: tuple[Thing, ...]) -> bool:
    return any(is_held_out(one, other) for one, other in combinations(things, 2))


def sample_ground(rng: random.Random, avoid: set[str]) -> Ground:
    """Draw a ground; about half of them are plain white, unless ``avoid`` contains white."""
    if "white" not in avoid and rng.random() < 0.45:
        return Ground()
    colour = rng.choice([name for name in GROUND_COLOURS if name not in avoid])
    style = rng.choices(list(GroundStyle), (0.6, 0.2, 0.2))[0]
    return Ground(colour, style)


def sample_thing(rng: random.Random) -> Thing:
    colour = rng.choice(THING_COLOURS)
    texture = rng.choices(list(Texture), (0.76, 0.12, 0.12))[0]
    return Thing(
        colour=colour,
        shape=rng.choice(SHAPES),
        size=rng.choices(list(ShapeSize), (0.22, 0.56, 0.22))[0],
        texture=Texture.PLAIN
        if colour == "black"
        else texture,  # black has no darker tone to be striped with
    )


def sample_scene(
    rng: random.Random, *, held_out: bool = False, counts: tuple[float, ...] = (2, 5, 3)
) -> Scene:
    """Draw a scene. ``held_out``: with two things that training never shows together.

    ``counts`` are the weights of pictures with one, two and three things.
    """
    while True:
        count = 2 if held_out else rng.choices((1, 2, 3), counts)[0]
        things = tuple(sample_thing(rng) for _ in range(count))
        if count > 1 and not held_out and rng.random() < 0.06:
            things = (things[0],) * count
        elif len({thing.kind for thing in things}) < count:
            continue
        if holds_held_out_pair(things) is held_out:
            break
    ground = sample_ground(rng, {thing.colour for thing in things})
    if count == 1:
        place = (rng.randint(-1, 1), rng.randint(-1, 1)) if rng.random() < 0.5 else None
        return Scene(things, ground, Arrangement.ALONE, place)
    same = len(set(things)) == 1
    arrangement = Arrangement.ROW if same else rng.choice((Arrangement.ROW, Arrangement.COLUMN))
    return Scene(things, ground, arrangement)
