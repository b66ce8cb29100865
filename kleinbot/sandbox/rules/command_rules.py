"""Validates a registration of commands (developer documentation, "Application Commands")."""

import re
from collections.abc import Iterator

from kleinbot.sandbox.rules.component_rules import Path, length, required, wrong_length
from kleinbot.sandbox.rules.errors import Fault, Json

CHAT, USER_MENU, MESSAGE_MENU = 1, 2, 3
SUBCOMMAND, GROUP = 1, 2
MAX_PER_TYPE = {CHAT: 100, USER_MENU: 15, MESSAGE_MENU: 15}
MAX_OPTIONS, MAX_CHOICES, MAX_CHARACTERS = 25, 25, 8000
# The documented pattern is ^[-_'\p{L}\p{N}\p{sc=Deva}\p{sc=Thai}]{1,32}$; \w covers letters, digits and _.
_NAME = re.compile(r"^[-_'\w]{1,32}$")


def registration_faults(commands: list[Json]) -> Iterator[Fault]:
    """Validate a bulk registration."""
    seen: set[tuple[int, str]] = set()
    for at, command in enumerate(commands):
        kind, name = command.get("type") or CHAT, command.get("name") or ""
        if (kind, name) in seen:
            message = "Application command names must be unique"
            yield Fault((at, "name"), "APPLICATION_COMMANDS_DUPLICATE_NAME", message)
        seen.add((kind, name))
        yield from _command((at,), command, kind)
    for kind, most in MAX_PER_TYPE.items():
        if sum((each.get("type") or CHAT) == kind for each in commands) > most:
            yield Fault(
                (), "APPLICATION_COMMANDS_MAX", f"Maximum number of application commands reached ({most})"
            )


def _command(path: Path, command: Json, kind: int) -> Iterator[Fault]:
    if kind == CHAT:
        yield from _named(path, command)
        yield from _options(path, command.get("options") or [], depth=0)
    else:
        yield from length((*path, "name"), command.get("name"), 32)
        if command.get("description"):
            message = "Context menu commands cannot have description"
            yield Fault((*path, "description"), "APPLICATION_COMMAND_CONTEXT_MENU_DESCRIPTION", message)
    if _characters(command) > MAX_CHARACTERS:
        message = f"Command exceeds maximum size ({MAX_CHARACTERS})"
        yield Fault(path, "APPLICATION_COMMAND_TOO_LARGE", message)


def _named(path: Path, thing: Json) -> Iterator[Fault]:
    names = [((*path, "name"), thing.get("name"))]
    names += [
        ((*path, "name_localizations", locale), name)
        for locale, name in (thing.get("name_localizations") or {}).items()
    ]
    for place, name in names:
        if not isinstance(name, str) or not _NAME.match(name) or name != name.lower():
            yield Fault(place, "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid")
    if not thing.get("description"):
        yield required((*path, "description"))
    yield from length((*path, "description"), thing.get("description"), 100)
    for locale, text in (thing.get("description_localizations") or {}).items():
        yield from length((*path, "description_localizations", locale), text, 100)


def _options(path: Path, options: list[Json], depth: int) -> Iterator[Fault]:
    if len(options) > MAX_OPTIONS:
        yield wrong_length((*path, "options"), 0, MAX_OPTIONS)
    names = [each.get("name") for each in options]
    optional_seen = False
    for at, option in enumerate(options):
        place = (*path, "options", at)
        yield from _named(place, option)
        if names.index(option.get("name")) != at:
            yield Fault(
                (*place, "name"), "APPLICATION_COMMAND_OPTIONS_NAME_INVALID", "Option names must be unique"
            )
        if option.get("type") in (SUBCOMMAND, GROUP):
            yield from _nested(place, option, depth)
            continue
        if option.get("required") and optional_seen:
            message = "Required options must be placed before non-required options"
            yield Fault(place, "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID", message)
        optional_seen = optional_seen or not option.get("required")
        yield from _choices(place, option)


def _nested(path: Path, option: Json, depth: int) -> Iterator[Fault]:
    if depth > 1 or (depth == 1 and option["type"] == GROUP):
        message = "Subcommands can be nested only one level deep in groups"
        yield Fault(path, "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", message)
        return
    inside = option.get("options") or []
    yield from _options(path, inside, depth + 1 if option["type"] == GROUP else 2)


def _choices(path: Path, option: Json) -> Iterator[Fault]:
    choices = option.get("choices") or []
    if len(choices) > MAX_CHOICES:
        yield wrong_length((*path, "choices"), 0, MAX_CHOICES)
    if choices and option.get("autocomplete"):
        message = "Autocomplete and choices exclude each other"
        yield Fault(path, "APPLICATION_COMMAND_OPTIONS_CHOICES_AUTOCOMPLETE", message)
    for at, choice in enumerate(choices):
        yield from length((*path, "choices", at, "name"), choice.get("name"), 100)
        if isinstance(choice.get("value"), str):
            yield from length((*path, "choices", at, "value"), choice["value"], 100)


def _characters(thing: Json) -> int:
    """Count names, descriptions and choice values; of translations only the longest counts."""
    total = 0
    for key in ("name", "description"):
        texts = [thing.get(key) or "", *(thing.get(f"{key}_localizations") or {}).values()]
        total += max(len(text) for text in texts)
    total += len(thing["value"]) if isinstance(thing.get("value"), str) else 0
    nested = [*(thing.get("options") or []), *(thing.get("choices") or [])]
    return total + sum(_characters(each) for each in nested)
