"""The buttons by which members mark, find and delete their results."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, ClassVar, TypeVar

import discord

from kleinbot.chat.core.buttons import Codec, Flag, JobId, PersistentButton, Position, one_of
from kleinbot.domain.geometry import Aspect
from kleinbot.domain.job_spec import JobKind
from kleinbot.usecases.history import Search, Since

SEARCH_CHARACTERS = 60
"""So much of a search text fits into a custom id, which has 100 characters, beside the other fields."""

_Older = Annotated[bool, Codec("[on]", lambda text: text == "o", lambda older: "o" if older else "n")]
_JobNumber = Annotated[int, Codec(r"\d{1,9}", int)]
_SearchText = Annotated[str, Codec(".*", write=lambda text: text[:SEARCH_CHARACTERS])]
_FilterCodes = Annotated[str, Codec("[01][0-9]{3}[01]")]
E = TypeVar("E", bound=StrEnum)
_Seed = Annotated[int, Codec(r"\d{1,10}", int)]
_NoLongerUsed = Annotated[None, Codec(r"\d{1,20}", lambda _: None, lambda _: "0")]


@dataclass(frozen=True)
class FavouriteButton(PersistentButton, name="fav"):
    """Marks an image. Without a position it asks which one, where the job has several."""

    job_id: JobId
    position: Position | None = None


@dataclass(frozen=True)
class UnfavouriteButton(PersistentButton, name="unfav"):
    """Removes the mark of an image."""

    style: ClassVar[discord.ButtonStyle] = discord.ButtonStyle.success

    job_id: JobId
    position: Position


@dataclass(frozen=True)
class RecipeButton(PersistentButton, name="recipe"):
    """Shows how a result was made."""

    job_id: JobId


@dataclass(frozen=True)
class FilteredPageButton(PersistentButton, name="find"):
    """Turns a page of a history with filters; ``codes``: one character for each."""

    older: _Older
    number: _JobNumber
    codes: _FilterCodes
    text: _SearchText

    @property
    def search(self) -> Search:
        """What the history was searched for."""
        marked, kind, aspect, since, made_from = tuple(self.codes)
        return Search(
            self.text,
            marked == "1",
            _chosen(JobKind, kind),
            _chosen(Aspect, aspect),
            _chosen(Since, since),
            made_from == "1",
        )


def page_button(older: bool, number: int, search: Search) -> PersistentButton:
    """Return the button that turns a page of ``search``."""
    if not search.has_filters:
        return PageButton(older, number, search.favourites, search.text)
    codes = (
        f"{search.favourites:d}{_code(JobKind, search.kind)}{_code(Aspect, search.aspect)}"
        f"{_code(Since, search.since)}{search.with_references:d}"
    )
    return FilteredPageButton(older, number, codes, search.text)


def _code(kind: type[StrEnum], value: StrEnum | None) -> str:
    """Return the place of a choice, counted from 1, as one digit. Choices may be added at their end only."""
    return "0" if value is None else str(list(kind).index(value) + 1)


def _chosen(kind: type[E], code: str) -> E | None:
    at = int(code) - 1
    return list(kind)[at] if 0 <= at < len(kind) else None


@dataclass(frozen=True)
class LineageButton(PersistentButton, name="kin"):
    """Shows what a result was made from, and what was made from it."""

    job_id: JobId


@dataclass(frozen=True)
class UsePromptButton(PersistentButton, name="use"):
    """Opens the form of /imagine, filled in with the prompt of a result."""

    job_id: JobId


@dataclass(frozen=True)
class UseWrittenButton(PersistentButton, name="usew"):
    """Opens the form of /imagine, filled in with the prompt that stands in this button's message."""

    aspect: Annotated[Aspect, one_of(Aspect)]
    seed: _Seed | None = None


@dataclass(frozen=True)
class DeleteButton(PersistentButton, name="del"):
    """Asks whether to delete a result."""

    job_id: JobId


@dataclass(frozen=True)
class ConfirmDeleteButton(PersistentButton, name="delyes"):
    """Deletes a result. Older custom ids name a message to remove as well: that number is not believed."""

    style: ClassVar[discord.ButtonStyle] = discord.ButtonStyle.danger

    job_id: JobId
    old_message_id: _NoLongerUsed = None


@dataclass(frozen=True)
class KeepButton(PersistentButton, name="delno"):
    """Keeps a result. ``in_place``: the question replaced the result, which has to come back."""

    job_id: JobId
    in_place: Flag


@dataclass(frozen=True)
class ShowButton(PersistentButton, name="show"):
    """Posts a result again."""

    job_id: JobId


@dataclass(frozen=True)
class PageButton(PersistentButton, name="hist"):
    """Turns a page of the history, to the results that are older, or newer, than a job's number."""

    older: _Older
    number: _JobNumber
    favourites: Flag
    text: _SearchText

    @property
    def search(self) -> Search:
        """What the history was searched for."""
        return Search(self.text, self.favourites)
