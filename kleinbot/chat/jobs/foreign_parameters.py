"""Midjourney's parameters at the end of a prompt, like ``--ar 16:9``, which the model would read as words."""

import re

from kleinbot.chat.results import recipe_text
from kleinbot.domain.errors import Code, Refusal
from kleinbot.domain.geometry import Aspect
from kleinbot.domain.noise import SEED_COUNT
from kleinbot.domain.plain_text import one_line
from kleinbot.domain.requests import ImagineRequest
from kleinbot.texts import Texts

_NAMES = (
    "ar|aspect|v|version|no|s|stylize|c|chaos|q|quality|niji|style|seed|iw|tile|weird|w|stop|repeat|r|sref"
    "|cref|oref|cw|sw|ow|p|profile|exp|draft|hd|sd|fast|relax|turbo|raw|test|testp|upbeta|video|motion"
)
# Telephones write a dash for two hyphens. A dash may also be one, so a number has to follow there.
_PARAMETER = re.compile(rf"(?:^|\s)(?:--(?:{_NAMES})(?=\s|$)|[–—](?:{_NAMES})\s+\d)", re.IGNORECASE)
_ASPECT = re.compile(r"(?:--|[–—])(?:ar|aspect)\s+(\d{1,2}:\d{1,2})(?=\s|$)", re.IGNORECASE)
_SEED = re.compile(r"(?:--|[–—])seed\s+(\d{1,10})(?=\s|$)", re.IGNORECASE)
_SHOWN_CHARACTERS = 60


def require_none(texts: Texts, locale: str, request: ImagineRequest) -> None:
    """Raise Refusal FOREIGN_PARAMETERS, which gives the command without them, in the options' own names."""
    found = _PARAMETER.search(request.prompt)
    if found is None:
        return
    prompt, foreign = request.prompt[: found.start()].strip(), request.prompt[found.start() :].strip()
    aspect, seed = _aspect(foreign) or request.aspect, _seed(foreign)
    seed = request.seed if seed is None else seed
    options = [("imagine-prompt", recipe_text.quoted(prompt or "…"))]
    options += [("imagine-aspect", aspect)] if aspect is not Aspect.SQUARE else []
    options += [("imagine-count", str(request.count))] if request.count > 1 else []
    options += [("imagine-seed", str(seed))] if seed is not None else []
    options += [("imagine-private", "True")] if request.private else []
    command = f"/{texts.say(locale, 'imagine-name')} " + " ".join(
        f"{texts.say(locale, f'{name}-name')}:{value}" for name, value in options
    )
    raise Refusal(
        Code.FOREIGN_PARAMETERS,
        parameters=one_line(foreign)[:_SHOWN_CHARACTERS].replace("`", ""),
        command=recipe_text.block(command) or "",
    )


def _aspect(foreign: str) -> Aspect | None:
    """Return the aspect that is asked for, or the one nearest to it."""
    found = _ASPECT.search(foreign)
    if found is None:
        return None
    columns, rows = (int(side) for side in found[1].split(":"))
    return recipe_text.nearest_ratio(columns / rows) if columns and rows else None


def _seed(foreign: str) -> int | None:
    found = _SEED.search(foreign)
    return int(found[1]) if found is not None and int(found[1]) < SEED_COUNT else None
