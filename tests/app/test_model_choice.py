"""The machine, the settings and the weights, put together."""

import os
import shutil
from dataclasses import fields, replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch

from kleinbot.app.model_choice import SMALL_KLEIN, choose_model, log_choice, overrides_of, pin_gpu
from kleinbot.app.torch_probe import TorchProbe
from kleinbot.config.settings import Settings
from kleinbot.config.values import DEFAULT_HUB_REPO
from kleinbot.domain.capacity import LimitsOnly
from kleinbot.domain.errors import Code, StartError
from kleinbot.domain.job_spec import Checkpoint
from kleinbot.domain.profile import CPU_SMALL, CUDA_BF16, Attention, Device, Placement, WeightFormat
from kleinbot.hardware import probe
from kleinbot.hardware.capacity import ProfileCapacity
from kleinbot.hardware.facts import GIB, HostMemory, MachineFacts, System, TorchBuild
from kleinbot.hardware.profile_overrides import ProfileOverrides
from kleinbot.klein.hub.download import obtain
from kleinbot.klein.pipeline.load import load_klein
from kleinbot.klein.weights.find_weights import find_weights
from kleinbot.klein.weights.source import (
    BASE_REPOSITORY,
    FP8_BASE_REPOSITORY,
    FP8_REPOSITORY,
    FolderSource,
    HubSource,
)
from kleinbot.texts import Texts
from tests.hardware.machines import H100, RTX_3060, SIX_GB

NO_GPU = MachineFacts(System.LINUX, HostMemory(16 * GIB, 12 * GIB))


def sees_a_gpu() -> TorchProbe:
    return TorchProbe("2.13.0+cu130", "13.0", is_available=True, has_kernels=True)


@pytest.fixture(autouse=True)
def own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_DEVICE_ORDER", "PCI_BUS_ID")


def test_a_machine_without_a_gpu_runs_the_small_model() -> None:
    model = choose_model(Settings(), lambda: NO_GPU)
    assert (model.source, model.profile) == (FolderSource(SMALL_KLEIN), CPU_SMALL)
    assert model.note == "small-note"
    assert isinstance(model.capacity, LimitsOnly)


def test_a_gpu_runs_the_published_weights_and_counts_its_memory() -> None:
    model = choose_model(Settings(), H100.facts)
    assert isinstance(model.source, HubSource)
    assert (model.source.checkout.repository, model.name, model.note) == (DEFAULT_HUB_REPO,) * 2 + (None,)
    assert model.profile.checkpoints == (Checkpoint.DISTILLED, Checkpoint.BASE)
    others = {kept: part.repository for kept, part in model.source.transformers.items()}
    assert others == {Checkpoint.BASE: BASE_REPOSITORY}
    assert isinstance(model.capacity, ProfileCapacity)


def test_weights_without_the_base_checkpoint_run_without_it() -> None:
    for weights in (str(SMALL_KLEIN), "somebody/klein"):
        model = choose_model(Settings(weights=weights), H100.facts)
        assert model.profile.checkpoints == (Checkpoint.DISTILLED,)
        assert model.note is None


def test_a_folder_without_klein_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StartError) as caught:
        choose_model(Settings(weights=str(tmp_path)), H100.facts)
    assert caught.value.code is Code.WEIGHTS_NONE
    sentence = Texts().error(caught.value)
    assert "model_index.json" in sentence
    assert "ComfyUI" in sentence


def test_the_base_checkpoint_alone_is_refused_with_its_own_sentence(tmp_path: Path) -> None:
    folder = shutil.copytree(SMALL_KLEIN, tmp_path / "base")
    index = folder / "model_index.json"
    index.write_text(index.read_text().replace('"is_distilled": true', '"is_distilled": false'))
    for weights in (BASE_REPOSITORY, FP8_BASE_REPOSITORY, str(folder)):
        for wish in (None, True):
            with pytest.raises(StartError) as caught:
                choose_model(Settings(weights=weights, profile_base_checkpoint=wish), H100.facts)
            assert caught.value.code is Code.WEIGHTS_BASE_ALONE
            assert caught.value.parameters == {"place": weights}


def test_the_repository_of_the_fp8_file_stands_for_that_file_and_the_checkout_around_it() -> None:
    model = choose_model(Settings(weights=FP8_REPOSITORY), RTX_3060.facts)
    assert isinstance(model.source, HubSource)
    assert model.profile.transformer.format is WeightFormat.FP8
    assert model.source.checkout.repository == DEFAULT_HUB_REPO
    assert not model.source.checkout.holds("transformer/diffusion_pytorch_model.safetensors")
    assert [part.repository for part in model.source.transformers.values()] == [FP8_REPOSITORY]


