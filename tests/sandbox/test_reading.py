"""Times are shown in the language of the person at the terminal, as by Discord's clients."""

import pytest

from kleinbot.sandbox.rules.limits import DiscordLimits
from kleinbot.sandbox.server.state import State
from kleinbot.sandbox.terminal.reading import legible


@pytest.mark.parametrize(
    ("language", "away_s", "said"),
    [
        ("en", 86_400, "back in 1 day"),
        ("en", -1, "back 1 second ago"),
        ("en", 0, "back now"),
        ("de", 2 * 86_400, "back in 2 Tagen"),
        ("de", 86_399, "back in 24 Stunden"),
        ("de", -60, "back vor 1 Minute"),
        ("de", 0, "back jetzt"),
    ],
)
def test_a_relative_time_is_in_the_readers_language(language: str, away_s: int, said: str) -> None:
    state = State(lambda: 1_000_000.0, DiscordLimits())
    state.reader_language = language
    assert legible(f"back <t:{1_000_000 + away_s}:R>", state) == said
