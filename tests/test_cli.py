"""The commands of ``bot.py``, and the sentences printed when it cannot start."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

import pytest
from typer.testing import CliRunner, Result

from kleinbot import __version__, cli
from kleinbot.config.settings import Settings
from kleinbot.config.sources import valid_value
from kleinbot.config.values import DeviceChoice
from kleinbot.doctor.findings import Finding, Topic, problem
from kleinbot.domain.errors import Code, FatalEngineError, StartError
from kleinbot.process.supervisor import RESTART_CODE
from kleinbot.texts import Texts, languages

ENDS_FOR_GOOD = 2
"""A code after which the supervisor does not restart its child."""

TOKEN = ".".join(("A" * 24, "b" * 6, "c" * 38))


class FakeRunModes(ModuleType):
    """Replaces ``kleinbot.app.run_modes``: records the calls, answers with ``code`` or ``error``."""

    def __init__(self) -> None:
        super().__init__("kleinbot.app.run_modes")
        self.served: list[Settings] = []
        self.sandboxes: list[tuple[Settings, str | None, float]] = []
        self.code = 0
        self.error: BaseException | None = None

    async def serve(self, settings: Settings, _: object) -> int:
        self.served.append(settings)
        return self._answer()

    async def sandbox(self, settings: Settings, run: str | None, timeout_s: float, _: object) -> int:
        self.sandboxes.append((settings, run, timeout_s))
        return self._answer()

    def _answer(self) -> int:
        if self.error is not None:
            raise self.error
        return self.code


@pytest.fixture(autouse=True)
def run_modes(clean_folder: Path, monkeypatch: pytest.MonkeyPatch) -> FakeRunModes:
    del clean_folder
    run_modes = FakeRunModes()
    monkeypatch.setitem(sys.modules, "kleinbot.app.run_modes", run_modes)
    return run_modes


@pytest.fixture
def child(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Commands of the started children; each ends with 5."""
    started: list[list[str]] = []

    class Child:
        def wait(self, timeout: float | None = None) -> int:
            return ENDS_FOR_GOOD

        def send_signal(self, sig: int, /) -> None:
            raise AssertionError

    def start(command: list[str]) -> Child:
        started.append(command)
        return Child()

    monkeypatch.setattr(cli, "start_child", start)
    return started


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(cli.commands, arguments)


def test_without_a_command_and_a_token_the_sandbox_opens_and_says_so(
    run_modes: FakeRunModes, child: list[list[str]]
) -> None:
    run_modes.code = 3
    result = invoke()
    assert result.exit_code == 3
    assert result.stderr.startswith("DISCORD_TOKEN is not set, so this is the sandbox")
    assert result.stderr.count("\n") == 1
    [(settings, run, _)] = run_modes.sandboxes
    assert settings.data_folder == Path("data/sandbox")
    assert run is None
    assert child == []


