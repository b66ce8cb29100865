"""Parses lines typed into the sandbox."""

import difflib
import re
from dataclasses import dataclass

from kleinbot.sandbox.rules.errors import Json, PersonError
from kleinbot.sandbox.rules.localised import name_in, named
from kleinbot.sandbox.rules.sentences import Sentence

SUBCOMMAND, GROUP, STRING = 1, 2, 3
CHAT = 1
_LIKE_AN_OPTION = re.compile(r"(?<!\S)[a-zäöüß][a-zäöüß_-]+:(?!//)\S+")
_STARTS_AS_OPTION = re.compile(r"\s*[^\W\d][\w-]+:\S")
_ON = re.compile(r"(?:(?<!\s)\s+|^)(?:on|auf)\s+(@?[\w.-]+)\s*$")


@dataclass(frozen=True)
class Slash:
    """A slash command: its path and the raw text of its options, by the names that the bot gave them."""

    path: str
    values: dict[str, str]


@dataclass(frozen=True)
class Verb:
    """Any other line: the verb, its text, and the message or person it applies to."""

    name: str
    words: str
    target: str | None


VERBS = ("press", "pick", "menu", "as", "dm", "back", "say", "show", "help", "quit")
_ALIASES = {"exit": "quit", "?": "help"} | {
    "drück": "press",
    "drücke": "press",
    "wähle": "pick",
    "menü": "menu",
    "als": "as",
    "zurück": "back",
    "sag": "say",
    "zeig": "show",
    "hilfe": "help",
    "ende": "quit",
}
_UPSCALE_BUTTON = re.compile(r"u[1-9]")
"""What people know from other bots."""
_PICTURES_BUTTON = re.compile(r"[vbe][1-9]")
"""B1 is E1 in German."""


def parse(line: str, commands: list[Json], language: str = "en") -> Slash | Verb | None:
    """Parse a line; None for an empty one. Raises PersonError with a helpful sentence."""
    line = line.strip()
    if not line:
        return None
    if line.startswith("/"):
        return _slash(line[1:], commands, language)
    name, _, rest = line.partition(" ")
    name = _ALIASES.get(name.lower(), name.lower())
    if name not in VERBS:
        raise _unknown(name, [each for each in commands if each["type"] == CHAT], language)
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


def _unknown(word: str, commands: list[Json], language: str) -> PersonError:
    if named(commands, word, language) is not None:
        return PersonError("commands start with a slash: /{name} …", name=word)
    if _UPSCALE_BUTTON.fullmatch(word):
        return PersonError("pictures have their full size already; press V1 varies, press E1 edits")
    if _PICTURES_BUTTON.fullmatch(word):
        return PersonError("buttons are pressed with press: press {label}", label=word.upper())
    if meant := difflib.get_close_matches(word, VERBS, n=1, cutoff=0.7):
        return PersonError("{word!r} is nothing I know; did you mean {meant}?", word=word, meant=meant[0])
    return PersonError("{word!r} is nothing I know. Commands start with /, or type help.", word=word)


def _slash(line: str, commands: list[Json], language: str) -> Slash:
    name, _, rest = line.partition(" ")
    offered = [each for each in commands if each["type"] == CHAT]
    command = named(offered, name, language)
    if command is None:
        raise _no_command(name, [name_in(each, language) for each in offered])
    sent, said, leaf = [command["name"]], [name_in(command, language)], command
    while nested := [each for each in leaf.get("options") or [] if each["type"] in (SUBCOMMAND, GROUP)]:
        word, _, after = rest.lstrip().partition(" ")
        found = named(nested, word, language)
        if found is None:
            names = ", ".join(name_in(each, language) for each in nested)
            raise PersonError("/{path} goes on with one of: {names}", path=" ".join(said), names=names)
        sent.append(found["name"])
        said.append(name_in(found, language))
        leaf, rest = found, after
    return Slash(" ".join(sent), option_texts(rest, leaf.get("options") or [], language))


def _no_command(name: str, known: list[str]) -> PersonError:
    if not known:
        return PersonError("there is no command yet: the bot is starting")
    if meant := difflib.get_close_matches(name, known, n=1, cutoff=0.6):
        return PersonError("there is no /{name}. Did you mean /{meant}?", name=name, meant=meant[0])
    names = ", ".join(f"/{each}" for each in known)
    return PersonError("there is no /{name}. There is {names}.", name=name, names=names)


def option_texts(text: str, options: list[Json], language: str = "en") -> dict[str, str]:
    """Split ``prompt:"a red fox" count:2`` at the names of options; unquoted texts may contain spaces.

    Text without a name is the first option if that takes free text, so that ``/imagine a red fox`` works.
    """
    spelt = {name: each for each in options for name in (each["name"], name_in(each, language))}
    if not spelt:
        if text.strip():
            raise PersonError("this command takes no options")
        return {}
    names = "|".join(re.escape(each) for each in spelt)
    starts = [each for each in re.finditer(rf"(?<!\S)({names}):", text) if not _is_quoted(text, each.start())]
    values: dict[str, str] = {}
    before = text[: starts[0].start()] if starts else text
    if before.strip():
        values[_first_text(options, before, language)] = _text(before, options, language)
    for at, start in enumerate(starts):
        end = starts[at + 1].start() if at + 1 < len(starts) else len(text)
        option = spelt[start[1]]
        if option["name"] in values:
            raise PersonError(
                "{option}: is there twice; leave one of them out, or put text with such a word into"
                " quotation marks",
                option=name_in(option, language),
            )
        values[option["name"]] = _text(text[start.end() : end], options, language)
    return values


def _text(text: str, options: list[Json], language: str) -> str:
    """Return the value of an option. Raises PersonError if it looks like a mistyped option."""
    if text.replace('\\"', "").count('"') % 2:
        raise PersonError("a quotation mark is not closed: {text}", text=text.strip())
    for strange in _LIKE_AN_OPTION.finditer(text):
        if not _is_quoted(text, strange.start()):
            raise PersonError(
                "{complaint}; text with such a word goes into quotation marks",
                complaint=_no_sense(strange[0], options, language),
            )
    return unquoted(text)


def _no_sense(text: str, options: list[Json], language: str) -> Sentence:
    known = [name_in(each, language) for each in options]
    word = text.strip()
    meant = difflib.get_close_matches(word.partition(":")[0], known, n=1, cutoff=0.7)
    names = ", ".join(f"{each}:" for each in known)
    if meant:
        values = {"word": word, "meant": f"{meant[0]}:", "names": names}
        return Sentence(
            "cannot make sense of {word!r}, did you mean {meant} – the options are {names}", values
        )
    return Sentence("cannot make sense of {word!r}; the options are {names}", {"word": word, "names": names})


def _is_quoted(text: str, at: int) -> bool:
    return text[:at].replace('\\"', "").count('"') % 2 == 1


def _first_text(options: list[Json], text: str, language: str) -> str:
    first = options[0]
    is_meant = first.get("required") or not (first.get("choices") or first.get("autocomplete"))
    if first["type"] == STRING and is_meant and not _STARTS_AS_OPTION.match(text):
        return str(first["name"])
    raise PersonError(_no_sense(text, options, language))