def test_plain_weights_that_were_quantised_may_go(tmp_path: Path) -> None:
    folder = shutil.copytree(SMALL_KLEIN, tmp_path / "klein")
    settings = Settings(weights=str(folder), data_folder=tmp_path / "data")
    first = choose_model(settings, RTX_3060.facts)
    assert first.profile.transformer.format is first.profile.text_encoder.format is WeightFormat.INT8
    load_klein(
        find_weights(folder), first.profile, torch.device("cpu"), lambda _: None, settings.scratch_folder
    )
    (folder / "transformer/diffusion_pytorch_model.safetensors").unlink()
    with pytest.raises(StartError) as caught:
        choose_model(replace_setting(settings, profile_transformer="plain"), RTX_3060.facts)
    assert caught.value.code is Code.PROFILE_FORMAT_NOT_OFFERED
    (folder / "text_encoder/model.safetensors").unlink()
    with pytest.raises(StartError) as caught:
        choose_model(replace_setting(settings, profile_text_encoder="fp8"), RTX_3060.facts)
    assert caught.value.code is Code.WEIGHTS_MISSING

    second = choose_model(settings, RTX_3060.facts)

    assert (second.profile, second.name) == (first.profile, first.name)
    weights = obtain(second.source, lambda _: None, lambda: False)
    assert load_klein(weights, second.profile, torch.device("cpu"), lambda _: None, settings.scratch_folder)


def replace_setting(settings: Settings, **others: Any) -> Settings:
    return Settings(weights=str(settings.weights), data_folder=settings.data_folder, **others)


def test_a_gpu_that_cannot_serve_is_said_once_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    model = choose_model(Settings(), replace(SIX_GB, held_gib=4.0).facts)
    assert model.profile is CPU_SMALL
    log_choice(model, None)
    [record] = [record for record in caplog.records if record.levelname == "WARNING"]
    assert model.choice.fallback is not None
    assert model.choice.fallback.code is Code.CARD_TOO_FULL
    assert record.getMessage().endswith(Texts().error(model.choice.fallback))


def test_a_torch_without_cuda_is_answered_with_the_command_at_the_start(
    caplog: pytest.LogCaptureFixture,
) -> None:
    facts = replace(RTX_3060.facts(System.WINDOWS), torch=TorchBuild("2.13.0+cpu", None))
    log_choice(choose_model(Settings(), lambda: facts), None)
    [record] = [record for record in caplog.records if record.levelname == "WARNING"]
    assert '-m pip install "torch==2.13.0+cu130" --index-url https://' in record.getMessage()


