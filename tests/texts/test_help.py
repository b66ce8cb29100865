"""/help names only commands that exist, in each language, and fits one screen."""

import json
import re

import pytest

from kleinbot.chat.habits.help_handlers import PARTS
from kleinbot.texts import Texts, languages
from tests.docs.commands_table import REGISTERED

_LINES_OF_A_SCREEN = 24
_CHARACTERS_OF_A_LINE = 110
"""Of Discord in a window 1,280 pixels wide."""


def _help(locale: str, model: str) -> str:
    return "\n".join(Texts().say(locale, part, model=model, editing="yes") for part in PARTS)


@pytest.mark.parametrize("locale", languages())
def test_every_command_that_help_names_exists_in_the_readers_language(locale: str) -> None:
    registered = json.loads(REGISTERED.read_text("utf-8"))["commands"].values()
    names = {command["name_localizations"]["en-US" if locale == "en" else locale] for command in registered}
    ours = re.sub(r"(?m)(?:^|(?<=·)).*? → ", "", _help(locale, "full"))  # the left side is Midjourney's
    named = re.findall(r"`/(\w+)", ours)
    assert len(named) > 10
    assert set(named) <= names


@pytest.mark.parametrize("locale", languages())
@pytest.mark.parametrize("model", ["full", "small"])
def test_help_fits_one_screen(locale: str, model: str) -> None:
    lines = _help(locale, model).split("\n")
    assert sum(-(-len(line) // _CHARACTERS_OF_A_LINE) for line in lines) <= _LINES_OF_A_SCREEN
    assert len("\n".join(lines)) < 2_000
