"""The report and the command."""

import json
import sys
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest
from typer.testing import CliRunner

from kleinbot import __version__, cli
from kleinbot.doctor.examination import examine, would_start
from kleinbot.doctor.findings import Topic, Verdict
from kleinbot.doctor.report import as_json, print_report
from kleinbot.texts import Texts, languages
from tests.doctor.examining import TOKEN, instruments, of, settings


def test_a_sound_machine_would_start_and_nothing_is_changed(tmp_path: Path, api: str) -> None:
    sound = settings(tmp_path, allowed_servers=[1], contact="host@example.org")
    findings = examine(sound, instruments=instruments(api))
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
    assert CliRunner().invoke(cli.commands, ["doctor", "--live"]).exit_code == 1
    monkeypatch.setenv("DISCORD_TOKEN", TOKEN)
    for command in (["doctor", "--json"], ["doctor", "--json", "--live"]):
        result = CliRunner().invoke(cli.commands, command)
        assert result.exit_code == 0
        content = json.loads(result.stdout)
        assert (content["starts"], content["mode"], content["version"]) == (True, "live", __version__)
    monkeypatch.setenv("KLEINBOT_QUOTA_HOURS", "day")
    result = CliRunner().invoke(cli.commands, ["doctor"])
    assert result.exit_code == 1
    assert "KLEINBOT_QUOTA_HOURS" in result.stdout
    assert not Path("data").exists()


@pytest.mark.parametrize("locale", languages())
def test_without_a_token_the_sandbox_is_judged_and_the_way_to_go_live_told(
    locale: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    tools = instruments()
    monkeypatch.setattr("kleinbot.doctor.examination.Instruments", lambda: tools)
    monkeypatch.setenv("KLEINBOT_LOCALE", locale)
    result = CliRunner().invoke(cli.commands, ["doctor"])
    assert result.exit_code == 0
    last = result.stdout.splitlines()[-1]
    assert last == Texts(locale).say(None, "doctor-sandbox-starts")
    for step in ("https://discord.com/developers/applications", "DISCORD_TOKEN", ".env", "bot.py run"):
        assert step in last
    content = json.loads(CliRunner().invoke(cli.commands, ["doctor", "--json"]).stdout)
    assert (content["starts"], content["mode"]) == (True, "sandbox")
    folder = next(each for each in content["findings"] if each["topic"] == "data-folder")
    assert Path(folder["parameters"]["folder"]).parts[-2:] == ("data", "sandbox")
    assert not Path("data").exists()


def test_a_sandbox_that_would_not_start_is_told_too(monkeypatch: pytest.MonkeyPatch) -> None:
    tools = replace(instruments(), free_bytes_at=lambda _: 0)
    monkeypatch.setattr("kleinbot.doctor.examination.Instruments", lambda: tools)
    result = CliRunner().invoke(cli.commands, ["doctor"])
    assert result.exit_code == 1
    assert result.stdout.splitlines()[-1] == Texts().say(None, "doctor-sandbox-does-not-start")


def test_a_wrong_token_is_judged_as_going_live(monkeypatch: pytest.MonkeyPatch) -> None:
    tools = instruments()
    monkeypatch.setattr("kleinbot.doctor.examination.Instruments", lambda: tools)
    monkeypatch.setenv("DISCORD_TOKEN", "wrong")
    result = CliRunner().invoke(cli.commands, ["doctor"])
    assert result.exit_code == 1
    assert result.stdout.splitlines()[-1] == Texts().say(None, "doctor-does-not-start")


def test_a_library_that_is_missing_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "aiohttp", None)
    for name in ("discord_account", "examination"):
        monkeypatch.delitem(sys.modules, f"kleinbot.doctor.{name}")
        monkeypatch.delattr(f"kleinbot.doctor.{name}")
    result = CliRunner().invoke(cli.commands, ["doctor"])
    assert result.exit_code == 1
    assert "aiohttp is not installed" in result.stderr
