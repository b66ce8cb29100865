"""The buttons by which members keep, find and lose their results."""

import re
from typing import TYPE_CHECKING, Any, Self

import discord

from kleinbot.chat.core.routing import JOB_ID, PersistentButton
from kleinbot.domain.job import Job
from kleinbot.domain.job_spec import ImageKey
from kleinbot.texts import Texts
from kleinbot.usecases.history import Search

if TYPE_CHECKING:
    from kleinbot.chat.core.client import KleinbotClient

SEARCH_CHARACTERS = 60
"""So much of what was searched for fits into a button's 100 characters beside everything else."""

_POSITION = r"(?P<position>[0-3])"
_SECONDARY = discord.ButtonStyle.secondary


class FavouriteButton(PersistentButton, template=rf"kb:fav:{JOB_ID}(?::{_POSITION})?"):
    """Marks a picture; without a position it asks which where there are several."""

    def __init__(
        self, job_id: str, position: int | None, label: str, style: discord.ButtonStyle = _SECONDARY
    ) -> None:
        self.job_id = job_id
        self.position = position
        custom_id = f"kb:fav:{job_id}" if position is None else f"kb:fav:{job_id}:{position}"
        super().__init__(discord.ui.Button(label=label, style=style, custom_id=custom_id))

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        del interaction
        position = match["position"]
        return cls(match["job_id"], None if position is None else int(position), _label(item))

    async def press(self, interaction: discord.Interaction[Any], client: "KleinbotClient") -> None:
        if self.position is None:
            await client.result_handlers.open_favourites(interaction, self.job_id)
        else:
            await client.result_handlers.mark(interaction, ImageKey(self.job_id, self.position))


class UnfavouriteButton(PersistentButton, template=rf"kb:unfav:{JOB_ID}:{_POSITION}"):
    """Takes a picture's mark away."""

    def __init__(self, job_id: str, position: int, label: str) -> None:
        self.key = ImageKey(job_id, position)
        custom_id = f"kb:unfav:{job_id}:{position}"
        super().__init__(
            discord.ui.Button(label=label, style=discord.ButtonStyle.success, custom_id=custom_id)
        )

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        del interaction
        return cls(match["job_id"], int(match["position"]), _label(item))

    async def press(self, interaction: discord.Interaction[Any], client: "KleinbotClient") -> None:
        await client.result_handlers.unmark(interaction, self.key)


class RecipeButton(PersistentButton, template=f"kb:recipe:{JOB_ID}"):
    """Shows how a result was made."""

    def __init__(self, job_id: str, label: str) -> None:
        self.job_id = job_id
        super().__init__(discord.ui.Button(label=label, style=_SECONDARY, custom_id=f"kb:recipe:{job_id}"))

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        del interaction
        return cls(match["job_id"], _label(item))

    async def press(self, interaction: discord.Interaction[Any], client: "KleinbotClient") -> None:
        await client.result_handlers.recipe(interaction, self.job_id)


class DeleteButton(PersistentButton, template=f"kb:del:{JOB_ID}"):
    """Asks whether a result is to be deleted."""

    def __init__(self, job_id: str, label: str) -> None:
        self.job_id = job_id
        super().__init__(discord.ui.Button(label=label, style=_SECONDARY, custom_id=self.of(job_id)))

    @staticmethod
    def of(job_id: str) -> str:
        """Return the custom id under a job's result."""
        return f"kb:del:{job_id}"

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        del interaction
        return cls(match["job_id"], _label(item))

    async def press(self, interaction: discord.Interaction[Any], client: "KleinbotClient") -> None:
        await client.result_handlers.ask_delete(interaction, self.job_id)


class ConfirmDeleteButton(PersistentButton, template=rf"kb:delyes:{JOB_ID}:\d{{1,20}}"):
    """Deletes a result. The number in older custom ids was a message to remove: it is not believed."""

    def __init__(self, job_id: str, label: str) -> None:
        self.job_id = job_id
        custom_id = f"kb:delyes:{job_id}:0"
        super().__init__(
            discord.ui.Button(label=label, style=discord.ButtonStyle.danger, custom_id=custom_id)
        )

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        del interaction
        return cls(match["job_id"], _label(item))

    async def press(self, interaction: discord.Interaction[Any], client: "KleinbotClient") -> None:
        await client.result_handlers.delete(interaction, self.job_id)


class KeepButton(PersistentButton, template=rf"kb:delno:{JOB_ID}:(?P<in_place>[01])"):
    """Keeps a result. ``in_place``: the question stands where the result stood, which comes back."""

    def __init__(self, job_id: str, in_place: bool, label: str) -> None:
        self.job_id = job_id
        self.in_place = in_place
        custom_id = f"kb:delno:{job_id}:{in_place:d}"
        super().__init__(discord.ui.Button(label=label, style=_SECONDARY, custom_id=custom_id))

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        del interaction
        return cls(match["job_id"], match["in_place"] == "1", _label(item))

    async def press(self, interaction: discord.Interaction[Any], client: "KleinbotClient") -> None:
        await client.result_handlers.keep(interaction, self.job_id, self.in_place)


class ShowButton(PersistentButton, template=f"kb:show:{JOB_ID}"):
    """Posts a result again."""

    def __init__(self, job_id: str, label: str) -> None:
        self.job_id = job_id
        super().__init__(discord.ui.Button(label=label, style=_SECONDARY, custom_id=f"kb:show:{job_id}"))

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        del interaction
        return cls(match["job_id"], _label(item))

    async def press(self, interaction: discord.Interaction[Any], client: "KleinbotClient") -> None:
        await client.history_handlers.show_again(interaction, self.job_id)


class PageButton(
    PersistentButton,
    template=r"kb:hist:(?P<way>[on]):(?P<number>\d{1,9}):(?P<favourites>[01]):(?P<text>.*)",
):
    """Turns a page of the history: to what is older, or newer, than a job's number."""

    def __init__(self, search: Search, number: int, older: bool, label: str) -> None:
        self.search = search
        self.number = number
        self.older = older
        text = search.text[:SEARCH_CHARACTERS]
        custom_id = f"kb:hist:{'o' if older else 'n'}:{number}:{search.favourites:d}:{text}"
        super().__init__(discord.ui.Button(label=label, style=_SECONDARY, custom_id=custom_id))

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        del interaction
        search = Search(match["text"], match["favourites"] == "1")
        return cls(search, int(match["number"]), match["way"] == "o", _label(item))

    async def press(self, interaction: discord.Interaction[Any], client: "KleinbotClient") -> None:
        await client.history_handlers.turn(interaction, self.search, self.number, older=self.older)


KEEPING_BUTTONS: tuple[type[PersistentButton], ...] = (
    FavouriteButton,
    UnfavouriteButton,
    RecipeButton,
    DeleteButton,
    ConfirmDeleteButton,
    KeepButton,
    ShowButton,
    PageButton,
)


def result_row(texts: Texts, job: Job) -> discord.ui.ActionRow[discord.ui.LayoutView]:
    """Return the row under a result by which it is marked, explained and deleted."""
    row: discord.ui.ActionRow[discord.ui.LayoutView] = discord.ui.ActionRow()
    row.add_item(FavouriteButton(job.job_id, None, texts.say(job.locale, "button-favourite")))
    row.add_item(RecipeButton(job.job_id, texts.say(job.locale, "button-recipe")))
    row.add_item(DeleteButton(job.job_id, texts.say(job.locale, "button-delete")))
    return row


def _label(item: discord.ui.Item[Any]) -> str:
    return getattr(item, "label", None) or "…"
