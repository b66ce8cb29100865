"""Judges whether a picture shows what was requested."""

from dataclasses import dataclass
from itertools import pairwise, permutations

import numpy as np

from kleinbot.small_klein.training.drawing import draw_all
from kleinbot.small_klein.training.edits import SceneEdit
from kleinbot.small_klein.training.layout import Drawing
from kleinbot.small_klein.training.reader import Bytes, Floats, Mask, Seen, ground_colour, read
from kleinbot.small_klein.training.scenes import Arrangement, Scene

KEPT_DIFFERENCE = 4.0
"""Of 255: the mean difference allowed in the rest of an edited picture."""

PLACE_SHARE = 0.08
"""Share of the short side: the distance allowed between an edit's thing and its expected position."""


@dataclass(frozen=True)
class Judgement:
    """Colours, relation and count of things are right; the shapes too; the ground's colour."""

    relation: bool
    shapes: bool
    ground: bool


def rendered(drawing: Drawing) -> Bytes:
    """Draw exactly, as 8-bit pixels (H, W, 3)."""
    pictures = (draw_all([drawing])[0] * 255).round().byte()
    return np.asarray(pictures.permute(1, 2, 0).numpy())


def judge_scene(picture: Bytes, scene: Scene) -> Judgement:
    """Judge a picture of a caption of ``scene``, including the order in a row or column.

    Things in a grid or stack are counted; in a stack the upper ones must all be above the lower ones.
    """
    seen = read(picture)
    if scene.arrangement in (Arrangement.GRID, Arrangement.STACK):
        return _judge_counts(seen, scene, ground=ground_colour(picture) == scene.ground.colour)
    if scene.arrangement is Arrangement.ROW:
        seen = sorted(seen, key=lambda thing: thing.x_px)
    elif scene.arrangement is Arrangement.COLUMN:
        seen = sorted(seen, key=lambda thing: thing.y_px)
    asked = [(thing.colour, thing.shape) for thing in scene.things]
    ground = ground_colour(picture) == scene.ground.colour
    if [thing.colour for thing in seen] != [colour for colour, _ in asked]:
        return Judgement(relation=False, shapes=False, ground=ground)
    between = [_apart(one, other, scene.arrangement) for one, other in pairwise(seen)]
    relation = all(between)
    shapes = relation and [thing.shape for thing in seen] == [shape for _, shape in asked]
    return Judgement(relation=relation, shapes=shapes, ground=ground)


def _judge_counts(seen: list[Seen], scene: Scene, *, ground: bool) -> Judgement:
    colours = sorted(thing.colour for thing in seen) == sorted(thing.colour for thing in scene.things)
    kinds = sorted((thing.colour, thing.shape) for thing in seen)
    shapes = kinds == sorted((thing.colour, thing.shape) for thing in scene.things)
    relation = colours
    if shapes and scene.arrangement is Arrangement.STACK:
        upper = scene.things[0]
        heights = [(thing.y_px, (thing.colour, thing.shape) == (upper.colour, upper.shape)) for thing in seen]
        highest_lower = min(y for y, above in heights if not above)
        relation = all(y < highest_lower for y, above in heights if above)
    return Judgement(relation=relation, shapes=relation and shapes, ground=ground)


def _apart(one: Seen, other: Seen, arrangement: Arrangement) -> bool:
    """Return whether the centres are at least half a mean diameter apart in the requested direction."""
    gap = other.x_px - one.x_px if arrangement is Arrangement.ROW else other.y_px - one.y_px
    return gap > (one.diameter_px + other.diameter_px) / 4


def changed_region(edit: SceneEdit) -> Mask:
    """Return the mask where the true pictures before and after differ, grown by six pixels: (H, W)."""
    before = rendered(edit.references[0]).astype(float)
    after = rendered(edit.target).astype(float)
    changed = np.asarray(np.abs(before - after).max(axis=2) > 2)
    return _wider(changed, 6)


def _wider(mask: Mask, pixels: int) -> Mask:
    for axis in (0, 1):
        padded = np.pad(mask, [(pixels, pixels) if a == axis else (0, 0) for a in (0, 1)])
        size = mask.shape[axis]
        parts = [np.take(padded, range(shift, shift + size), axis=axis) for shift in range(2 * pixels + 1)]
        mask = np.logical_or.reduce(parts)
    return mask


def rest_difference(edit: SceneEdit, source: Bytes, made: Bytes) -> float:
    """Return the mean difference (0…255) between source and result outside the changed region."""
    rest = ~changed_region(edit)
    if not rest.any():
        return 0.0
    difference: Floats = np.abs(source.astype(float) - made.astype(float)).mean(axis=2)
    return float(difference[rest].mean())


def judge_edit(edit: SceneEdit, made: Bytes) -> tuple[bool, bool]:
    """Return whether the picture shows the requested change in place, and whether the rest is unchanged."""
    source = rendered(edit.references[0])
    kept = rest_difference(edit, source, made) <= KEPT_DIFFERENCE
    right_ground = ground_colour(made) == edit.target.ground.colour
    seen = read(made)
    wanted = edit.target.placed
    if len(seen) != len(wanted):
        return False, kept
    reach = PLACE_SHARE * min(made.shape[:2])
    for order in permutations(seen):
        if all(
            (thing.colour, thing.shape) == (placed.thing.colour, placed.thing.shape)
            and np.hypot(thing.x_px - placed.x_px, thing.y_px - placed.y_px) <= reach
            for thing, placed in zip(order, wanted, strict=True)
        ):
            return right_ground, kept
    return False, kept
