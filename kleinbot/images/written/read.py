"""Reads the recipe in a file, whichever program wrote it. Run it in a process that can be killed."""

import json
from collections.abc import Mapping

from kleinbot.images.written import comfyui, webui
from kleinbot.images.written.recipe import RecipeForm, WrittenRecipe, recipe_of
from kleinbot.images.written.texts import COMMENT, texts_in

_SWARMUI = "sui_image_params"


def recipe_in(data: bytes) -> WrittenRecipe | None:
    """Return the recipe that stands in a picture's file; None if there is none.

    Raises Refusal PICTURE_NOT_AN_IMAGE or PICTURE_FORMAT_UNSUPPORTED.
    """
    return recipe_from(texts_in(data))


def recipe_from(texts: Mapping[str, str]) -> WrittenRecipe | None:
    """Return the first recipe among the texts of ``texts_in``.

    A comment is taken for a recipe only if it has settings: people write comments about other things too.
    """
    found = (
        _parameters(texts.get("parameters", ""), needs_settings=False)
        or _parameters(texts.get(COMMENT, ""), needs_settings=True)
        or _invokeai(parsed(texts.get("invokeai_metadata", "")))
        or _old_invokeai(parsed(texts.get("sd-metadata", "")))
    )
    return found or comfyui.read(parsed(texts.get("prompt", "")), parsed(texts.get("workflow", "")))


def parsed(text: str) -> Mapping[str, object]:
    """Return the object that ``text`` is in JSON; an empty one if it is anything else, or nested too deep."""
    try:
        value = json.loads(text) if text.lstrip().startswith("{") else None
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _parameters(text: str, *, needs_settings: bool) -> WrittenRecipe | None:
    stated = parsed(text)
    if stated:
        return _swarmui(stated)
    return webui.read(text, needs_settings=needs_settings) if text else None


def _swarmui(stated: Mapping[str, object]) -> WrittenRecipe | None:
    """Read SwarmUI's parameters (its docs, "Image Metadata Format")."""
    values = _object(stated.get(_SWARMUI))
    return recipe_of(
        RecipeForm.SWARMUI,
        {
            "prompt": values.get("prompt"),
            "negative": values.get("negativeprompt"),
            "seed": values.get("seed"),
            "steps": values.get("steps"),
            "sampler": values.get("sampler") or values.get("comfyuisampler"),
            "width_px": values.get("width"),
            "height_px": values.get("height"),
            "model": values.get("model"),
        },
    )


def _invokeai(stated: Mapping[str, object]) -> WrittenRecipe | None:
    """Read InvokeAI's metadata since version 3 (``invokeai/app/invocations/metadata.py``)."""
    model = stated.get("model")
    named = _object(model)
    return recipe_of(
        RecipeForm.INVOKEAI,
        {
            "prompt": stated.get("positive_prompt"),
            "negative": stated.get("negative_prompt"),
            "seed": stated.get("seed"),
            "steps": stated.get("steps"),
            "sampler": stated.get("scheduler"),
            "width_px": stated.get("width"),
            "height_px": stated.get("height"),
            "model": named.get("name") or named.get("model_name") or model,
        },
    )


def _old_invokeai(stated: Mapping[str, object]) -> WrittenRecipe | None:
    """Read InvokeAI's metadata of version 2: the prompt is a text or a list of weighted ones."""
    image = _object(stated.get("image"))
    prompt = image.get("prompt")
    if isinstance(prompt, list) and prompt:
        prompt = _object(prompt[0]).get("prompt")
    return recipe_of(
        RecipeForm.INVOKEAI,
        {
            "prompt": prompt,
            "seed": image.get("seed"),
            "steps": image.get("steps"),
            "sampler": image.get("sampler"),
            "width_px": image.get("width"),
            "height_px": image.get("height"),
            "model": stated.get("model_weights"),
        },
    )


def _object(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}
