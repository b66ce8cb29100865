"""English wordings for scenes and edits."""

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
from kleinbot.small_klein.training.words.request import EditKind, EditWish, Named

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
_NUMBERS = {1: "one", 2: "two", 3: "three", 4: "four", 5: "five", 6: "six"}
_DIGITS = 0.15
"""How often a number is written with a digit."""
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
    Arrangement.STACK: ("above", "above", "over", "and", "and"),
}
_BACKWARD = {
    Arrangement.ROW: ("right of", "to the right of"),
    Arrangement.COLUMN: ("below", "below", "under", "beneath"),
    Arrangement.STACK: ("below", "below", "under"),
}
_LINES = {Arrangement.ROW: "in a row", Arrangement.COLUMN: "in a column"}
_EDITS: dict[EditKind, tuple[str, ...]] = {
    EditKind.RECOLOUR: (
        "make the {t} {c}", "change the {t} to {c}", "turn the {t} {c}", "paint the {t} {c}",
        "color the {t} {c}", "change the color of the {t} to {c}", "change the colour of the {t} to {c}",
        "recolor the {t} to {c}",
    ),
    EditKind.RESHAPE: (
        "turn the {t} into {s}", "turn the {t} into {s}", "change the {t} into {s}",
        "replace the {t} with {s}", "make the {t} {s}", "change the {t} to {s}",
    ),
    EditKind.REMOVE: (
        "remove the {t}", "remove the {t}", "delete the {t}", "erase the {t}", "take away the {t}",
    ),
    EditKind.GROUND: (
        "make the background {g}", "make the background {g}", "change the background to {g}",
        "turn the background {g}", "put it on a {g} background", "set the background to {g}",
    ),
    EditKind.OTHER_GROUND: (
        "put it on the background of the second picture", "use the background of the second picture",
        "the first picture on the background of the second picture",
    ),
    EditKind.JOIN: (
        "add the {t} from the second picture", "add the {t} of the second picture to the first picture",
        "put the {t} from the second picture into the first picture",
    ),
    EditKind.THIRD_GROUND: (
        "put it on the background of the third picture", "use the background of the third picture",
        "the first picture on the background of the third picture",
    ),
    EditKind.JOIN_TWO: (
        "add the {t} from the second picture and the {u} from the third picture",
        "add the {t} of the second picture and the {u} of the third picture to the first picture",
        "put the {t} from the second picture and the {u} from the third picture into the first picture",
    ),
}  # fmt: skip


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


def _counted(thing: Thing, count: int, rng: random.Random) -> str:
    phrase = describe(thing, rng)
    if count == 1:
        return rng.choice((with_article(phrase), with_article(phrase), f"one {phrase}"))
    number = str(count) if rng.random() < _DIGITS else _NUMBERS[count]
    return f"{number} {phrase.removesuffix(thing.shape)}{plural(thing.shape)}"


def _alike(scene: Scene, rng: random.Random) -> str:
    """Several things of one kind; a row of two or three needs no word, a grid never has one."""
    text = _counted(scene.things[0], len(scene.things), rng)
    line = _LINES.get(scene.arrangement)
    needed = scene.arrangement is Arrangement.COLUMN or len(scene.things) > 3
    return f"{text} {line}" if line and (needed or rng.random() < 0.25) else text


def _things_words(scene: Scene, rng: random.Random) -> str:
    things = scene.things
    if scene.arrangement is Arrangement.STACK:
        upper = _counted(things[0], scene.above, rng)
        lower = _counted(things[-1], len(things) - scene.above, rng)
        if rng.random() < 0.25:
            return f"{lower} {rng.choice(_BACKWARD[Arrangement.STACK])} {upper}"
        return f"{upper} {rng.choice(_FORWARD[Arrangement.STACK])} {lower}"
    if len(things) > 1 and len(set(things)) == 1:
        return _alike(scene, rng)
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


def _name(named: Named, rng: random.Random) -> str:
    """Name a thing by colour and shape, or by its shape alone if that is unique."""
    return named.thing.shape if named.alone and rng.random() < 0.3 else named.thing.kind


def instruction(asked: EditWish, rng: random.Random) -> str:
    """Return one wording of ``asked``."""
    form = rng.choice(_EDITS[asked.kind])
    words = ground_words(asked.ground, rng)
    if (
        asked.ground.style is GroundStyle.GRADIENT
        and "background" in form
        and not form.endswith("background")
    ):
        words = with_article(words)
    filled = form.replace("{t}", _name(asked.named, rng)).replace("{c}", asked.colour).replace("{g}", words)
    if asked.also is not None:
        filled = filled.replace("{u}", _name(asked.also, rng))
    return filled.replace("{s}", with_article(asked.shape) if asked.shape else "")
