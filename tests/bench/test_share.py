"""``bench --share``: what others may know, and nothing else."""

import dataclasses
import json
from pathlib import Path

import pytest

from kleinbot.bench.command import run_bench
from kleinbot.bench.results import Report, Row
from kleinbot.bench.share import FORMAT, as_shared, file_name
from kleinbot.config.settings import Settings
from kleinbot.texts import Texts
from tests.bench.test_bench import CONDITIONS, REPORT
from tests.bench.test_command import with_report

SECRETS = ("ada-desktop", "/home/ada/Models/klein", "6.1.0-adas-own", "/home/ada/pipe.safetensors")


def personal_report() -> Report:
    """A report with a name wherever a measurement can pick one up."""
    host, weights, release, file = SECRETS
    conditions = dataclasses.replace(
        CONDITIONS, model=weights, system=f"Linux {release} {host}", cpu="AMD Ryzen 5 5600"
    )
    failed = Row(REPORT.rows[1].case, problem=f"{file} cannot be read")
    return dataclasses.replace(REPORT, conditions=conditions, rows=(REPORT.rows[0], failed))


def test_the_shared_form_has_no_names() -> None:
    shared = as_shared(personal_report())

    assert [secret for secret in (*SECRETS, "ada", "/") if secret in shared.replace(FORMAT, "")] == []


def test_the_shared_form_has_card_versions_mode_seconds_and_memory() -> None:
    content = json.loads(as_shared(personal_report()))

    assert content["format"] == FORMAT
    assert (content["card"], content["driver"], content["torch"]) == ("NVIDIA H100", "580.95", "2.13.0")
    assert (content["date"], content["cpu"]) == ("2026-11-25", "AMD Ryzen 5 5600")
    assert content["model"] == "FLUX.2 [klein] 4B"
    assert content["mode"]["profile"] == "bf16"
    assert content["mode"]["compiled"] is True
    measured, failed = content["rows"]
    assert (measured["median_s"], measured["least_s"], measured["most_s"]) == (2.0, 1.0, 3.0)
    assert (measured["allocated_mib"], measured["reserved_mib"]) == (16384, 17408)
    assert (failed["failed"], failed["median_s"]) == (True, None)


@pytest.mark.parametrize(
    ("card", "name"),
    [
        ("NVIDIA GeForce RTX 3060", "nvidia-geforce-rtx-3060.json"),
        ("../Some: card/", "some-card.json"),
        (None, "cpu.json"),
    ],
)
def test_the_file_is_named_after_the_card(card: str | None, name: str) -> None:
    assert file_name(dataclasses.replace(CONDITIONS, card=card)) == name


@pytest.mark.parametrize("locale", ["en", "de"])
def test_the_command_writes_it_into_this_folder(
    locale: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with_report(monkeypatch, personal_report())
    monkeypatch.chdir(tmp_path)
    settings = Settings(data_folder=tmp_path / "data", locale=locale)

    assert run_bench(settings, None, quick=True, against_model_card=False, share=True) == 0

    assert (tmp_path / "nvidia-h100.json").read_text("utf-8") == as_shared(personal_report())
    assert Texts().say(locale, "bench-shared", file="nvidia-h100.json", card="yes") in capsys.readouterr().err