def test_the_log_names_the_profile_in_one_readable_line(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO", "kleinbot.app.model_choice"):
        log_choice(choose_model(Settings(), lambda: NO_GPU), None)
    [line] = [record.getMessage() for record in caplog.records]
    assert line == (
        "profile: cpu-small on cpu, transformer plain resident, text encoder plain resident, "
        "checkpoints distilled, up to 256×256 px, 4 references, batches of 1"
    )


@pytest.mark.parametrize(
    ("weights", "reason"), [("somebody/klein", "no GPU can run it"), (DEFAULT_HUB_REPO, "30.9 GiB")]
)
def test_weights_of_full_size_are_left_alone_where_the_cpu_must_draw(
    weights: str, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    """No size is reported of a repository that has not been examined."""
    model = choose_model(Settings(weights=weights), replace(SIX_GB, held_gib=4.0).facts)
    assert (model.source, model.profile) == (FolderSource(SMALL_KLEIN), CPU_SMALL)
    assert model.note == "small-note"
    log_choice(model, weights)
    warnings = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    [warning] = [warning for warning in warnings if f"KLEINBOT_WEIGHTS ({weights}) is not used" in warning]
    assert reason in warning
    assert ("GiB" in warning) is (weights == DEFAULT_HUB_REPO)


@pytest.mark.parametrize("device", ["auto", "cpu", "cuda"])
@pytest.mark.parametrize(
    "weights",
    [
        *("black-forest-labs/FLUX.2-klein-9B", "black-forest-labs/FLUX.2-klein-base-9B"),
        *("black-forest-labs/FLUX.2-klein-9b-fp8", "black-forest-labs/FLUX.2-klein-base-9b-fp8"),
        *("black-forest-labs/FLUX.2-klein-9b-kv", "somebody/flux2_klein_9b_gguf"),
    ],
)
def test_the_9b_is_refused_by_its_repositorys_name(weights: str, device: str) -> None:
    for look in (H100.facts, lambda: NO_GPU):
        with pytest.raises(StartError) as caught:
            choose_model(Settings(weights=weights, device=device), look, sees_a_gpu)
        assert (caught.value.code, caught.value.parameters["file"]) == (Code.WEIGHTS_KLEIN_9B, weights)


def test_no_other_name_is_taken_for_the_9b() -> None:
    for weights in (DEFAULT_HUB_REPO, "somebody/klein-19b", "somebody/klein-4b-9bit", "some9b/other"):
        assert choose_model(Settings(weights=weights), H100.facts).name == weights


def test_a_gpu_that_neither_driver_nor_torch_sees_is_refused_before_the_bot_is_online() -> None:
    with pytest.raises(StartError) as caught:
        choose_model(Settings(device="cuda"), lambda: NO_GPU, lambda: TorchProbe("2.13.0+cpu"))
    assert (caught.value.code, caught.value.parameters) == (Code.CUDA_UNAVAILABLE, {"torch": "2.13.0+cpu"})
    assert choose_model(Settings(device="cuda"), lambda: NO_GPU, sees_a_gpu).profile is CUDA_BF16


def test_a_folder_of_full_size_is_known_by_its_headers(monkeypatch: pytest.MonkeyPatch) -> None:
    weights = find_weights(SMALL_KLEIN)
    transformer = weights.transformer(Checkpoint.DISTILLED)
    name, tensor = next(iter(transformer.tensors.items()))
    grown = replace(transformer, tensors={name: replace(tensor, shape=(62_000, 62_000))})
    full = replace(weights, transformers={Checkpoint.DISTILLED: grown})
    settings = Settings(weights=str(SMALL_KLEIN))
    assert choose_model(settings, lambda: NO_GPU).note is None
    monkeypatch.setattr("kleinbot.app.model_choice.find_weights", lambda _, **__: full)
    assert choose_model(settings, lambda: NO_GPU).note == "small-note"
    with pytest.raises(StartError) as caught:
        choose_model(Settings(weights=str(SMALL_KLEIN), device="cpu"), lambda: NO_GPU)
    assert caught.value.code is Code.CPU_NO_MEMORY


def test_every_wish_has_its_setting() -> None:
    settings = Settings(
        profile_transformer="INT8",
        profile_transformer_placement="disk",
        profile_text_encoder="fp8",
        profile_text_encoder_placement="streamed",
        profile_native_fp8="false",
        profile_word_table_on_host="true",
        profile_lean_decode="on",
        profile_attention="cudnn",
        profile_compiled="no",
        profile_fused="no",
        profile_base_checkpoint="0",
        profile_largest_side_px="768",
        profile_most_references="3",
        profile_largest_batch="2",
    )
    overrides = overrides_of(settings)
    assert overrides == ProfileOverrides(
        transformer=WeightFormat.INT8,
        transformer_placement=Placement.DISK,
        text_encoder=WeightFormat.FP8,
        text_encoder_placement=Placement.STREAMED,
        native_fp8=False,
        token_table_on_host=True,
        lean_decode=True,
        attention=Attention.CUDNN,
        compiled=False,
        fused=False,
        base_checkpoint=False,
        largest_side_px=768,
        most_references=3,
        largest_batch=2,
    )
    assert all(getattr(overrides, field.name) is not None for field in fields(ProfileOverrides))


def test_a_setting_that_cannot_be_is_refused_at_the_start() -> None:
    with pytest.raises(StartError) as caught:
        choose_model(Settings(profile_native_fp8=True), RTX_3060.facts)
    assert caught.value.code is Code.PROFILE_NO_FP8


def test_a_gpu_that_the_driver_does_not_show_and_torch_does_is_used() -> None:
    """A container without the driver's utilities, or a slice of a GPU (MIG)."""
    report = replace(
        sees_a_gpu(), gpu="a slice", memory_bytes=20 << 30, free_bytes=19 << 30, capability=(9, 0)
    )
    for facts in (replace(NO_GPU, driver_error=4), replace(NO_GPU, driver="590.44.01")):
        model = choose_model(Settings(), partial(replace, facts), lambda: report)
        assert model.profile.device is Device.CUDA
        assert model.choice.gpu is not None
        assert model.choice.gpu.name == "a slice"
        assert isinstance(model.capacity, ProfileCapacity)


def test_without_a_driver_torch_is_not_asked() -> None:
    def asked() -> TorchProbe:
        raise AssertionError("it takes seconds")

    assert choose_model(Settings(), lambda: NO_GPU, asked).profile is CPU_SMALL


@pytest.mark.parametrize(("error", "is_pinned"), [(None, False), (15, True)])
def test_beside_a_lost_gpu_the_other_one_is_pinned(
    error: int | None, is_pinned: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise CUDA would offer none of them (NVML 15: the GPU is lost)."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    monkeypatch.setattr(probe, "_before_pinning", {})
    [gpu] = RTX_3060.facts().gpus
    facts = replace(RTX_3060.facts(), gpus=(replace(gpu, identity="GPU-good"),), driver_error=error)
    pin_gpu(choose_model(Settings(), lambda: facts))
    assert os.environ["CUDA_VISIBLE_DEVICES"] == ("GPU-good" if is_pinned else "")
