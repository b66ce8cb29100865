"""README's table of commands, from the cogs' declarations and their English texts."""

import asyncio
import functools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import discord
from discord import app_commands
from discord.ext import commands

from kleinbot.app.cogs import cogs
from kleinbot.chat.core.routing import Handlers

REGISTERED = Path(__file__).parents[1] / "golden" / "lists" / "commands.json"
"""What a running bot registers; a test of its own compares it with one."""

_FIRST = ("imagine", "edit", "variations", "queue", "cancel", "history", "show", "quota")
_GROUPS = (
    "**for members**",
    "**for admins and moderators, as Discord's permissions say**",
    "**for the owner of the bot**",
)
_OWNERS = "host"
_MENUS = {
    discord.AppCommandType.message: "a message",
    discord.AppCommandType.user: "a member",
}
_Command = app_commands.Command[Any, ..., Any]


def table() -> str:
    """Return the table, a row for each command: those of members, of admins, of the owner; then the menus."""
    rows = ["| command | what it does | options (**needed**) |", "|---|---|---|"]
    parts: dict[int, list[str]] = {}
    for name, command in sorted(declared().items(), key=_order):
        options = sorted(command.parameters, key=lambda option: not option.required)
        names = ", ".join(
            f"**{each.display_name}**" if each.required else f"{each.display_name}" for each in options
        )
        parts.setdefault(_group(command), []).append(
            f"| `/{name}` | {_cell(command.description)} | {names} |"
        )
    for group, lines in sorted(parts.items()):
        rows += [f"| {_GROUPS[group]} | | |", *lines]
    rows.append("| **in the menu *Apps*** (right-click, or press long) | | |")
    rows += [f"| *{name}* | on {what} | |" for name, what in menus()]
    return "\n".join(rows)


@functools.cache
def tree() -> app_commands.CommandTree[Any]:
    """Return the commands of the real cogs, in a client that never connects and whose handlers are absent."""
    return asyncio.run(_filled())


async def _filled() -> app_commands.CommandTree[Any]:
    bot = commands.Bot(command_prefix=(), intents=discord.Intents.none(), help_command=None)
    for cog in cogs(cast("Handlers", _Absent()), bot.tree, has_base=True):
        await bot.add_cog(cog)
    return bot.tree


class _Absent:
    """Handlers that a table has no use for: declaring a command calls none."""

    def __getattr__(self, name: str) -> "_Absent":
        return self


def declared() -> dict[str, _Command]:
    """Return each slash command by its whole English name, with its options and sentences."""
    kinds = app_commands.Command
    return {each.qualified_name: each for each in tree().walk_commands() if isinstance(each, kinds)}


def registered() -> dict[str, list[str]]:
    """Return the options of each slash command that a bot with the base checkpoint registers."""
    lists = json.loads(REGISTERED.read_text("utf-8"))
    entries = (lists["commands"] | lists["with the base checkpoint"]).values()
    return {
        name: options
        for entry in entries
        if entry.get("type", 1) == 1
        for name, options in _leaves(entry, entry["name"])
    }


def menus() -> list[tuple[str, str]]:
    """Return the name of each context menu with what it is a menu of."""
    return [(menu.name, what) for kind, what in _MENUS.items() for menu in tree().get_commands(type=kind)]


def _leaves(entry: dict[str, Any], name: str) -> Iterator[tuple[str, list[str]]]:
    """Yield the name and options of ``entry`` or, if it is a group (types 1 and 2), of what is in it."""
    within = [option for option in entry.get("options", []) if option["type"] in (1, 2)]
    if not within:
        yield name, [option["name"] for option in entry.get("options", [])]
    for option in within:
        yield from _leaves(option, f"{name} {option['name']}")


def _order(named: tuple[str, _Command]) -> tuple[int, str]:
    first = named[0].split()[0]
    return (_FIRST.index(first) if first in _FIRST else len(_FIRST), named[0])


def _group(command: _Command) -> int:
    """Return the position in ``_GROUPS``; Discord goes by the permissions of the outermost group."""
    top = command.root_parent or command
    if top.name == _OWNERS:
        return 2
    return 0 if top.default_permissions is None else 1


def _cell(sentence: str) -> str:
    return sentence.replace("|", "\\|")
