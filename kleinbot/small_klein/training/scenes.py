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
FIRST_SHAPES = ("circle", "square", "triangle", "star", "ring", "cross", "diamond")
"""What the first model knew: the judge compares models on these."""

SHAPES = (*FIRST_SHAPES, "heart", "moon", "arrow")
MOST_THINGS = 6


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
    GRID = "grid"
    STACK = "stack"


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
    """One to six things, first is leftmost or topmost; a grid is filled row by row.

    ``place``: a lone thing's (column, row) in -1…1. ``above``: in a stack, how many of the things, all alike,
    form the upper row; the others, all alike, form the lower row.
    """

    things: tuple[Thing, ...]
    ground: Ground = Ground()
    arrangement: Arrangement = Arrangement.ALONE
    place: tuple[int, int] | None = None
    above: int = 0


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


def sample_thing(rng: random.Random, shapes: tuple[str, ...] = SHAPES) -> Thing:
    colour = rng.choice(THING_COLOURS)
    texture = rng.choices(list(Texture), (0.76, 0.12, 0.12))[0]
    return Thing(
        colour=colour,
        shape=rng.choice(shapes),
        size=rng.choices(list(ShapeSize), (0.22, 0.56, 0.22))[0],
        texture=Texture.PLAIN
        if colour == "black"
        else texture,  # black has no darker tone to be striped with
    )


def sample_scene(
    rng: random.Random,
    *,
    held_out: bool = False,
    counts: tuple[float, ...] = (2, 5, 3),
    shapes: tuple[str, ...] = SHAPES,
) -> Scene:
    """Draw a scene. ``held_out``: with two things that training never shows together.

    ``counts`` are the weights of pictures with one, two and three things.
    """
    while True:
        count = 2 if held_out else rng.choices((1, 2, 3), counts)[0]
        things = tuple(sample_thing(rng, shapes) for _ in range(count))
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


def sample_many(rng: random.Random, *, held_out: bool = False, shapes: tuple[str, ...] = SHAPES) -> Scene:
    """Draw a scene of counted things: two to six alike, or two rows with up to six together."""
    if held_out or rng.random() < 0.4:
        return _sample_stack(rng, held_out=held_out, shapes=shapes)
    count = rng.choices((2, 3, 4, 5, 6), (1, 2, 4, 4, 4))[0]
    things = (sample_thing(rng, shapes),) * count
    ground = sample_ground(rng, {things[0].colour})
    shares = (0.75, 0.15, 0.1) if count > 3 else (0, 0.7, 0.3)
    arrangement = rng.choices((Arrangement.GRID, Arrangement.ROW, Arrangement.COLUMN), shares)[0]
    return Scene(things, ground, arrangement)


def _sample_stack(rng: random.Random, *, held_out: bool, shapes: tuple[str, ...]) -> Scene:
    while True:
        upper, lower = rng.randint(1, 5), rng.randint(1, 5)
        one, other = sample_thing(rng, shapes), sample_thing(rng, shapes)
        if not 3 <= upper + lower <= MOST_THINGS or max(upper, lower) > 4 or one.kind == other.kind:
            continue
        if is_held_out(one, other) is held_out:
            break
    ground = sample_ground(rng, {one.colour, other.colour})
    return Scene((one,) * upper + (other,) * lower, ground, Arrangement.STACK, above=upper)
