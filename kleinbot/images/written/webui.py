"""The form of AUTOMATIC1111's WebUI, which many programs write, kleinbot too.

A prompt of any number of lines, perhaps "Negative prompt:" with more lines, and a last line of settings
(``modules/infotext_utils.py``, ``parse_generation_parameters``).
"""

import re
from collections.abc import Iterator

from kleinbot.images.written.recipe import RecipeForm, WrittenRecipe, recipe_of

_NEGATIVE = "Negative prompt:"
_LEAST_SETTINGS = 3
_SETTINGS_CHARACTERS = 4_000
_MOST_CHARACTERS = 40_000
_NAME = re.compile(r"[A-Za-z][\w /-]{0,39}")
_SIZE = re.compile(r"([0-9]{1,6})x([0-9]{1,6})")


def read(text: str, *, needs_settings: bool) -> WrittenRecipe | None:
    """Return the recipe in ``text``; ``needs_settings``: a text without a line of settings is none."""
    lines = text[:_MOST_CHARACTERS].strip().split("\n")
    settings = _settings(lines[-1])
    if settings:
        lines.pop()
    elif needs_settings:
        return None
    prompt, negative = _prompts(lines)
    size = _SIZE.fullmatch(settings.get("size", ""))
    is_ours = settings.get("version", "").startswith("kleinbot ")
    return recipe_of(
        RecipeForm.KLEINBOT if is_ours else RecipeForm.WEBUI,
        {
            "prompt": prompt,
            "negative": negative,
            "seed": settings.get("seed"),
            "steps": settings.get("steps"),
            "sampler": settings.get("sampler"),
            "width_px": size and size[1],
            "height_px": size and size[2],
            "model": settings.get("model"),
        },
    )


def _settings(line: str) -> dict[str, str]:
    """Return the settings in a line, by name; none if it is a line of the prompt."""
    settings = {}
    for part in _parts(line[:_SETTINGS_CHARACTERS]):
        name, colon, value = part.partition(":")
        if colon and _NAME.fullmatch(name.strip()):
            settings[name.strip().lower()] = value.strip().strip('"')
    return settings if len(settings) >= _LEAST_SETTINGS and "steps" in settings else {}


def _parts(line: str) -> Iterator[str]:
    """Return what stands between the commas that are in no quotation marks."""
    begin, is_quoted = 0, False
    for at, character in enumerate(line):
        if character == '"' and line[at - 1 : at] != "\\":
            is_quoted = not is_quoted
        elif character == "," and not is_quoted:
            yield line[begin:at]
            begin = at + 1
    yield line[begin:]


def _prompts(lines: list[str]) -> tuple[str, str]:
    for at, line in enumerate(lines):
        if line.startswith(_NEGATIVE):
            negative = [line.removeprefix(_NEGATIVE), *lines[at + 1 :]]
            return "\n".join(lines[:at]), "\n".join(negative)
    return "\n".join(lines), ""
