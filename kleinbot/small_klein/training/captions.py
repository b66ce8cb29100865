"""Generates many wordings for one scene."""

import random
from collections.abc import Callable

from kleinbot.small_klein.training.scenes import (
    Arrangement,
    Ground,
    GroundStyle,
    Scene,
    ShapeSize,
    Texture,
    Thing,
)

_SIZE_WORDS = {
    ShapeSize.SMALL: ("small", "small", "little", "tiny"),
    ShapeSize.LARGE: ("large", "big", "big", "huge"),
}
_PREFIXES = (
    "",
    "",
    "",
    "",
    "a picture of ",
    "a drawing of ",
    "an image of ",
    "draw ",
    "please draw ",
    "show me ",
)
_NUMBERS = {2: "two", 3: "three"}
_PLACES: dict[tuple[int, int], tuple[str, ...]] = {
    (0, 0): ("in the middle", "in the center", "in the centre"),
    (-1, 0): ("on the left", "on the left side", "at the left"),
    (1, 0): ("on the right", "on the right side", "at the right"),
    (0, -1): ("at the top", "on top"),
    (0, 1): ("at the bottom",),
    (-1, -1): ("in the top left", "in the top left corner", "in the upper left corner"),
    (1, -1): ("in the top right", "in the top right corner", "in the upper right corner"),
    (-1, 1): ("in the bottom left", "in the bottom left corner", "in the lower left corner"),
    (1, 1): ("in the bottom right", "in the bottom right corner", "in the lower right corner"),
}
_FORWARD = {
    Arrangement.ROW: ("left of", "left of", "to the left of", "and"),
    Arrangement.COLUMN: ("above", "above", "over", "on top of"),
}
_BACKWARD = {
    Arrangement.ROW: ("right of", "to the right of"),
    Arrangement.COLUMN: ("below", "below", "under", "beneath"),
}


def describe(thing: Thing, rng: random.Random) -> str:
    """Return adjectives and noun without an article: "small striped red circle"."""
    words = []
    if thing.size in _SIZE_WORDS:
        words.append(rng.choice(_SIZE_WORDS[thing.size]))
    colour = [] if thing.colour == "black" and rng.random() < 0.25 else [thing.colour]
    texture = [] if thing.texture is Texture.PLAIN else [thing.texture.value]
    adjectives = texture + colour if rng.random() < 0.7 else colour + texture
    return " ".join([*words, *adjectives, thing.shape])


def with_article(phrase: str) -> str:
    return f"{'an' if phrase[0] in 'aeiou' else 'a'} {phrase}"


def plural(shape: str) -> str:
    return f"{shape}es" if shape.endswith("s") else f"{shape}s"


def ground_words(ground: Ground, rng: random.Random) -> str:
    """Return "blue", "blue gradient" or "checkered blue"."""
    colour = rng.choice(("gray", "grey")) if ground.colour == "gray" else ground.colour
    if ground.style is GroundStyle.GRADIENT:
        return f"{colour} gradient"
    if ground.style is GroundStyle.CHECKERED:
        return rng.choice((f"checkered {colour}", f"{colour} checkered"))
    return colour


def _things_words(scene: Scene, rng: random.Random) -> str:
    things = scene.things
    if len(things) > 1 and len(set(things)) == 1:
        phrase = describe(things[0], rng).removesuffix(things[0].shape)
        return f"{_NUMBERS[len(things)]} {phrase}{plural(things[0].shape)}"
    named = [with_article(describe(thing, rng)) for thing in things]
    if len(things) == 1:
        return named[0] + (f" {rng.choice(_PLACES[scene.place])}" if scene.place is not None else "")
    if len(things) == 2:
        backward = rng.random() < 0.4
        joints = _BACKWARD if backward else _FORWARD
        first, second = reversed(named) if backward else named
        return f"{first} {rng.choice(joints[scene.arrangement])} {second}"
    listed = f"{named[0]}, {named[1]} and {named[2]}"
    if scene.arrangement is Arrangement.ROW:
        joined = f" {rng.choice(('left of', 'to the left of'))} ".join(named)
        return rng.choice((listed, f"{listed} in a row", f"{listed} from left to right", joined))
    joined = f" {rng.choice(('above', 'over'))} ".join(named)
    return rng.choice((f"{listed} in a column", f"{listed} from top to bottom", joined))


def caption(scene: Scene, rng: random.Random) -> str:
    """Return one wording of ``scene``; a ground that is not mentioned is plain white."""
    text = rng.choice(_PREFIXES) + _things_words(scene, rng)
    if scene.ground != Ground() or rng.random() < 0.2:
        words = ground_words(scene.ground, rng)
        forms: tuple[Callable[[str], str], ...] = (
            lambda w: f" on {with_article(w)} background",
            lambda w: f" on {with_article(w)} background",
            lambda w: f" with {with_article(w)} background",
            lambda w: f", {w} background",
        )
        text += rng.choice(forms)(words)
    spelling = rng.random()
    if spelling < 0.1:
        return text[0].upper() + text[1:] + "."
    return text.title() if spelling < 0.14 else text
