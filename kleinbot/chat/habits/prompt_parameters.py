"""Reads parameters in a prompt as Midjourney's users write them, such as ``--ar 16:9 --seed 7``.

A parameter is two hyphens and a name, or what telephones make of two hyphens: one long dash. A long dash is
punctuation too, so there a name alone is not enough: a value, the end or another parameter has to follow.
Names, values and ranges: Midjourney's documentation, "Parameter List".
"""

import re
from dataclasses import dataclass, replace
from enum import StrEnum

from kleinbot.domain.geometry import Aspect
from kleinbot.domain.job import MAX_COUNT
from kleinbot.domain.noise import SEED_COUNT

MOST_READ = 6_000
"""The most characters that are read; what a command or a form takes is shorter."""


class Understood(StrEnum):
    """The parameters that mean something here."""

    ASPECT = "aspect"
    SEED = "seed"
    COUNT = "count"
    PRIVATE = "private"
    STYLE = "style"


@dataclass(frozen=True)
class Parameter:
    """One parameter. ``name``, ``value``: as typed, lower case; ``value`` is empty if none was read."""

    name: str
    value: str

    @property
    def means(self) -> Understood | None:
        """What it stands for here; None: nothing."""
        return _MEANINGS.get(self.name)

    def __str__(self) -> str:
        return f"--{self.name} {self.value}".rstrip()


@dataclass(frozen=True)
class ReadPrompt:
    """A prompt without its parameters, which are in the order in which they were typed."""

    words: str
    parameters: tuple[Parameter, ...]


@dataclass(frozen=True)
class Wishes:
    """What a prompt's parameters ask for; None: nothing. Of two that contradict each other the last counts.

    ``style``: a name that need not be one of the server's. ``typed``: what was typed for each.
    ``unusable``: parameters whose value is none that they can have. ``meaningless``: names that stand for
    nothing here, each once.
    """

    aspect: Aspect | None = None
    is_nearest: bool = False
    seed: int | None = None
    count: int | None = None
    is_cut: bool = False
    private: bool | None = None
    style: str | None = None
    typed: tuple[tuple[Understood, Parameter], ...] = ()
    unusable: tuple[Parameter, ...] = ()
    meaningless: tuple[str, ...] = ()

    def said_of(self, what: Understood) -> str:
        """Return the parameter that asked for ``what``, as typed."""
        return next((str(parameter) for asked, parameter in reversed(self.typed) if asked is what), "")


_MEANINGS = {
    "ar": Understood.ASPECT,
    "aspect": Understood.ASPECT,
    "seed": Understood.SEED,
    "repeat": Understood.COUNT,
    "r": Understood.COUNT,
    "stealth": Understood.PRIVATE,
    "public": Understood.PRIVATE,
    "style": Understood.STYLE,
}
_WITHOUT_VALUE = frozenset((
    "tile", "draft", "hd", "sd", "fast", "relax", "turbo", "raw", "test", "testp", "creative", "uplight",
    "upbeta", "upanime", "video", "stealth", "public", "hq", "loop",
))  # fmt: skip
_UP_TO_THE_NEXT = frozenset(("no", "sref", "cref", "oref"))
"""Midjourney takes everything up to the next parameter as the value of these."""
_WITH_ANY_WORD = frozenset(("style",))
_WITH_A_NUMBER = frozenset((
    "v", "version", "s", "stylize", "c", "chaos", "q", "quality", "niji", "iw", "weird", "w", "stop", "cw",
    "sw", "sv", "ow", "p", "profile", "exp", "motion", "bs",
))  # fmt: skip
_NAMES = frozenset(_MEANINGS) | _WITHOUT_VALUE | _UP_TO_THE_NEXT | _WITH_ANY_WORD | _WITH_A_NUMBER

_DASHES = "-\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d"
_LONG_DASHES = frozenset("\u2012\u2013\u2014\u2015\ufe58")
_FLAG = re.compile(rf"([{_DASHES}]{{1,4}})([A-Za-z]{{1,10}})(?:[=:](\S{{1,200}})|([0-9]\S{{0,30}}))?,?")
_RATIO = re.compile(r"([0-9]{1,5})[:/x×\u2236]([0-9]{1,5})", re.IGNORECASE)
_NUMBER = re.compile(r"[0-9]{1,20}")
_WITH_DIGIT = re.compile(r"[\w.:,/%+-]{0,40}[0-9][\w.:,/%+-]{0,40}")


@dataclass(frozen=True)
class _Flag:
    name: str
    glued: str
    is_short: bool


