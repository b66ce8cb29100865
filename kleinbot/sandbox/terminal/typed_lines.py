"""Parses lines typed into the sandbox."""

import re
from dataclasses import dataclass
from typing import Any

from kleinbot.sandbox.rules.errors import Json, PersonError

SUBCOMMAND, GROUP, STRING = 1, 2, 3
_LIKE_AN_OPTION = re.compile(r"(?<!\S)[a-z][a-z_-]+:(?!//)\S+")
_ON = re.compile(r"(?<!\s)\s+on\s+(@?[\w.-]+)\s*$")


@dataclass(frozen=True)
class Slash:
    """A slash command: its path and the raw text of its options."""

    path: str
    values: dict[str, str]


@dataclass(frozen=True)
class Verb:
    """Any other line: the verb, its text, and the message or person it applies to."""

    name: str
    words: str
    target: str | None


VERBS = ("press", "pick", "menu", "as", "dm", "back", "say", "show", "help", "quit")


def parse(line: str, commands: list[Json]) -> Slash | Verb | None:
    """Parse a line; None for an empty one. Raises PersonError with a helpful sentence."""
    line = line.strip()
    if not line:
        return None
    if line.startswith("/"):
        return _slash(line[1:], commands)
    name, _, rest = line.partition(" ")
    name = {"exit": "quit", "?": "help"}.get(name.lower(), name.lower())
    if name not in VERBS:
        raise PersonError(f"{name!r} is nothing I know. Commands start with /, or type help.")
    target = _ON.search(rest)
    if target is None or name not in ("press", "pick", "menu"):
        return Verb(name, unquoted(rest), None)
    return Verb(name, unquoted(rest[: target.start()]), target[1])


def unquoted(text: str) -> str:
    """Remove the quotes around a quoted text, so that the text may contain anything."""
    text = text.strip()
    if len(text) >= 2 and text[0] == text[-1] == '"':
        return text[1:-1].replace('\\"', '"')
    return text


def _slash(line: str, commands: list[Json]) -> Slash:
    name, _, rest = line.partition(" ")
    command = next((each for each in commands if (each["type"], each["name"]) == (1, name)), None)
    if command is None:
        known = ", ".join(f"/{each['name']}" for each in commands if each["type"] == 1)
        raise PersonError(f"there is no /{name}. There is {known or 'no command yet: the bot is starting'}.")
    path, leaf = [name], command
    while nested := _nested(leaf):
        word, _, after = rest.lstrip().partition(" ")
        if word not in nested:
            raise PersonError(f"/{' '.join(path)} goes on with one of: {', '.join(nested)}")
        path.append(word)
        leaf, rest = nested[word], after
    return Slash(" ".join(path), option_texts(rest, leaf.get("options") or []))


def _nested(command: Json) -> dict[str, Json]:
    return {
        each["name"]: each for each in command.get("options") or [] if each["type"] in (SUBCOMMAND, GROUP)
    }


def option_texts(text: str, options: list[Json]) -> dict[str, str]:
    """Split ``prompt:"a red fox" count:2`` at the names of options; unquoted texts may contain spaces.

    Text without a name is the first required option, so that ``/imagine a red fox`` works.
    """
    names = "|".join(re.escape(each["name"]) for each in options)
    if not names:
        if text.strip():
            raise PersonError("this command takes no options")
        return {}
    starts = [each for each in re.finditer(rf"(?<!\S)({names}):", text) if not _is_quoted(text, each.start())]
    values: dict[str, str] = {}
    before = text[: starts[0].start()] if starts else text
    if before.strip():
        values[_first_text(options, before)] = _text(before, options)
    for at, start in enumerate(starts):
        end = starts[at + 1].start() if at + 1 < len(starts) else len(text)
        values[start[1]] = _text(text[start.end() : end], options)
    return values


def _text(text: str, options: list[Json]) -> str:
    """Return the value of an option. Raises PersonError if it looks like a mistyped option."""
    if text.replace('\\"', "").count('"') % 2:
        raise PersonError(f"a quotation mark is not closed: {text.strip()}")
    for strange in _LIKE_AN_OPTION.finditer(text):
        if not _is_quoted(text, strange.start()):
            sense = _no_sense(strange[0], options)
            raise PersonError(f"{sense}; text with such a word goes into quotation marks")
    return unquoted(text)


def _no_sense(text: str, options: list[Json]) -> str:
    names = ", ".join(f"{each['name']}:" for each in options)
    return f"cannot make sense of {text.strip()!r}; the options are {names}"


def _is_quoted(text: str, at: int) -> bool:
    return text[:at].replace('\\"', "").count('"') % 2 == 1


def _first_text(options: list[Json], text: str) -> str:
    first: Any = options[0]
    if first["type"] == STRING and first.get("required") and not re.match(r"\s*[\w-]+:\S", text):
        return str(first["name"])
    raise PersonError(_no_sense(text, options))
