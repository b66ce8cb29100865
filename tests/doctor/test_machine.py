"""The card, its memory, torch and the libraries."""

import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from kleinbot.doctor import machine
from kleinbot.doctor.examination import examine
from kleinbot.doctor.findings import Topic, Verdict
from kleinbot.domain.errors import Code
from kleinbot.folder_lock import folder_locked
from kleinbot.host.facts import GIB, Program, System, TorchBuild
from kleinbot.host.profile import Device
from kleinbot.settings import DeviceChoice
from kleinbot.texts import Texts, languages
from kleinbot.torch_report import TorchReport, ask_torch
from tests.doctor.examining import CPU_TORCH, CUDA_TORCH, of, on_card, settings
from tests.host.machines import H100, RTX_2080_TI, RTX_3060, RTX_4090

ORDER = "CUDA_DEVICE_ORDER"


def test_a_torch_for_the_cpu_beside_a_card_is_named() -> None:
    facts = replace(RTX_4090.facts(System.WINDOWS), torch=TorchBuild("2.13.0+cpu", None))
    finding = machine.torch_build(CPU_TORCH, facts, None)
    assert (finding.verdict, finding.message) == (Verdict.WARNING, Code.TORCH_WITHOUT_CUDA)
    assert machine.torch_build(CPU_TORCH, facts, Device.CUDA).verdict is Verdict.PROBLEM


@pytest.mark.parametrize(
    ("report", "message"),
    [
        (TorchReport(error="DLL load failed"), "doctor-torch-broken"),
        (replace(CUDA_TORCH, is_available=False), Code.CUDA_UNAVAILABLE),
        (replace(CUDA_TORCH, has_kernels=False), Code.TORCH_LACKS_CARD),
    ],
)
def test_a_torch_that_cannot_use_the_card_is_a_problem(report: TorchReport, message: str) -> None:
    finding = machine.torch_build(report, RTX_4090.facts(), None)
    assert (finding.verdict, finding.message) == (Verdict.PROBLEM, message)


def test_an_old_card_is_a_warning_until_it_is_asked_for() -> None:
    [finding, *_] = machine.card(RTX_2080_TI.facts(), None)
    assert (finding.verdict, finding.message) == (Verdict.WARNING, Code.CARD_TOO_OLD)
    [finding, *_] = machine.card(RTX_2080_TI.facts(), Device.CUDA)
    assert finding.verdict is Verdict.PROBLEM


def test_a_card_that_was_never_measured_is_marked() -> None:
    messages = {}
    for measured in (H100, RTX_4090):
        [finding, *_] = machine.card(measured.facts(), None)
        assert finding.verdict is Verdict.OK
        messages[measured.name] = finding.message
    assert messages == {H100.name: "doctor-card", RTX_4090.name: "doctor-card-unmeasured"}


@pytest.mark.skipif(sys.platform == "win32", reason="a shell script plays Python")
@pytest.mark.parametrize("hosts_own", [None, "FASTEST_FIRST"])
def test_torch_is_asked_with_the_cards_in_the_order_that_the_bot_takes(
    hosts_own: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    player = tmp_path / "python"
    player.write_text(f'#!/bin/sh\necho "{{\\"version\\": \\"${ORDER}\\"}}"\n', "utf-8")
    player.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(player))
    monkeypatch.delenv(ORDER, raising=False)
    if hosts_own is not None:
        monkeypatch.setenv(ORDER, hosts_own)
    assert ask_torch().version == (hosts_own or "PCI_BUS_ID")


@pytest.mark.skipif(sys.platform == "win32", reason="a shell script plays Python")
def test_torch_is_asked_of_one_card_alone_where_it_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    player = tmp_path / "python"
    player.write_text('#!/bin/sh\necho "{\\"version\\": \\"$CUDA_VISIBLE_DEVICES\\"}"\n', "utf-8")
    player.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(player))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1")
    assert ask_torch().version == "0,1"
    assert ask_torch(card=replace(RTX_4090.card, identity="GPU-good")).version == "GPU-good"


def test_a_card_that_the_driver_has_lost_is_told_beside_the_one_that_is_used() -> None:
    findings = list(machine.card(replace(RTX_4090.facts(), driver_error=15), None))
    [lost] = [finding for finding in findings if finding.message == "doctor-card-lost"]
    assert (lost.verdict, lost.parameters["number"]) == (Verdict.WARNING, 15)
    for language in languages():
        assert "15" in Texts().say(language, lost.message, **lost.parameters)


def test_a_game_on_the_card_is_named_with_what_it_holds() -> None:
    card = replace(RTX_4090.card, free_bytes=11 * GIB, programs=(Program(os.getpid(), 12 * GIB),))
    findings = list(machine.card(replace(RTX_4090.facts(), cards=(card, RTX_3060.card)), None))
    assert [finding.message for finding in findings] == [
        "doctor-card-unmeasured",
        "doctor-card-several",
        "doctor-driver",
        "doctor-card-memory-held",
    ]
    assert f"({os.getpid()}) 12.0 GiB" in str(findings[-1].parameters["programs"])


@pytest.mark.usefixtures("no_cache")
def test_a_running_bot_is_told_and_its_own_memory_counts_as_free(tmp_path: Path) -> None:
    card = replace(RTX_4090.card, free_bytes=2 * GIB, programs=(Program(os.getpid(), 21 * GIB),))
    tools = on_card(replace(RTX_4090.facts(), cards=(card,)))
    own = settings(tmp_path, device=DeviceChoice.AUTO)
    with folder_locked(own.data_folder):
        findings = examine(own, instruments=tools)
    [finding] = of(findings, Topic.DATA_FOLDER)
    assert (finding.message, finding.parameters["pid"]) == (Code.FOLDER_IN_USE, str(os.getpid()))
    [profile] = of(findings, Topic.PROFILE)
    assert profile.parameters["profile"] == "bf16"
    assert of(examine(own, instruments=tools), Topic.DATA_FOLDER)[0].verdict is Verdict.OK


@pytest.mark.usefixtures("no_cache")
@pytest.mark.parametrize("system", [System.WINDOWS, System.WSL2])
def test_where_windows_does_not_tell_what_a_running_bot_holds_nobody_else_is_blamed(
    tmp_path: Path, system: System
) -> None:
    card = replace(RTX_4090.card, free_bytes=2 * GIB)
    tools = on_card(replace(RTX_4090.facts(system), cards=(card,)))
    own = settings(tmp_path, device=DeviceChoice.AUTO)
    with folder_locked(own.data_folder):
        beside = examine(own, instruments=tools)
    messages = [finding.message for finding in of(beside, Topic.CARD_MEMORY)]
    assert messages == ["doctor-card-memory", "doctor-card-memory-untold"]
    assert of(beside, Topic.PROFILE)[0].verdict is Verdict.OK
    alone = examine(own, instruments=tools)
    assert [finding.message for finding in of(alone, Topic.CARD_MEMORY)] == ["doctor-card-memory-held"]


def test_old_and_untried_libraries_are_told() -> None:
    versions = {"torch": "2.11.0+cu130", "diffusers": "0.36.0", "transformers": "6.0", "discord.py": "2.7.1"}
    findings = list(machine.libraries(versions.__getitem__))
    assert [(finding.verdict, finding.parameters["library"]) for finding in findings] == [
        (Verdict.PROBLEM, "diffusers"),
        (Verdict.WARNING, "transformers"),
    ]
