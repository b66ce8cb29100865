"""Discord's own localisation of command names and descriptions, from ``texts/<language>/commands.ftl``."""

import functools

import discord
from discord import app_commands

from kleinbot.domain.errors import Parameter
from kleinbot.texts import FALLBACK, Texts


class FluentTranslator(app_commands.Translator):
    """Translates strings whose ``extra`` carries the message id ``key``."""

    def __init__(self, texts: Texts) -> None:
        super().__init__()
        self._texts = texts

    async def translate(
        self,
        string: app_commands.locale_str,
        locale: discord.Locale,
        context: app_commands.TranslationContextTypes,
    ) -> str | None:
        del context
        key = string.extras.get("key")
        if not isinstance(key, str) or not self._texts.has(str(locale), key):
            return None
        return self._texts.say(str(locale), key, **string.extras.get("parameters", {}))


def t(key: str, **parameters: Parameter) -> app_commands.locale_str:
    """Return the English string of ``key`` for a command, to be translated by ``FluentTranslator``."""
    english = _texts().say(FALLBACK, key, **parameters)
    return app_commands.locale_str(english, key=key, parameters=parameters)


@functools.cache
def _texts() -> Texts:
    return Texts()
