"""What an entry of *More …* is. ``chat.more.table`` declares all of them."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import discord

from kleinbot.domain.job import Image, Job
from kleinbot.domain.people import Actor

NAME = r"[a-z][a-z-]{0,23}"
"""What an action's name may look like: it stands in custom ids for ever."""


@dataclass(frozen=True)
class ChosenPicture:
    """A picture that its reader may see, and the reader. ``position``: counted from 0."""

    actor: Actor
    job: Job
    position: int

    @property
    def image(self) -> Image:
        """The picture itself. Its ``file`` is None if it is no longer kept."""
        return next(image for image in self.job.done_images if image.key.position == self.position)


class Group(StrEnum):
    """Each group begins a new row, in this order."""

    LOOK = "look"
    MAKE = "make"
    MANAGE = "manage"


async def everybody(picture: ChosenPicture) -> bool:
    """Offer an action to whoever sees the picture."""
    del picture
    return True


def free(picture: ChosenPicture) -> int:
    """Return the price of an action that costs nothing, in tenths of a picture."""
    del picture
    return 0


@dataclass(frozen=True)
class MoreAction:
    """One entry of *More …*.

    ``name``: in custom ids for ever, of the form ``NAME``. ``label``: the message id of the button's label.
    ``handle`` gets an interaction that was not answered yet, so it may open a form, and a picture that the
    reader may see at this moment. ``offered``: whether the reader gets the entry; asked again when it is
    pressed, and no substitute for the check of the use case. ``price_tenths``: shown in the label.
    """

    name: str
    label: str
    group: Group
    handle: Callable[[discord.Interaction[Any], ChosenPicture], Awaitable[None]]
    offered: Callable[[ChosenPicture], Awaitable[bool]] = everybody
    price_tenths: Callable[[ChosenPicture], int] = free
    style: discord.ButtonStyle = discord.ButtonStyle.secondary
