"""How a command ends: its exit codes, and a sentence instead of a traceback."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import NoReturn

import typer

from kleinbot.config.settings import Settings
from kleinbot.config.sources import LoadedSettings, SettingsError, load_settings
from kleinbot.domain.errors import KleinbotError
from kleinbot.texts import languages

CANNOT_START_CODE = 1
WRONG_SETTINGS_CODE = 2
_YES, _NO = ("y", "yes", "j", "ja"), ("", "n", "no", "nein")
_LANGUAGE_VARIABLES = ("LC_ALL", "LC_MESSAGES", "LANG")
INTERRUPTED_CODE = 130  # the code that shells report after Ctrl+C


def load() -> LoadedSettings:
    try:
        return load_settings()
    except SettingsError as error:
        end_by(error.problems)


def in_terminals_language(loaded: LoadedSettings, environment: Mapping[str, str] = os.environ) -> Settings:
    """Return the settings for a command that speaks to whoever types it: in KLEINBOT_LOCALE, or in LANG's.

    The bot itself does not ask LANG: what its members read does not depend on who starts it.
    """
    if "locale" in loaded.origins:
        return loaded.settings
    # POSIX, "Internationalization Variables": the first that is set and not empty.
    posix = next((value for name in _LANGUAGE_VARIABLES if (value := environment.get(name))), "")
    language = posix.partition(".")[0].partition("_")[0].lower()
    if language not in languages():
        return loaded.settings
    return loaded.settings.model_copy(update={"locale": language})


def end_by(problems: Sequence[str]) -> NoReturn:
    for problem in problems:
        typer.echo(problem, err=True)
    raise typer.Exit(WRONG_SETTINGS_CODE) from None


def agreed(question: str, locale: str) -> bool:
    """Ask for a yes, which may be said in any of our languages. Enter alone is a no. Raises typer.Abort."""
    from kleinbot.texts import Texts

    texts = Texts(locale)
    while True:
        choice = texts.say(None, "yes-or-no")
        answer = str(typer.prompt(f"{question} [{choice}]", default="", show_default=False)).strip().lower()
        if answer in _YES:
            return True
        if answer in _NO:
            return False
        typer.echo(texts.say(None, "yes-or-no-asked", choice=choice))


@contextmanager
def errors_as_sentences(settings: Settings) -> Iterator[None]:
    """Exit with a sentence instead of a traceback if the failure was foreseen."""
    try:
        yield
    except KleinbotError as error:
        typer.echo(sentence(error, settings.locale), err=True)
        raise typer.Exit(CANNOT_START_CODE) from None
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED_CODE) from None


def sentence(error: KleinbotError, locale: str) -> str:
    from kleinbot.texts import Texts

    return Texts().error(error, locale)
