"""Handles the family tree of a picture, which is walked by its buttons."""

from typing import Any

import discord

from kleinbot.chat.core import text as core_text
from kleinbot.chat.core.interactions import Interactions
from kleinbot.chat.core.views import plain
from kleinbot.chat.more.actions import ChosenPicture
from kleinbot.chat.results.buttons import LineageButton, ShowButton
from kleinbot.domain.job import Job
from kleinbot.texts import Texts
from kleinbot.usecases.finding.lineage import FamilyTree, Lineage

_PROMPT_CHARACTERS = 80
_INDENT = "\u2003"
_IN_A_ROW = 5


class LineageHandlers:
    """Only whoever asked sees the tree."""

    def __init__(self, lineage: Lineage, interactions: Interactions, texts: Texts) -> None:
        self._lineage = lineage
        self._interactions = interactions
        self._texts = texts

    async def show(self, interaction: discord.Interaction[Any], picture: ChosenPicture) -> None:
        """Show the tree in place of the list of *More …*."""
        await self._show(interaction, picture.job.job_id)

    async def walk_pressed(self, interaction: discord.Interaction[Any], button: LineageButton) -> None:
        """Show the tree around a relative."""
        await self._show(interaction, button.job_id)

    async def _show(self, interaction: discord.Interaction[Any], job_id: str) -> None:
        actor = self._interactions.actor_of(interaction)
        tree = await self._lineage.of(actor, job_id)
        await self._interactions.replace(interaction, _view(self._texts, actor.locale, tree))


def _view(texts: Texts, locale: str, tree: FamilyTree) -> discord.ui.LayoutView:
    """Return the tree, a line for each result, with a button for each relative."""
    lines = [texts.say(locale, "lineage-title", number=str(tree.job.number))]
    if tree.is_cut:
        lines.append(texts.say(locale, "lineage-cut"))
    for depth, job in enumerate((*tree.ancestors, tree.job)):
        lines.append(_line(texts, locale, job, depth, is_chosen=job is tree.job))
    depth = len(tree.ancestors) + 1
    lines += [_line(texts, locale, job, depth) for job in tree.children]
    if tree.has_more:
        lines.append(f"{_INDENT * depth}{texts.say(locale, 'lineage-more')}")
    elif not tree.children:
        lines.append(f"{_INDENT * depth}{texts.say(locale, 'lineage-no-children')}")
    view = plain(core_text.bounded(lines))
    relatives = (*tree.ancestors, *tree.children)
    for start in range(0, len(relatives), _IN_A_ROW):
        row: discord.ui.ActionRow[discord.ui.LayoutView] = discord.ui.ActionRow()
        for job in relatives[start : start + _IN_A_ROW]:
            row.add_item(LineageButton(job.job_id).labelled(f"#{job.number}"))
        view.add_item(row)
    shown: discord.ui.ActionRow[discord.ui.LayoutView] = discord.ui.ActionRow()
    label = texts.say(locale, "button-show", number=str(tree.job.number))
    shown.add_item(ShowButton(tree.job.job_id).labelled(label))
    view.add_item(shown)
    return view


def _line(texts: Texts, locale: str, job: Job, depth: int, *, is_chosen: bool = False) -> str:
    prompt = core_text.shown_prompt(core_text.subject(texts, locale, job.spec.prompt), _PROMPT_CHARACTERS)
    number = f"**#{job.number}**" if is_chosen else f"#{job.number}"
    author = core_text.person(texts, locale, job.member_id)
    branch = "└ " if depth else ""
    return f"{_INDENT * depth}{branch}{number} {prompt} · {author}"
