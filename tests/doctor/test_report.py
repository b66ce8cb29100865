"""The report and the command."""

import json
import sys
from io import StringIO
from pathlib import Path

import pytest
from typer.testing import CliRunner

from kleinbot import cli
from kleinbot.doctor.examination import examine, would_start
from kleinbot.doctor.findings import Topic, Verdict
from kleinbot.doctor.report import as_json, print_report
from kleinbot.texts import Texts, languages
from tests.doctor.examining import TOKEN, instruments, of, settings


def test_a_sound_machine_would_start_and_nothing_is_changed(tmp_path: Path, api: str) -> None:
    findings = examine(settings(tmp_path, allowed_servers=[1]), instruments=instruments(api))
    assert would_start(findings)
    assert {finding.verdict for finding in findings} == {Verdict.OK}
    assert list(tmp_path.iterdir()) == []


def test_what_depends_on_settings_that_cannot_be_read_is_not_looked_at(tmp_path: Path) -> None:
    findings = examine(settings(tmp_path), ["a setting is wrong"], instruments())
    unseen = {finding.topic for finding in findings if finding.message == "doctor-not-looked-at"}
    assert unseen == {
        *(Topic.WEIGHTS, Topic.PROFILE, Topic.TOKEN, Topic.DATA_FOLDER, Topic.DISK, Topic.DATABASE),
        Topic.ARCHIVE,
    }
    assert all(len(of(findings, topic)) == 1 for topic in unseen)
    assert {finding.verdict for finding in findings if finding.topic in unseen} == {Verdict.WARNING}


@pytest.mark.parametrize("locale", languages())
def test_the_report_is_plain_lines_and_json_in_the_owners_language(tmp_path: Path, locale: str) -> None:
    findings = examine(settings(tmp_path, token=None), ["a [bracket] is wrong"], instruments())
    texts, stream = Texts(locale), StringIO()
    print_report(findings, texts, stream)
    lines = stream.getvalue().splitlines()
    assert len(lines) == len(findings) + 1
    assert lines[0].endswith("a [bracket] is wrong")
    assert lines[-1] == texts.say(None, "doctor-does-not-start")
    content = json.loads(as_json(findings, texts))
    assert content["starts"] is False
    assert content["findings"][0]["verdict"] == "problem"


def test_the_command_ends_with_whether_the_bot_would_start(monkeypatch: pytest.MonkeyPatch) -> None:
    tools = instruments()
    monkeypatch.setattr("kleinbot.doctor.examination.Instruments", lambda: tools)
    result = CliRunner().invoke(cli.commands, ["doctor"])
    assert result.exit_code == 1
    monkeypatch.setenv("DISCORD_TOKEN", TOKEN)
    result = CliRunner().invoke(cli.commands, ["doctor", "--json"])
    assert result.exit_code == 0
    assert json.loads(result.stdout)["starts"] is True
    monkeypatch.setenv("KLEINBOT_QUOTA_HOURS", "day")
    result = CliRunner().invoke(cli.commands, ["doctor"])
    assert result.exit_code == 1
    assert "KLEINBOT_QUOTA_HOURS" in result.stdout
    assert not Path("data").exists()


def test_a_library_that_is_missing_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "aiohttp", None)
    for name in ("discord_account", "examination"):
        monkeypatch.delitem(sys.modules, f"kleinbot.doctor.{name}")
        monkeypatch.delattr(f"kleinbot.doctor.{name}")
    result = CliRunner().invoke(cli.commands, ["doctor"])
    assert result.exit_code == 1
    assert "aiohttp is not installed" in result.stderr
