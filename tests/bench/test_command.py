"""The ``bot.py bench`` command: exit codes, messages, and the data folder."""

import dataclasses
import json
from pathlib import Path

import pytest

from kleinbot.app.model_choice import ModelChoice, choose_model
from kleinbot.bench import command
from kleinbot.bench.command import run_bench
from kleinbot.bench.conditions import cpu_name
from kleinbot.bench.results import Comparison, Report
from kleinbot.config.settings import Settings
from kleinbot.config.values import DeviceChoice
from kleinbot.domain.errors import FatalEngineError
from kleinbot.domain.profile import CPU_SMALL, ComponentPlan, WeightFormat
from kleinbot.hardware.facts import GIB, HostMemory, MachineFacts, System
from kleinbot.process.folder_lock import folder_locked, holder_of
from kleinbot.texts import Texts
from tests.bench.test_bench import REPORT


@pytest.fixture
def settings(tmp_path: Path, tiny_folder: Path) -> Settings:
    return Settings(data_folder=tmp_path / "data", weights=tiny_folder, device=DeviceChoice.CPU)


def with_report(monkeypatch: pytest.MonkeyPatch, report: Report | Exception) -> None:
    async def bench(*_: object) -> Report:
        if isinstance(report, Exception):
            raise report
        return report

    monkeypatch.setattr(command, "bench", bench)


@pytest.mark.timeout(240)
def test_a_comparison_from_settings_to_file(
    settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    smaller(monkeypatch, WeightFormat.PLAIN)
    file = tmp_path / "bench.json"

    assert run_bench(settings, file, quick=True, against_model_card=True) == 0

    content = json.loads(file.read_text("utf-8"))
    assert [row["case"] for row in content["rows"]] == ["64x64", "64x64+1ref"]
    assert all(ratio > 0 for ratio in content["model_card"]["ratios"])
    printed = capsys.readouterr()
    assert printed.out.splitlines()[-1].startswith("kleinbot-bench/1 | ")
    assert "×" in printed.out
    assert "64x64+1ref: run 3 of 3" in printed.err
    assert holder_of(settings.data_folder) is None


@pytest.mark.timeout(240)
def test_weights_in_8_bits_are_made_once_for_bench_and_bot(
    settings: Settings, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    sentence = Texts().say("en", "bench-first-start")
    smaller(monkeypatch, WeightFormat.INT8)

    def kept() -> dict[str, int]:
        return {path.name: path.stat().st_mtime_ns for path in settings.scratch_folder.rglob("*.safetensors")}

    assert run_bench(settings, None, quick=True, against_model_card=False) == 0
    made = kept()
    assert sentence in capsys.readouterr().out
    assert run_bench(settings, None, quick=True, against_model_card=False) == 0

    assert made
    assert kept() == made
    assert sentence not in capsys.readouterr().out


@pytest.mark.parametrize(("weights", "times"), [("somebody/klein", 1), (None, 0)])
def test_weights_that_are_left_alone_are_said_not_to_be_measured(
    weights: str | None,
    times: int,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with_report(monkeypatch, REPORT)
    no_gpu = MachineFacts(System.LINUX, HostMemory(16 * GIB, 12 * GIB))
    monkeypatch.setattr(command, "choose_model", lambda chosen: choose_model(chosen, lambda: no_gpu))
    own = Settings(data_folder=tmp_path / "data", weights=weights)
    assert run_bench(own, None, quick=True, against_model_card=False) == 0
    sentence = Texts().say("en", "bench-weights-left-alone", weights=str(weights))
    assert capsys.readouterr().err.splitlines().count(sentence) == times


@pytest.mark.parametrize("is_sandbox", [False, True])
def test_beside_a_running_bot_it_refuses(
    settings: Settings, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, is_sandbox: bool
) -> None:
    with_report(monkeypatch, REPORT)
    busy = settings.for_sandbox().data_folder if is_sandbox else settings.data_folder

    with folder_locked(busy):
        assert run_bench(settings, None, quick=True, against_model_card=False) == 1

    assert str(busy) in capsys.readouterr().err
    assert run_bench(settings, None, quick=True, against_model_card=False) == 0


def test_a_lost_gpu_is_a_sentence(
    settings: Settings, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with_report(monkeypatch, FatalEngineError("device-side assert"))

    with pytest.raises(FatalEngineError):
        run_bench(settings, None, quick=True, against_model_card=False)

    assert "device-side assert" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("report", "code"),
    [
        (REPORT, 0),
        (dataclasses.replace(REPORT, rows=REPORT.rows[1:], comparison=None), 1),
        (dataclasses.replace(REPORT, comparison=Comparison("resident", problem="no VAE")), 1),
    ],
)
def test_the_exit_code_says_whether_what_was_asked_was_measured(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, report: Report, code: int
) -> None:
    with_report(monkeypatch, report)
    assert run_bench(settings, None, quick=True, against_model_card=True) == code


def test_a_processor_has_its_name(tmp_path: Path) -> None:
    file = tmp_path / "cpuinfo"
    file.write_text("processor\t: 0\nmodel name\t: Some CPU: 9\nprocessor\t: 1\nmodel name\t: Other\n")
    assert cpu_name(file) == "Some CPU: 9"
    assert cpu_name(tmp_path / "none")


def smaller(monkeypatch: pytest.MonkeyPatch, encoder: WeightFormat) -> None:
    """Limit the settings' model to 64×64 pictures, with the text encoder's weights in ``encoder``."""

    def choose(settings: Settings) -> ModelChoice:
        model = choose_model(settings)
        profile = dataclasses.replace(CPU_SMALL, largest_grid_tokens=16, text_encoder=ComponentPlan(encoder))
        return dataclasses.replace(model, profile=profile)

    monkeypatch.setattr(command, "choose_model", choose)
