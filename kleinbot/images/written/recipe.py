"""What a file says about its making, made harmless: bounded, on one line, without names of folders."""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum

from kleinbot.domain.noise import SEED_COUNT
from kleinbot.domain.plain_text import one_line

PROMPT_CHARACTERS = 3000
"""As long as /imagine takes a prompt; what is longer is cut with "…"."""

NEGATIVE_CHARACTERS = 600
NAME_CHARACTERS = 80
_MOST_NUMBER = 2**64 - 1
_MOST_STEPS = 10_000
_MOST_SIDE_PX = 100_000
_FOLDERS = re.compile(r"[/\\]")
_ENDINGS = (".safetensors", ".ckpt", ".gguf", ".sft", ".pth", ".pt", ".bin")
_DIGITS = re.compile(r"[0-9]{1,20}")


class RecipeForm(StrEnum):
    """Whose form of recipe a file has."""

    KLEINBOT = "kleinbot"
    WEBUI = "webui"
    COMFYUI = "comfyui"
    INVOKEAI = "invokeai"
    SWARMUI = "swarmui"


@dataclass(frozen=True)
class WrittenRecipe:
    """A recipe as a file states it; nobody has checked that it is true. Empty or None: not stated.

    It has fields of the generation only: no place, no camera, and no name of a person or folder.
    """

    program: RecipeForm
    prompt: str
    negative: str = ""
    seed: int | None = None
    steps: int | None = None
    sampler: str = ""
    width_px: int | None = None
    height_px: int | None = None
    model: str = ""

    @property
    def usable_seed(self) -> int | None:
        """The seed, if it is one that /imagine takes."""
        return self.seed if self.seed is not None and self.seed < SEED_COUNT else None

    def as_values(self) -> dict[str, str | int | None]:
        """Return what ``recipe_of`` reads back."""
        return asdict(self)


def recipe_of(program: RecipeForm, stated: Mapping[str, object]) -> WrittenRecipe | None:
    """Return the recipe with the ``stated`` fields, named as in ``WrittenRecipe``, whatever their types.

    What is no sensible value counts as not stated. None: there is no prompt.
    """
    prompt = text_of(stated.get("prompt"), PROMPT_CHARACTERS)
    if not prompt:
        return None
    return WrittenRecipe(
        program,
        prompt,
        text_of(stated.get("negative"), NEGATIVE_CHARACTERS),
        whole_of(stated.get("seed"), _MOST_NUMBER),
        whole_of(stated.get("steps"), _MOST_STEPS),
        text_of(stated.get("sampler"), NAME_CHARACTERS),
        whole_of(stated.get("width_px"), _MOST_SIDE_PX),
        whole_of(stated.get("height_px"), _MOST_SIDE_PX),
        _model_of(stated.get("model")),
    )


def text_of(value: object, most_characters: int) -> str:
    """Return a text on one line without invisible characters; empty for anything that is no text."""
    return one_line(value, most_characters) if isinstance(value, str) else ""


def whole_of(value: object, most: int) -> int | None:
    """Return a whole number from 0 to ``most``, also one written as digits; None for anything else."""
    if isinstance(value, str) and _DIGITS.fullmatch(value.strip()):
        value = int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    return value if 0 <= value <= most else None


def _model_of(value: object) -> str:
    """Return a model's name without its folders, which may be named after a person, and its ending."""
    if not isinstance(value, str):
        return ""
    name = _FOLDERS.split(value)[-1].strip()
    for ending in _ENDINGS:
        name = name.removesuffix(ending)
    return text_of(name, NAME_CHARACTERS)
