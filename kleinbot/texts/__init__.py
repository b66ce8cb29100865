"""All sentences for people, by message id and locale, in Mozilla's Fluent format."""

import logging
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from fluent.runtime import FluentBundle, FluentResource

from kleinbot.domain.errors import KleinbotError, Parameter
from kleinbot.installation import PROGRAM, install, pip

_log = logging.getLogger(__name__)
_FOLDER = Path(__file__).parent
FALLBACK = "en"
_FUNCTIONS: dict[str, Any] = {"PROGRAM": lambda: PROGRAM, "PIP": pip, "INSTALL": install}
"""What sentences name that depends on how this kleinbot is installed."""


class Texts:
    """Finds sentences. A missing locale falls back to its language, then to English."""

    def __init__(self, default_locale: str = FALLBACK) -> None:
        self._default = default_locale

    def say(self, locale: str | None, message_id: str, /, **parameters: Parameter) -> str:
        """Return the sentence ``message_id`` in ``locale`` with its parameters filled in.

        Raises KeyError if no language has the sentence; a test prevents that.
        """
        for language in self._preferred(locale):
            sentence = _format(language, message_id, parameters)
            if sentence is not None:
                return sentence
        raise KeyError(message_id)

    def error(self, error: KleinbotError, locale: str | None = None) -> str:
        """Return an error's sentence: what was wrong and what to do."""
        return self.say(locale, error.code, **error.parameters)

    def has(self, locale: str, message_id: str) -> bool:
        """Return whether this locale's language itself has the sentence."""
        language = locale.partition("-")[0]
        return language in languages() and _bundle(language).has_message(message_id)

    def _preferred(self, locale: str | None) -> list[str]:
        wanted = [(locale or self._default).partition("-")[0], self._default.partition("-")[0], FALLBACK]
        return [language for language in dict.fromkeys(wanted) if language in languages()]


@cache
def languages() -> tuple[str, ...]:
    """Return the languages with a folder of sentences."""
    return tuple(sorted(folder.name for folder in _FOLDER.iterdir() if any(folder.glob("*.ftl"))))


@cache
def _bundle(language: str) -> FluentBundle:
    # Isolation marks would appear as odd characters in Discord's fixed-width and copied text.
    bundle = FluentBundle([language], functions=_FUNCTIONS, use_isolating=False)
    for file in sorted((_FOLDER / language).glob("*.ftl")):
        bundle.add_resource(FluentResource(file.read_text(encoding="utf-8")))
    return bundle


def _format(language: str, message_id: str, parameters: Mapping[str, Parameter]) -> str | None:
    bundle = _bundle(language)
    if not bundle.has_message(message_id):
        return None
    pattern = bundle.get_message(message_id).value
    if pattern is None:
        return None
    sentence, errors = bundle.format_pattern(pattern, dict(parameters))
    for error in errors:
        _log.error("%s in %s: %s", message_id, language, error)
    return str(sentence)
