"""Messages as Discord's components. Every message gets a fresh view, and none is kept."""

from dataclasses import dataclass

import discord


@dataclass(frozen=True)
class MessageContent:
    """What is sent: a view and the files that it shows."""

    view: discord.ui.LayoutView
    files: tuple[discord.File, ...] = ()


def fresh() -> discord.ui.LayoutView:
    """Return an empty message that discord.py sends and forgets.

    Presses come to dynamic items, which find their meaning in the custom id. discord.py would keep a view
    that is not stopped, with a task, for a quarter of an hour if only one member sees it.
    """
    view = discord.ui.LayoutView(timeout=None)
    view.stop()
    return view


def plain(text: str) -> discord.ui.LayoutView:
    """Return a message of text alone."""
    view = fresh()
    view.add_item(discord.ui.TextDisplay(text))
    return view
