"""README's table of commands, from the cogs' declarations and their English texts."""

import importlib
import json
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from discord import app_commands
from discord.ext import commands

import cogs

REGISTERED = Path(__file__).parents[1] / "golden" / "lists" / "commands.json"
"""What a running bot registers; a test of its own compares it with one."""

_FIRST = ("imagine", "edit", "variations", "queue", "cancel", "history", "show", "quota")
_GROUPS = (
    "**for members**",
    "**for admins and moderators, as Discord's permissions say**",
    "**for the owner of the bot**",
)
_OWNERS = "host"
_MENUS = {"menu of a message": "a message", "menu of a member": "a member"}
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


def declared() -> dict[str, _Command]:
    """Return each slash command by its whole English name, as the cogs declare it, with all its options."""
    found: dict[str, _Command] = {}
    for command in _commands():
        before = found.get(command.qualified_name)
        if before is None or len(before.parameters) < len(command.parameters):
            found[command.qualified_name] = command
    return found


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
    keys = json.loads(REGISTERED.read_text("utf-8"))["commands"]
    named = (key.removesuffix(")").rpartition(" (") for key in keys)
    return [(name, _MENUS[kind]) for name, _, kind in named if kind in _MENUS]


def _commands() -> Iterator[_Command]:
    for module in pkgutil.iter_modules(cogs.__path__):
        for value in vars(importlib.import_module(f"cogs.{module.name}")).values():
            if isinstance(value, type) and issubclass(value, commands.Cog):
                yield from _within(value)


def _within(cog: type[commands.Cog]) -> Iterator[_Command]:
    for declaration in cog.__cog_app_commands__:
        if isinstance(declaration, app_commands.Group):
            yield from (
                each for each in declaration.walk_commands() if isinstance(each, app_commands.Command)
            )
        else:
            yield declaration


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
