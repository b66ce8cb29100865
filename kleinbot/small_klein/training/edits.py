"""Instructions that change a picture, with the picture before and after."""

import random
from dataclasses import dataclass, replace
from enum import StrEnum

from kleinbot.small_klein.training.captions import caption, ground_words
from kleinbot.small_klein.training.layout import FREEDOMS, Drawing, Placed, place
from kleinbot.small_klein.training.scenes import (
    SHAPES,
    THING_COLOURS,
    GroundStyle,
    Texture,
    Thing,
    holds_held_out_pair,
    sample_ground,
    sample_scene,
)


class EditKind(StrEnum):
    RECOLOUR = "recolour"
    RESHAPE = "reshape"
    REMOVE = "remove"
    GROUND = "ground"
    OTHER_GROUND = "other_ground"
    JOIN = "join"


SINGLE = (EditKind.RECOLOUR, EditKind.RESHAPE, EditKind.REMOVE, EditKind.GROUND)
"""Kinds with one reference; the other two combine two."""

_RECOLOUR = (
    "make the {t} {c}", "change the {t} to {c}", "turn the {t} {c}", "paint the {t} {c}", "color the {t} {c}",
    "change the color of the {t} to {c}", "change the colour of the {t} to {c}", "recolor the {t} to {c}",
)  # fmt: skip
_RESHAPE = (
    "turn the {t} into a {s}", "turn the {t} into a {s}", "change the {t} into a {s}",
    "replace the {t} with a {s}",
    "make the {t} a {s}", "change the {t} to a {s}",
)  # fmt: skip
_REMOVE = ("remove the {t}", "remove the {t}", "delete the {t}", "erase the {t}", "take away the {t}")
_GROUND = (
    "make the background {g}", "make the background {g}", "change the background to {g}",
    "turn the background {g}",
    "put it on a {g} background", "set the background to {g}",
)  # fmt: skip
_OTHER_GROUND = (
    "put it on the background of the second picture", "use the background of the second picture",
    "the first picture on the background of the second picture",
)  # fmt: skip
_JOIN = (
    "add the {t} from the second picture", "add the {t} of the second picture to the first picture",
    "put the {t} from the second picture into the first picture",
)  # fmt: skip


@dataclass(frozen=True)
class SceneEdit:
    """``references`` are the model's input; ``caption`` and ``freedoms`` describe the first of them."""

    kind: EditKind
    instruction: str
    references: tuple[Drawing, ...]
    target: Drawing
    caption: str
    freedoms: tuple[float, ...]


def sample_freedoms(rng: random.Random) -> tuple[float, ...]:
    return tuple(rng.gauss(0.0, 1.0) for _ in range(FREEDOMS))


def _name(thing: Thing, things: tuple[Thing, ...], rng: random.Random) -> str:
    """Name a thing by colour and shape, or by its shape alone if that is unique."""
    alone = sum(other.shape == thing.shape for other in things) == 1
    return thing.shape if alone and rng.random() < 0.3 else thing.kind


def _changed(drawing: Drawing, index: int, thing: Thing) -> Drawing:
    placed = list(drawing.placed)
    placed[index] = replace(placed[index], thing=thing)
    return replace(drawing, placed=tuple(placed))


def _recolour(before: Drawing, index: int, rng: random.Random) -> tuple[str, Drawing]:
    thing = before.placed[index].thing
    taken = {thing.colour, before.ground.colour}
    colour = rng.choice([name for name in THING_COLOURS if name not in taken])
    texture = Texture.PLAIN if colour == "black" else thing.texture
    return rng.choice(_RECOLOUR).replace("{c}", colour), _changed(
        before, index, replace(thing, colour=colour, texture=texture)
    )


def _reshape(before: Drawing, index: int, rng: random.Random) -> tuple[str, Drawing]:
    thing = before.placed[index].thing
    shape = rng.choice([name for name in SHAPES if name != thing.shape])
    return rng.choice(_RESHAPE).replace("{s}", shape), _changed(before, index, replace(thing, shape=shape))


def _remove(before: Drawing, index: int, rng: random.Random) -> tuple[str, Drawing]:
    rest = before.placed[:index] + before.placed[index + 1 :]
    return rng.choice(_REMOVE), replace(before, placed=rest)


def _new_ground(before: Drawing, rng: random.Random) -> tuple[str, Drawing]:
    taken = {placed.thing.colour for placed in before.placed}
    ground = before.ground
    while ground == before.ground:
        ground = sample_ground(rng, taken)
    words = ground_words(ground, rng)
    form = rng.choice(_GROUND)
    if ground.style is GroundStyle.GRADIENT and "background" in form and not form.endswith("background"):
        words = f"a {words}" if words[0] not in "aeiou" else f"an {words}"
    return form.replace("{g}", words), replace(before, ground=ground)


def _join(before: Drawing, rng: random.Random) -> tuple[str, tuple[Drawing, ...]]:
    """Split a picture into two references, each with the things that the other lacks, in place."""
    index = rng.randrange(len(before.placed))
    brought: Placed = before.placed[index]
    other_ground = sample_ground(rng, {brought.thing.colour})
    first = replace(before, placed=before.placed[:index] + before.placed[index + 1 :])
    second = replace(before, placed=(brought,), ground=other_ground)
    return rng.choice(_JOIN), (first, second)


def sample_edit(
    rng: random.Random, columns: int, rows: int, kind: EditKind, *, held_out: bool = False
) -> SceneEdit:
    """Draw one edit of ``kind``. ``held_out``: with two things that training never shows together."""
    while True:
        counts = (0, 1, 1) if kind is EditKind.JOIN else (2, 5, 3)
        scene = sample_scene(rng, held_out=held_out, counts=counts)
        if len({thing.kind for thing in scene.things}) < len(scene.things):
            continue
        freedoms = sample_freedoms(rng)
        before = place(scene, freedoms, columns, rows)
        index = rng.randrange(len(before.placed))
        references: tuple[Drawing, ...] = (before,)
        named = scene.things[index]
        if kind is EditKind.RECOLOUR:
            words, after = _recolour(before, index, rng)
        elif kind is EditKind.RESHAPE:
            words, after = _reshape(before, index, rng)
        elif kind is EditKind.REMOVE:
            words, after = _remove(before, index, rng)
        elif kind is EditKind.GROUND:
            words, after = _new_ground(before, rng)
        elif kind is EditKind.OTHER_GROUND:
            ground = sample_ground(rng, {thing.colour for thing in scene.things})
            other = sample_scene(rng, counts=(1, 1, 0))
            if ground.colour in {thing.colour for thing in other.things}:
                continue
            second = replace(place(other, sample_freedoms(rng), columns, rows), ground=ground)
            words, references, after = (
                rng.choice(_OTHER_GROUND),
                (before, second),
                replace(before, ground=ground),
            )
        else:
            words, references = _join(before, rng)
            after, named = before, references[1].placed[0].thing
        shown = tuple(placed.thing for placed in after.placed)
        if not held_out and holds_held_out_pair(shown):
            continue
        if len({thing.kind for thing in shown}) < len(shown):
            continue  # identical after recolouring: the reader could not tell which one changed
        words = words.replace("{t}", _name(named, scene.things, rng))
        return SceneEdit(kind, words, references, after, caption(scene, rng), freedoms)
