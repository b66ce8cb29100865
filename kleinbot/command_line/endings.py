"""How a command ends: its exit codes, and a sentence instead of a traceback."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NoReturn

import typer

from kleinbot.config.settings import Settings
from kleinbot.config.sources import LoadedSettings, SettingsError, load_settings
from kleinbot.domain.errors import KleinbotError

CANNOT_START_CODE = 1
WRONG_SETTINGS_CODE = 2
INTERRUPTED_CODE = 130  # the code that shells report after Ctrl+C


def load() -> LoadedSettings:
    try:
        return load_settings()
    except SettingsError as error:
        end_by(error.problems)


def end_by(problems: Sequence[str]) -> NoReturn:
    for problem in problems:
        typer.echo(problem, err=True)
    raise typer.Exit(WRONG_SETTINGS_CODE) from None


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