def read(prompt: str) -> ReadPrompt:
    """Return the prompt's words, in their order, and its parameters. The time grows with its length."""
    spans = [found.span() for found in re.finditer(r"\S+", prompt[:MOST_READ])]
    tokens = [prompt[begin:end] for begin, end in spans]
    flags = [_flag(token) for token in tokens]
    last_aside = max((at for at, token in enumerate(tokens) if token[-1] in _DASHES), default=-1)
    parameters: list[Parameter] = []
    kept: list[str] = []
    words_from, at = 0, 0
    while at < len(tokens):
        flag = flags[at]
        if flag is None or not (parameters or _is_meant(flag, tokens, flags, at, last_aside)):
            at += 1
            continue
        kept.append(prompt[words_from : spans[at][0]].strip())
        value, at = _value(flag, tokens, flags, at + 1)
        parameters.append(Parameter(flag.name, value.lower()))
        words_from = spans[at][0] if at < len(tokens) else MOST_READ
    if not parameters:
        return ReadPrompt(prompt, ())
    kept.append(prompt[words_from:].strip())
    return ReadPrompt(" ".join(part for part in kept if part), tuple(parameters))


def wishes(parameters: tuple[Parameter, ...]) -> Wishes:
    """Return what parameters ask for."""
    asked = Wishes()
    for parameter in parameters:
        asked = _with(asked, parameter)
    return asked


def _with(asked: Wishes, parameter: Parameter) -> Wishes:
    match parameter.means:
        case None:
            if parameter.name in asked.meaningless:
                return asked
            return replace(asked, meaningless=(*asked.meaningless, parameter.name))
        case Understood.ASPECT if (ratio := _ratio(parameter.value)) is not None:
            aspect = Aspect.nearest(ratio[0] / ratio[1])
            columns, rows = (int(side) for side in aspect.split(":"))
            asked = replace(asked, aspect=aspect, is_nearest=columns * ratio[1] != rows * ratio[0])
        case Understood.SEED if (seed := _number(parameter.value)) is not None and seed < SEED_COUNT:
            asked = replace(asked, seed=seed)
        case Understood.COUNT if count := _number(parameter.value):
            asked = replace(asked, count=min(count, MAX_COUNT), is_cut=count > MAX_COUNT)
        case Understood.PRIVATE:
            asked = replace(asked, private=parameter.name == "stealth")
        case Understood.STYLE if parameter.value:
            asked = replace(asked, style=parameter.value)
        case _:
            return replace(asked, unusable=(*asked.unusable, parameter))
    return replace(asked, typed=(*asked.typed, (parameter.means, parameter)))


def _ratio(value: str) -> tuple[int, int] | None:
    found = _RATIO.fullmatch(value)
    if found is None or not (int(found[1]) and int(found[2])):
        return None
    return int(found[1]), int(found[2])


def _number(value: str) -> int | None:
    return int(value) if _NUMBER.fullmatch(value) else None


def _flag(token: str) -> _Flag | None:
    found = _FLAG.fullmatch(token)
    if found is None:
        return None
    dashes, name = found[1], found[2].lower()
    is_short = len(dashes) == 1
    if name not in _NAMES or (is_short and dashes not in _LONG_DASHES):
        return None
    return _Flag(name, found[3] or found[4] or "", is_short)


def _is_meant(flag: _Flag, tokens: list[str], flags: list[_Flag | None], at: int, last_aside: int) -> bool:
    """Tell whether a name after dashes is a parameter, and not an ordinary word after one long dash.

    ``last_aside``: the last token that ends with a dash; -1: none.
    """
    if not flag.is_short or flag.glued or at + 1 == len(tokens) or flags[at + 1] is not None:
        return True
    if flag.name == "no":
        # "—no people" is meant; an aside between two dashes, as Spanish has it, is not.
        return at > 0 and last_aside < at
    return flag.name not in _WITHOUT_VALUE and _is_value(flag.name, tokens[at + 1])


def _value(flag: _Flag, tokens: list[str], flags: list[_Flag | None], at: int) -> tuple[str, int]:
    """Return a parameter's value, and where the prompt goes on."""
    if flag.glued:
        return flag.glued.rstrip(","), at
    if flag.name in _UP_TO_THE_NEXT:
        end = at
        while end < len(tokens) and flags[end] is None:
            end += 1
        return " ".join(tokens[at:end]), end
    if flag.name in _WITHOUT_VALUE or at == len(tokens) or flags[at] is not None:
        return "", at
    if flag.name in _WITH_ANY_WORD or _is_value(flag.name, tokens[at]):
        return tokens[at].rstrip(","), at + 1
    return "", at


def _is_value(name: str, token: str) -> bool:
    meaning = _MEANINGS.get(name)
    if meaning is Understood.ASPECT:
        return _RATIO.fullmatch(token.rstrip(",")) is not None
    if meaning in (Understood.SEED, Understood.COUNT):
        return _NUMBER.fullmatch(token.rstrip(",")) is not None
    return _WITH_DIGIT.fullmatch(token) is not None
