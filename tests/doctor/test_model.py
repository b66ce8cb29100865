"""The weights, the profile, and what a start must download."""

import asyncio
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file

from kleinbot.app.model_choice import SMALL_KLEIN
from kleinbot.config.values import DEFAULT_HUB_REPO, DeviceChoice
from kleinbot.doctor.examination import DATABASE_FILE, examine, would_start
from kleinbot.doctor.findings import Topic, Verdict
from kleinbot.domain.clock import SystemClock
from kleinbot.domain.errors import Code, StartError
from kleinbot.domain.profile import CUDA_BF16
from kleinbot.domain.work import ModelSize
from kleinbot.hardware.facts import GIB
from kleinbot.klein.hub.download import Download, cache_of
from kleinbot.klein.weights.source import BASE_REPOSITORY, HubSource, hub_source
from kleinbot.store import served_model
from kleinbot.store.database import Database
from kleinbot.store.migrations import load_migrations, migrate
from tests.doctor.examining import CUDA_TORCH, instruments, of, on_gpu, settings
from tests.hardware.machines import RTX_3060, RTX_4090


def test_a_folder_that_holds_no_klein_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "wrong").mkdir()
    findings = examine(settings(tmp_path, weights=str(tmp_path / "wrong")), instruments=instruments())
    [finding] = of(findings, Topic.WEIGHTS)
    assert finding.verdict is Verdict.PROBLEM
    assert not would_start(findings)


@pytest.mark.usefixtures("no_cache")
def test_a_download_that_the_disk_cannot_hold_is_a_problem(tmp_path: Path) -> None:
    tools = replace(on_gpu(RTX_3060.facts()), free_bytes_at=lambda _: 10 * GIB)
    [finding] = of(examine(settings(tmp_path), instruments=tools), Topic.WEIGHTS)
    assert finding.message == "doctor-weights-no-disk"
    assert finding.parameters["size"] == 16.0


