"""The commands speak the language of whoever types them, and understand a yes of any."""

from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from kleinbot.command_line.endings import agreed, in_terminals_language
from kleinbot.config.sources import load_settings


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({}, "en"),
        ({"LANG": "de_AT.UTF-8"}, "de"),
        ({"LANG": "de"}, "de"),
        ({"LANG": "C.UTF-8"}, "en"),
        ({"LANG": "tlh_QO"}, "en"),
        ({"LANG": "de_DE.UTF-8", "LC_ALL": "en_GB.UTF-8"}, "en"),
        ({"LANG": "en_GB.UTF-8", "LC_ALL": "", "LC_MESSAGES": "de_DE"}, "de"),
    ],
)
def test_lang_chooses_where_no_setting_does(
    clean_folder: Path, environment: dict[str, str], language: str
) -> None:
    assert in_terminals_language(load_settings(), environment).locale == language


def test_the_setting_is_stronger_than_lang(clean_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KLEINBOT_LOCALE", "en")
    assert in_terminals_language(load_settings(), {"LANG": "de_DE"}).locale == "en"


@pytest.mark.parametrize(
    ("typed", "answer"),
    [("y", True), ("Ja", True), ("j", True), ("yes", True), ("", False), ("n", False), ("nein", False)],
)
@pytest.mark.parametrize(("locale", "shown"), [("en", "Really? [y/N]: "), ("de", "Really? [j/N]: ")])
def test_a_yes_may_be_said_in_any_language(locale: str, shown: str, typed: str, answer: bool) -> None:
    asking = typer.Typer()
    answers: list[bool] = []
    asking.command()(lambda: answers.append(agreed("Really?", locale)))
    # What is neither is asked again.
    result = CliRunner().invoke(asking, input=f"perhaps\n{typed}\n")
    assert (result.exit_code, answers) == (0, [answer])
    assert result.stdout.count(shown) == 2


def test_nobody_who_does_not_answer_agrees() -> None:
    asking = typer.Typer()
    asking.command()(lambda: typer.echo(str(agreed("Really?", "de"))))
    result = CliRunner().invoke(asking, input="")
    assert result.exit_code == 1
    assert "True" not in result.stdout
