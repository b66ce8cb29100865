"""What a file says about how it was made. It is a stranger's text: nothing in it works as more than text."""

import discord

from kleinbot.chat.core import text as core_text
from kleinbot.chat.core.views import plain
from kleinbot.chat.results.buttons import UseWrittenButton
from kleinbot.chat.results.recipe_text import block, unblocked
from kleinbot.domain.geometry import Aspect
from kleinbot.domain.plain_text import cut_to_json_bytes
from kleinbot.images.written.recipe import WrittenRecipe
from kleinbot.texts import Texts

_PROMPT_CHARACTERS, _PROMPT_BYTES = 2_400, 5_000
_NEGATIVE_CHARACTERS = 300
_NAME_CHARACTERS = 80


def written(
    texts: Texts, locale: str, recipe: WrittenRecipe, at: int, pictures: int
) -> discord.ui.LayoutView:
    """Return a file's recipe; ``at``: which of the message's ``pictures`` it is, counted from 0."""
    title = texts.say(locale, f"info-written-{recipe.program}")
    if pictures > 1:
        title = f"{texts.say(locale, 'form-which-option', position=at + 1)} · {title}"
    view = plain(title)
    prompt = cut_to_json_bytes(recipe.prompt[:_PROMPT_CHARACTERS], _PROMPT_BYTES)
    view.add_item(discord.ui.TextDisplay(block(prompt) or "–"))
    if lines := _lines(texts, locale, recipe):
        view.add_item(discord.ui.TextDisplay("\n".join(lines)))
    row: discord.ui.ActionRow[discord.ui.LayoutView] = discord.ui.ActionRow()
    button = UseWrittenButton(_aspect(recipe), recipe.usable_seed)
    row.add_item(button.labelled(texts.say(locale, "button-use-prompt")))
    view.add_item(row)
    return view


def prompt_in(message: discord.Message) -> str | None:
    """Return the prompt that ``written`` has put into a message; None if there is none."""
    for component in message.components:
        if isinstance(component, discord.TextDisplay) and (prompt := unblocked(component.content)):
            return prompt
    return None


def _lines(texts: Texts, locale: str, recipe: WrittenRecipe) -> list[str]:
    lines = []
    if recipe.negative:
        negative = core_text.shown_prompt(recipe.negative, _NEGATIVE_CHARACTERS)
        lines.append(texts.say(locale, "info-negative", text=negative))
    stated = []
    if recipe.seed is not None:
        stated.append(texts.say(locale, "info-seed", seed=str(recipe.seed)))
    if recipe.steps is not None:
        stated.append(texts.say(locale, "info-steps", steps=recipe.steps))
    if recipe.width_px and recipe.height_px:
        stated.append(f"{recipe.width_px}×{recipe.height_px}")
    names = (recipe.sampler, recipe.model)
    stated += [core_text.shown_prompt(name, _NAME_CHARACTERS) for name in names if name]
    return [*lines, f"-# {' · '.join(stated)}"] if stated else lines


def _aspect(recipe: WrittenRecipe) -> Aspect:
    if not recipe.width_px or not recipe.height_px:
        return Aspect.SQUARE
    return Aspect.nearest(recipe.width_px / recipe.height_px)