def test_the_rest_of_a_download_is_what_needs_room(no_cache: None, tmp_path: Path) -> None:
    """As a start counts it: what has been downloaded needs no further space."""
    part = replace(on_gpu(RTX_4090.facts()), plan_download=lambda _: Download((), GIB))
    for free, verdict in ((2 * GIB, Verdict.OK), (GIB // 2, Verdict.PROBLEM)):
        tools = replace(part, free_bytes_at=dict.fromkeys([cache_of(hub_source(CUDA_BF16))], free).get)
        [finding] = of(examine(settings(tmp_path), instruments=tools), Topic.WEIGHTS)
        assert (finding.verdict, finding.parameters["size"]) == (verdict, 1.1)


def test_what_keeps_a_download_from_beginning_is_a_problem(no_cache: None, tmp_path: Path) -> None:
    def refused(source: HubSource) -> Download:
        raise StartError(Code.WEIGHTS_BASE_ALONE, place=source.name)

    tools = replace(on_gpu(RTX_4090.facts()), plan_download=refused)
    [finding] = of(examine(settings(tmp_path, weights="some-lab/base"), instruments=tools), Topic.WEIGHTS)
    assert (finding.verdict, finding.message) == (Verdict.PROBLEM, Code.WEIGHTS_BASE_ALONE)


def test_other_weights_in_the_cache_are_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(_: HubSource) -> None:
        raise StartError(Code.WEIGHTS_WRONG_VAE, file="vae", found="another", wanted="the VAE of FLUX.2")

    monkeypatch.setattr("kleinbot.doctor.model.complete_in_cache", wrong)
    findings = examine(settings(tmp_path), instruments=on_gpu(RTX_4090.facts()))
    [finding] = of(findings, Topic.WEIGHTS)
    assert (finding.verdict, finding.message) == (Verdict.PROBLEM, Code.WEIGHTS_WRONG_VAE)


def test_other_weights_in_a_folder_are_a_problem(tmp_path: Path) -> None:
    """The configs are right, but one tensor belongs to another model."""
    folder = shutil.copytree(SMALL_KLEIN, tmp_path / "klein")
    file = folder / "vae/diffusion_pytorch_model.safetensors"
    content = load_file(file)
    save_file({**content, "encoder.conv_out.weight": content["decoder.conv_in.weight"].clone()}, file)
    [finding] = of(examine(settings(tmp_path, weights=str(folder)), instruments=instruments()), Topic.WEIGHTS)
    assert (finding.verdict, finding.message) == (Verdict.PROBLEM, Code.WEIGHTS_WRONG_VAE)


def test_the_base_checkpoint_alone_is_a_problem(tmp_path: Path) -> None:
    tools = on_gpu(RTX_4090.facts())
    findings = examine(settings(tmp_path, weights=BASE_REPOSITORY), instruments=tools)
    [finding] = of(findings, Topic.WEIGHTS)
    assert (finding.verdict, finding.message) == (Verdict.PROBLEM, Code.WEIGHTS_BASE_ALONE)


@pytest.mark.usefixtures("no_cache")
def test_a_needed_download_is_reported_and_offline_is_a_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tools = on_gpu(RTX_4090.facts())
    [finding] = of(examine(settings(tmp_path), instruments=tools), Topic.WEIGHTS)
    assert (finding.verdict, finding.message) == (Verdict.OK, "doctor-weights-download")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    [finding] = of(examine(settings(tmp_path), instruments=tools), Topic.WEIGHTS)
    assert (finding.verdict, finding.message) == (Verdict.PROBLEM, "doctor-weights-offline")


@pytest.mark.usefixtures("no_cache")
def test_the_profile_explains_why_no_better_one_fits_and_how_full_it_gets(tmp_path: Path) -> None:
    findings = examine(settings(tmp_path), instruments=on_gpu(RTX_3060.facts()))
    [finding] = of(findings, Topic.PROFILE)
    assert finding.parameters["profile"] == "int8+int8-encoder"
    assert "bf16 15." in str(finding.parameters["reason"])
    [peaks] = of(findings, Topic.PEAKS)
    assert float(peaks.parameters["edit"]) <= float(peaks.parameters["usable"])


def test_weights_that_are_left_alone_are_named_with_the_reason(tmp_path: Path) -> None:
    findings = examine(settings(tmp_path, weights=DEFAULT_HUB_REPO), instruments=instruments())
    [finding] = of(findings, Topic.WEIGHTS)
    assert (finding.verdict, finding.message) == (Verdict.WARNING, "doctor-weights-left-alone")
    assert finding.parameters["weights"] == DEFAULT_HUB_REPO
    assert 30 < float(finding.parameters["needed"]) < 32


def test_of_a_repository_that_is_left_alone_nothing_is_claimed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    findings = examine(settings(tmp_path, weights="somebody/klein"), instruments=instruments())
    [finding] = of(findings, Topic.WEIGHTS)
    assert (finding.verdict, finding.message) == (Verdict.WARNING, "doctor-weights-left-alone-unseen")
    assert finding.parameters == {"weights": "somebody/klein"}
    assert caplog.records == []  # everything is in the report


@pytest.mark.parametrize("device", list(DeviceChoice))
def test_the_9b_is_a_problem_on_every_device(tmp_path: Path, device: DeviceChoice) -> None:
    own = settings(tmp_path, weights="black-forest-labs/FLUX.2-klein-9B", device=device)
    findings = examine(own, instruments=replace(instruments(), ask_torch=lambda: CUDA_TORCH))
    [finding] = of(findings, Topic.WEIGHTS)
    assert (finding.verdict, finding.message) == (Verdict.PROBLEM, Code.WEIGHTS_KLEIN_9B)


def test_a_gpu_that_is_asked_for_and_not_there_is_one_problem(tmp_path: Path) -> None:
    own = settings(tmp_path, device=DeviceChoice.CUDA)
    findings = examine(own, instruments=instruments())
    problems = [finding for finding in findings if finding.verdict is Verdict.PROBLEM]
    assert [(finding.topic, finding.message) for finding in problems] == [
        (Topic.PROFILE, Code.CUDA_UNAVAILABLE)
    ]
    [gpu] = of(findings, Topic.CARD)
    assert (gpu.verdict, gpu.message) == (Verdict.WARNING, "doctor-card-not-found")


@pytest.mark.usefixtures("no_cache")
def test_weights_that_cannot_be_asked_for_are_not_said_to_resume(tmp_path: Path) -> None:
    def offline(source: HubSource) -> Download:
        raise StartError(Code.WEIGHTS_UNREACHABLE, repository=source.name, reason="no network")

    tools = replace(on_gpu(RTX_4090.facts()), plan_download=offline)
    [finding] = of(examine(settings(tmp_path), instruments=tools), Topic.WEIGHTS)
    assert (finding.verdict, finding.message) == (Verdict.PROBLEM, "doctor-weights-unreachable")


def test_weights_that_exceed_the_machines_memory_are_a_problem(tmp_path: Path) -> None:
    own = settings(tmp_path, weights="somebody/klein", device=DeviceChoice.CPU)
    findings = examine(own, instruments=instruments())
    [finding] = of(findings, Topic.PROFILE)
    assert (finding.verdict, finding.message) == (Verdict.PROBLEM, Code.CPU_NO_MEMORY)


def test_a_setting_that_cannot_be_is_a_problem(tmp_path: Path) -> None:
    tools = on_gpu(RTX_3060.facts())
    findings = examine(settings(tmp_path, profile_native_fp8=True), instruments=tools)
    [finding] = of(findings, Topic.PROFILE)
    assert (finding.verdict, finding.message) == (Verdict.PROBLEM, Code.PROFILE_NO_FP8)


@pytest.mark.parametrize(("device", "waits"), [(DeviceChoice.AUTO, True), (DeviceChoice.CPU, False)])
async def test_a_gpu_that_is_away_is_a_problem_where_klein_drew_before(
    tmp_path: Path, device: DeviceChoice, waits: bool
) -> None:
    own = settings(tmp_path, device=device)
    own.data_folder.mkdir()
    file = own.data_folder / DATABASE_FILE
    migrate(file, load_migrations(), SystemClock())
    database = await Database.open(file)
    async with database.transaction() as transaction:
        await served_model.note(transaction, ModelSize.FULL)
    await database.close()
    findings = await asyncio.to_thread(examine, own, instruments=instruments())
    found = of(findings, Topic.PROFILE)
    if waits:
        [finding] = found
        assert (finding.verdict, finding.message) == (Verdict.PROBLEM, Code.WAITS_FOR_CARD)
    else:
        assert all(finding.verdict is Verdict.OK for finding in found)
