"""German wordings for scenes and edits, inflected."""

import random
from enum import Enum

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


class GrammaticalCase(Enum):
    NOMINATIVE = 0
    ACCUSATIVE = 1
    DATIVE = 2


_NOUNS: dict[str, tuple[tuple[str, str, str, str], ...]] = {
    "circle": (("m", "Kreis", "Kreise", "Kreisen"),),
    "square": (("n", "Quadrat", "Quadrate", "Quadraten"),),
    "triangle": (("n", "Dreieck", "Dreiecke", "Dreiecken"),),
    "star": (("m", "Stern", "Sterne", "Sternen"),),
    "ring": (("m", "Ring", "Ringe", "Ringen"),),
    "cross": (("n", "Kreuz", "Kreuze", "Kreuzen"),),
    "diamond": (("f", "Raute", "Rauten", "Rauten"), ("f", "Raute", "Rauten", "Rauten"),
                ("m", "Diamant", "Diamanten", "Diamanten")),
    "heart": (("n", "Herz", "Herzen", "Herzen"),),
    "moon": (("m", "Mond", "Monde", "Monden"),),
    "arrow": (("m", "Pfeil", "Pfeile", "Pfeilen"),),
}  # fmt: skip
"""Gender, singular, plural and plural in the dative."""

_COLOURS: dict[str, tuple[str, ...]] = {
    "red": ("rot",), "green": ("grün",), "blue": ("blau",), "yellow": ("gelb",),
    "orange": ("orange", "orangefarben"), "purple": ("lila", "violett"), "cyan": ("türkis", "cyan"),
    "pink": ("rosa", "pink"), "black": ("schwarz",), "white": ("weiß",), "gray": ("grau",),
}  # fmt: skip
_UNINFLECTED = frozenset({"lila", "rosa", "orange", "cyan"})
_TEXTURES = {Texture.STRIPED: "gestreift", Texture.SPOTTED: "gepunktet"}
_SIZES = {ShapeSize.SMALL: ("klein", "klein", "winzig"), ShapeSize.LARGE: ("groß", "groß", "riesig")}
_INDEFINITE = {"m": ("ein", "einen", "einem"), "n": ("ein", "ein", "einem"), "f": ("eine", "eine", "einer")}
_STRONG = {"m": ("er", "en", "en"), "n": ("es", "es", "en"), "f": ("e", "e", "en")}
"""Adjective endings after "ein"."""

_DEFINITE = {"m": ("der", "den", "dem"), "n": ("das", "das", "dem"), "f": ("die", "die", "der")}
_WEAK = {"m": ("e", "en", "en"), "n": ("e", "e", "en"), "f": ("e", "e", "en")}
"""Adjective endings after "der"."""