def test_without_a_command_but_with_a_token_it_goes_live(
    run_modes: FakeRunModes, child: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DISCORD_TOKEN", TOKEN)
    assert invoke().exit_code == ENDS_FOR_GOOD
    assert [command[-1] for command in child] == ["serve"]
    assert run_modes.sandboxes == []


def test_run_starts_the_child_and_ends_with_its_code(
    child: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DISCORD_TOKEN", TOKEN)
    assert invoke("run").exit_code == ENDS_FOR_GOOD
    assert len(child) == 1
    assert TOKEN not in " ".join(child[0])


@pytest.mark.parametrize("command", ["run", "serve"])
def test_live_without_a_token_is_one_sentence_and_never_a_sandbox(
    command: str, run_modes: FakeRunModes, child: list[list[str]]
) -> None:
    result = invoke(command)
    assert result.exit_code == 1
    assert result.stderr == Texts().error(StartError(Code.TOKEN_MISSING), "en") + "\n"
    assert result.stdout == ""
    assert (run_modes.sandboxes, run_modes.served, child) == ([], [], [])


def test_serve_runs_the_bot_here(run_modes: FakeRunModes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISCORD_TOKEN", TOKEN)
    run_modes.code = 4
    assert invoke("serve").exit_code == 4
    assert run_modes.served[0].data_folder == Path("data")


@pytest.mark.parametrize("locale", languages())
def test_a_start_that_fails_is_one_sentence_in_the_hosts_language(
    locale: str, run_modes: FakeRunModes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DISCORD_TOKEN", TOKEN)
    monkeypatch.setenv("KLEINBOT_LOCALE", locale)
    run_modes.error = StartError(Code.FOLDER_IN_USE, folder="data", pid=7, since="2030-01-01T00:00:00+00:00")
    result = invoke("serve")
    assert result.exit_code == 1
    assert result.stderr == Texts().error(run_modes.error, locale) + "\n"


def test_the_sandbox_takes_a_command_and_a_time(run_modes: FakeRunModes) -> None:
    assert invoke("sandbox", "--run", "/imagine a lighthouse", "--timeout", "9").exit_code == 0
    [(_, run, timeout_s)] = run_modes.sandboxes
    assert (run, timeout_s) == ("/imagine a lighthouse", 9)


def test_the_sandbox_never_sees_the_token(run_modes: FakeRunModes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISCORD_TOKEN", TOKEN)
    invoke("sandbox")
    assert run_modes.sandboxes[0][0].discord_token is None


def test_leaving_the_sandbox_by_an_interrupt_shows_no_traceback(run_modes: FakeRunModes) -> None:
    run_modes.error = KeyboardInterrupt()
    result = invoke("sandbox")
    assert result.exit_code == 130
    assert result.stderr == ""


@pytest.mark.parametrize("command", [(), ("run",), ("serve",), ("sandbox",), ("settings",)])
def test_wrong_settings_are_told_line_by_line(
    command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KLEINBOT_QUOTA_HOURS", "day")
    monkeypatch.setenv("KLEINBOT_GRACE", "5")
    result = invoke(*command)
    assert result.exit_code == 2
    assert result.stderr.splitlines() == [
        "KLEINBOT_GRACE (the environment) is not a setting: did you mean KLEINBOT_GRACE_S?",
        "KLEINBOT_QUOTA_HOURS (the environment) is 'day'; it should be " + valid_value("quota_hours") + ".",
    ]


def test_settings_are_shown_with_their_source_and_without_the_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISCORD_TOKEN", TOKEN)
    monkeypatch.setenv("KLEINBOT_QUOTA_HOURS", "12")
    result = invoke("settings")
    assert result.exit_code == 0
    assert "discord_token = set (not shown)" in result.stdout
    assert TOKEN not in result.stdout
    assert "quota_hours = 12" in result.stdout
    assert "From: KLEINBOT_QUOTA_HOURS in the environment. Default: 24." in result.stdout


def test_settings_are_listed_beside_what_is_wrong_with_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KLEINBOT_QUOTA_HOUR", "12")
    monkeypatch.setenv("KLEINBOT_GRACE_S", "soon")
    monkeypatch.setenv("KLEINBOT_LOCALE", "de")
    result = invoke("settings")
    assert result.exit_code == 2
    assert len(result.stderr.splitlines()) == 2
    for shown in ("quota_hours = 24", "grace_s = 30.0", "locale = de"):
        assert shown in result.stdout
    assert "From: KLEINBOT_LOCALE in the environment." in result.stdout


def test_settings_are_listed_where_not_even_the_defaults_can_be_used(tmp_path: Path) -> None:
    (tmp_path / "data").touch()
    result = invoke("settings")
    assert result.exit_code == 2
    assert "KLEINBOT_DATA_FOLDER (default) is 'data'" in result.stderr
    assert "data_folder = data" in result.stdout


def test_version() -> None:
    assert invoke("version").stdout == f"kleinbot {__version__}\n"


def test_the_doctor_looks_with_the_settings_that_can_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KLEINBOT_QUOTA_HOURS", "banana")
    monkeypatch.setenv("KLEINBOT_LOCALE", "de")
    monkeypatch.setenv("KLEINBOT_DEVICE", "cuda")
    seen: list[Settings] = []

    def examine(settings: Settings, problems: Sequence[str] = ()) -> list[Finding]:
        seen.append(settings)
        return [problem(Topic.SETTINGS, "doctor-settings", sentence=each) for each in problems]

    monkeypatch.setattr("kleinbot.doctor.examination.examine", examine)
    result = invoke("doctor")
    assert result.exit_code != 0
    assert "banana" in result.stdout
    assert [(each.locale, each.device) for each in seen] == [("de", DeviceChoice.CUDA)]


def test_help_names_every_command_but_the_childs() -> None:
    result = invoke("--help")
    assert result.exit_code == 0
    for command in ("run", "sandbox", "settings", "version"):
        assert f"  {command} " in result.stdout
    assert "  serve " not in result.stdout


def test_a_bench_that_lost_the_gpu_ends_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    def run_bench(*_: object, **__: object) -> int:
        raise FatalEngineError("a device-side assert")

    ended: list[int] = []

    def end(code: int) -> None:
        ended.append(code)
        raise SystemExit(code)

    monkeypatch.setattr("kleinbot.bench.command.run_bench", run_bench)
    monkeypatch.setattr(os, "_exit", end)

    assert CliRunner().invoke(cli.commands, ["bench"]).exit_code == 1
    assert ended == [1]


def test_pictures_are_drawn_or_the_host_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, object]] = []

    def run_bench(_: Settings, file: Path | None, **options: bool) -> int:
        asked.append(("bench", (file, options)))
        return 0

    def run_pictures(_: Settings, folder: Path) -> int:
        asked.append(("pictures", folder))
        return 0

    monkeypatch.setattr("kleinbot.bench.command.run_bench", run_bench)
    monkeypatch.setattr("kleinbot.bench.command.run_pictures", run_pictures)

    assert invoke("bench", "--pictures", "sheets").exit_code == 0
    assert invoke("bench", "--share", "--quick").exit_code == 0
    assert invoke("bench", "--pictures", "sheets", "--share").exit_code == ENDS_FOR_GOOD
    measured = None, {"quick": True, "against_model_card": False, "share": True}
    assert asked == [("pictures", Path("sheets")), ("bench", measured)]


def test_a_bot_that_lost_the_gpu_ends_at_once_with_86(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """An ordinary exit would wait for ever for the thread that hangs in the GPU's driver."""
    ended: list[int] = []

    def end(code: int) -> None:
        ended.append(code)
        raise SystemExit(code)

    async def serve(*_: object) -> int:
        return RESTART_CODE

    entrances = ModuleType("kleinbot.app.run_modes")
    entrances.__dict__["serve"] = serve
    monkeypatch.setitem(sys.modules, "kleinbot.app.run_modes", entrances)
    monkeypatch.setattr(os, "_exit", end)
    monkeypatch.setenv("DISCORD_TOKEN", TOKEN)
    monkeypatch.setenv("KLEINBOT_DATA_FOLDER", str(tmp_path))

    assert CliRunner().invoke(cli.commands, ["serve"]).exit_code == 86
    assert ended == [86]
