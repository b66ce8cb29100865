"""Instructions that change a picture, with the picture before and after."""

import random
from dataclasses import dataclass, replace

from kleinbot.small_klein.training.layout import FREEDOMS, Drawing, Placed, fits, place
from kleinbot.small_klein.training.scenes import (
    SHAPES,
    THING_COLOURS,
    Scene,
    Texture,
    Thing,
    holds_held_out_pair,
    sample_ground,
    sample_many,
    sample_scene,
)
from kleinbot.small_klein.training.words.request import SINGLE, EditKind, EditWish, Named
from kleinbot.small_klein.training.words.wording import Language, caption, instruction


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


def _named(thing: Thing, things: tuple[Thing, ...]) -> Named:
    return Named(thing, alone=sum(other.shape == thing.shape for other in things) == 1)


def _changed(drawing: Drawing, index: int, thing: Thing) -> Drawing:
    placed = list(drawing.placed)
    placed[index] = replace(placed[index], thing=thing)
    return replace(drawing, placed=tuple(placed))


def _without(drawing: Drawing, index: int) -> Drawing:
    return replace(drawing, placed=drawing.placed[:index] + drawing.placed[index + 1 :])


def _single(
    before: Drawing, index: int, kind: EditKind, rng: random.Random, shapes: tuple[str, ...]
) -> tuple[EditWish, Drawing]:
    """Change one thing of ``before``, or its ground."""
    things = tuple(placed.thing for placed in before.placed)
    thing = things[index]
    asked = EditWish(kind, _named(thing, things))
    if kind is EditKind.RECOLOUR:
        colour = rng.choice([n for n in THING_COLOURS if n not in (thing.colour, before.ground.colour)])
        texture = Texture.PLAIN if colour == "black" else thing.texture
        new = replace(thing, colour=colour, texture=texture)
        return replace(asked, colour=colour), _changed(before, index, new)
    if kind is EditKind.RESHAPE:
        shape = rng.choice([name for name in shapes if name != thing.shape])
        return replace(asked, shape=shape), _changed(before, index, replace(thing, shape=shape))
    if kind is EditKind.REMOVE:
        return asked, _without(before, index)
    ground = before.ground
    while ground == before.ground:
        ground = sample_ground(rng, {thing.colour for thing in things})
    return replace(asked, ground=ground), replace(before, ground=ground)


def _alone(before: Drawing, index: int, rng: random.Random) -> Drawing:
    """Return a picture of one of the things, in place, on another ground."""
    brought: Placed = before.placed[index]
    return replace(before, placed=(brought,), ground=sample_ground(rng, {brought.thing.colour}))


def _unrelated(before: Drawing, rng: random.Random, shapes: tuple[str, ...]) -> Drawing:
    scene = sample_scene(rng, counts=(1, 1, 0), shapes=shapes)
    return place(scene, sample_freedoms(rng), before.columns, before.rows)


def _on_new_ground(
    before: Drawing, kind: EditKind, rng: random.Random, shapes: tuple[str, ...]
) -> tuple[EditWish, Drawing, tuple[Drawing, ...]]:
    """Take the ground of the last reference."""
    ground = sample_ground(rng, {placed.thing.colour for placed in before.placed})
    while True:
        other = _unrelated(before, rng, shapes)
        if ground.colour not in {placed.thing.colour for placed in other.placed}:
            break
    named = Named(before.placed[0].thing, alone=False)
    between = (_unrelated(before, rng, shapes),) if kind is EditKind.THIRD_GROUND else ()
    references = (before, *between, replace(other, ground=ground))
    return EditWish(kind, named), replace(before, ground=ground), references


def _joined(
    after: Drawing, kind: EditKind, rng: random.Random
) -> tuple[EditWish, Drawing, tuple[Drawing, ...]]:
    """Split a picture into references, each with the things that the others lack, in place."""
    things = tuple(placed.thing for placed in after.placed)
    brought = rng.sample(range(len(things)), 2 if kind is EditKind.JOIN_TWO else 1)
    first = replace(after, placed=tuple(p for i, p in enumerate(after.placed) if i not in brought))
    named = [_named(things[index], things) for index in brought]
    asked = EditWish(kind, named[0], also=named[1] if len(named) > 1 else None)
    return asked, after, (first, *(_alone(after, index, rng) for index in brought))


def _sample_before(rng: random.Random, kind: EditKind, held_out: bool, shapes: tuple[str, ...]) -> Scene:
    if kind is EditKind.GROUND and not held_out and rng.random() < 0.3:
        return sample_many(rng, shapes=shapes)
    counts = {EditKind.JOIN: (0, 1, 1), EditKind.JOIN_TWO: (0, 1, 3)}
    return sample_scene(rng, held_out=held_out, counts=counts.get(kind, (2, 5, 3)), shapes=shapes)


def sample_edit(
    rng: random.Random,
    columns: int,
    rows: int,
    kind: EditKind,
    *,
    held_out: bool = False,
    shapes: tuple[str, ...] = SHAPES,
    language: Language = Language.ENGLISH,
    strangers: int = 0,
) -> SceneEdit:
    """Draw one edit of ``kind``. ``held_out``: with two things that training never shows together.

    ``strangers``: how many pictures, to be ignored, follow the references of a kind that needs only one.
    """
    while True:
        scene = _sample_before(rng, kind, held_out, shapes)
        kinds = {thing.kind for thing in scene.things}
        if len(kinds) < len(scene.things) and kind is not EditKind.GROUND:
            continue
        freedoms = sample_freedoms(rng)
        before = place(scene, freedoms, columns, rows)
        if not fits(scene, columns, rows):
            continue
        if kind in SINGLE:
            asked, after = _single(before, rng.randrange(len(before.placed)), kind, rng, shapes)
            references: tuple[Drawing, ...] = (
                before,
                *(_unrelated(before, rng, shapes) for _ in range(strangers)),
            )
        elif kind in (EditKind.OTHER_GROUND, EditKind.THIRD_GROUND):
            asked, after, references = _on_new_ground(before, kind, rng, shapes)
        else:
            asked, after, references = _joined(before, kind, rng)
        shown = tuple(placed.thing for placed in after.placed)
        if not held_out and holds_held_out_pair(shown):
            continue
        if len({thing.kind for thing in shown}) < len(kinds) and kind is not EditKind.REMOVE:
            continue  # identical after recolouring: the reader could not tell which one changed
        words = instruction(asked, rng, language)
        return SceneEdit(kind, words, references, after, caption(scene, rng, language), freedoms)