_NUMBERS = {2: "zwei", 3: "drei", 4: "vier", 5: "fünf", 6: "sechs"}
_PREFIXES: tuple[tuple[str, GrammaticalCase], ...] = (
    *(("", GrammaticalCase.NOMINATIVE),) * 5,
    ("zeichne ", GrammaticalCase.ACCUSATIVE),
    ("male ", GrammaticalCase.ACCUSATIVE),
    ("zeig mir ", GrammaticalCase.ACCUSATIVE),
    ("ein Bild von ", GrammaticalCase.DATIVE),
    ("ein Bild mit ", GrammaticalCase.DATIVE),
)
_PLACES: dict[tuple[int, int], tuple[str, ...]] = {
    (0, 0): ("in der Mitte",),
    (-1, 0): ("links", "auf der linken Seite"),
    (1, 0): ("rechts", "auf der rechten Seite"),
    (0, -1): ("oben",),
    (0, 1): ("unten",),
    (-1, -1): ("oben links", "in der oberen linken Ecke"),
    (1, -1): ("oben rechts", "in der oberen rechten Ecke"),
    (-1, 1): ("unten links", "in der unteren linken Ecke"),
    (1, 1): ("unten rechts", "in der unteren rechten Ecke"),
}
_FORWARD = {
    Arrangement.ROW: ("links von", "links von", "links neben", "und"),
    Arrangement.COLUMN: ("über", "über", "oberhalb von"),
    Arrangement.STACK: ("über", "über", "und"),
}
_BACKWARD = {
    Arrangement.ROW: ("rechts von", "rechts neben"),
    Arrangement.COLUMN: ("unter", "unter", "unterhalb von"),
    Arrangement.STACK: ("unter",),
}
_LINES = {
    Arrangement.ROW: ("in einer Reihe", "nebeneinander"),
    Arrangement.COLUMN: ("untereinander", "in einer Spalte"),
}
_EDITS: dict[EditKind, tuple[str, ...]] = {
    EditKind.RECOLOUR: (
        "mach {t} {c}", "mache {t} {c}", "färbe {t} {c}", "male {t} {c} an", "ändere {t} zu {c}",
    ),
    EditKind.RESHAPE: (
        "verwandle {t} in {s}", "mach aus {t_dat} {s}", "ersetze {t} durch {s}", "mache aus {t_dat} {s}",
    ),
    EditKind.REMOVE: ("entferne {t}", "entferne {t}", "lösche {t}", "nimm {t} weg"),
    EditKind.GROUND: (
        "mach den Hintergrund {g}", "mache den Hintergrund {g}", "ändere den Hintergrund zu {g}",
        "färbe den Hintergrund {g}",
    ),
    EditKind.OTHER_GROUND: (
        "nimm den Hintergrund des zweiten Bildes", "benutze den Hintergrund des zweiten Bildes",
        "das erste Bild auf dem Hintergrund des zweiten Bildes",
    ),
    EditKind.JOIN: (
        "füge {t} aus dem zweiten Bild hinzu", "füge {t} aus dem zweiten Bild in das erste Bild ein",
    ),
    EditKind.THIRD_GROUND: (
        "nimm den Hintergrund des dritten Bildes", "benutze den Hintergrund des dritten Bildes",
        "das erste Bild auf dem Hintergrund des dritten Bildes",
    ),
    EditKind.JOIN_TWO: (
        "füge {t} aus dem zweiten Bild und {u} aus dem dritten Bild hinzu",
        "füge {t} aus dem zweiten Bild und {u} aus dem dritten Bild in das erste Bild ein",
    ),
}  # fmt: skip


def _inflected(word: str, ending: str) -> str:
    return word if word in _UNINFLECTED else word + ending


def _adjectives(thing: Thing, ending: str, rng: random.Random) -> list[str]:
    words = [rng.choice(_SIZES[thing.size])] if thing.size in _SIZES else []
    colour = [] if thing.colour == "black" and rng.random() < 0.25 else [rng.choice(_COLOURS[thing.colour])]
    texture = [] if thing.texture is Texture.PLAIN else [_TEXTURES[thing.texture]]
    return [_inflected(word, ending) for word in [*words, *texture, *colour]]


def _one(thing: Thing, case: GrammaticalCase, rng: random.Random) -> str:
    gender, noun, _, _ = rng.choice(_NOUNS[thing.shape])
    ending = _STRONG[gender][case.value]
    return " ".join([_INDEFINITE[gender][case.value], *_adjectives(thing, ending, rng), _noun(noun, case)])


def _noun(noun: str, case: GrammaticalCase) -> str:
    return f"{noun}en" if noun == "Diamant" and case is not GrammaticalCase.NOMINATIVE else noun


def _counted(thing: Thing, count: int, case: GrammaticalCase, rng: random.Random) -> str:
    if count == 1:
        return _one(thing, case, rng)
    _, _, plural, plural_dative = rng.choice(_NOUNS[thing.shape])
    is_dative = case is GrammaticalCase.DATIVE
    number = str(count) if rng.random() < 0.15 else _NUMBERS[count]
    adjectives = _adjectives(thing, "en" if is_dative else "e", rng)
    return " ".join([number, *adjectives, plural_dative if is_dative else plural])


def _pair(scene: Scene, case: GrammaticalCase, rng: random.Random) -> str:
    """Two things, or the two rows of a stack; the one after a preposition is in the dative."""
    things, upper = scene.things, scene.above or 1
    groups = [(things[0], upper), (things[-1], len(things) - upper)]
    backward = rng.random() < 0.35
    joint = rng.choice((_BACKWARD if backward else _FORWARD)[scene.arrangement])
    first, second = reversed(groups) if backward else groups
    after = case if joint == "und" else GrammaticalCase.DATIVE
    return f"{_counted(*first, case, rng)} {joint} {_counted(*second, after, rng)}"


def _things_words(scene: Scene, case: GrammaticalCase, rng: random.Random) -> str:
    things = scene.things
    if len(things) > 1 and len(set(things)) == 1:
        text = _counted(things[0], len(things), case, rng)
        lines = _LINES.get(scene.arrangement)
        needed = scene.arrangement is Arrangement.COLUMN or len(things) > 3
        return f"{text} {rng.choice(lines)}" if lines and (needed or rng.random() < 0.25) else text
    if len(things) == 1:
        text = _one(things[0], case, rng)
        return f"{text} {rng.choice(_PLACES[scene.place])}" if scene.place is not None else text
    if len(things) == 2 or scene.arrangement is Arrangement.STACK:
        return _pair(scene, case, rng)
    named = [_one(thing, case, rng) for thing in things]
    listed = f"{named[0]}, {named[1]} und {named[2]}"
    if scene.arrangement is Arrangement.ROW:
        return rng.choice(
            (listed, *(f"{listed} {line}" for line in (*_LINES[Arrangement.ROW], "von links nach rechts")))
        )
    return f"{listed} {rng.choice((*_LINES[Arrangement.COLUMN], 'von oben nach unten'))}"


def _ground_phrase(ground: Ground, rng: random.Random) -> str:
    colour = rng.choice(_COLOURS[ground.colour])
    strong, weak = _inflected(colour, "em"), _inflected(colour, "en")
    if ground.style is GroundStyle.GRADIENT:
        return rng.choice((f" auf einem {weak} Farbverlauf", f" mit {strong} Farbverlauf"))
    if ground.style is GroundStyle.CHECKERED:
        return rng.choice(
            (f" auf einem {weak} karierten Hintergrund", f" auf {colour} kariertem Hintergrund")
        )
    forms = (f" auf {strong} Hintergrund", f" auf einem {weak} Hintergrund", f" vor {strong} Hintergrund",
             f", {_inflected(colour, 'er')} Hintergrund")  # fmt: skip
    return rng.choice(forms)


def caption(scene: Scene, rng: random.Random) -> str:
    """Return one wording of ``scene``; a ground that is not mentioned is plain white."""
    prefix, case = rng.choice(_PREFIXES)
    text = prefix + _things_words(scene, case, rng)
    if scene.ground != Ground() or rng.random() < 0.2:
        text += _ground_phrase(scene.ground, rng)
    spelling = rng.random()
    if spelling < 0.1:
        return text[0].upper() + text[1:] + "."
    return text.lower() if spelling < 0.2 else text


def _the(named: Named, case: GrammaticalCase, rng: random.Random) -> tuple[str, str]:
    """Name a thing with "der", in ``case`` and in the dative."""
    gender, noun, _, _ = rng.choice(_NOUNS[named.thing.shape])
    bare = named.alone and rng.random() < 0.3
    colour = rng.choice(_COLOURS[named.thing.colour])
    names = []
    for each in (case, GrammaticalCase.DATIVE):
        adjective = [] if bare else [_inflected(colour, _WEAK[gender][each.value])]
        names.append(" ".join([_DEFINITE[gender][each.value], *adjective, _noun(noun, each)]))
    return names[0], names[1]


def _new_ground(ground: Ground, form: str, rng: random.Random) -> str:
    colour = rng.choice(_COLOURS[ground.colour])
    if ground.style is GroundStyle.CHECKERED:
        return f"{colour} kariert"
    if ground.style is GroundStyle.GRADIENT:
        if "zu {g}" in form or form.startswith("mach"):
            return f"{'' if ' zu ' in form else 'zu '}einem {_inflected(colour, 'en')} Farbverlauf"
        return f"mit {_inflected(colour, 'em')} Farbverlauf"
    return colour


def instruction(asked: EditWish, rng: random.Random) -> str:
    """Return one wording of ``asked``."""
    form = rng.choice(_EDITS[asked.kind])
    name, dative = _the(asked.named, GrammaticalCase.ACCUSATIVE, rng)
    values = {"t_dat": dative, "t": name, "g": _new_ground(asked.ground, form, rng)}
    if asked.also is not None:
        values["u"] = _the(asked.also, GrammaticalCase.ACCUSATIVE, rng)[0]
    if asked.colour:
        values["c"] = rng.choice(_COLOURS[asked.colour])
    if asked.shape:
        gender, noun, _, _ = rng.choice(_NOUNS[asked.shape])
        accusative = GrammaticalCase.ACCUSATIVE
        values["s"] = f"{_INDEFINITE[gender][accusative.value]} {_noun(noun, accusative)}"
    text = form.format(**values)
    return text.lower() if rng.random() < 0.08 else text
