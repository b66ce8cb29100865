"""Streamed weights give the same bits as resident ones."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from kleinbot.domain.errors import Code, StartError
from kleinbot.domain.job_spec import Checkpoint
from kleinbot.domain.noise import NoiseRecipe
from kleinbot.domain.profile import CPU_SMALL, ComponentPlan, Placement, Profile
from kleinbot.klein.offload.packing import Pack
from kleinbot.klein.offload.placement import place
from kleinbot.klein.offload.token_table import TokenTable
from kleinbot.klein.offload.weight_storage import DiskStorage, HostStorage
from kleinbot.klein.pipeline.denoise import Conditioning, Denoising
from kleinbot.klein.pipeline.load import Klein, load_klein
from kleinbot.klein.pipeline.noise import draw_noise
from kleinbot.klein.weights.find_weights import find_weights
from kleinbot.texts import Texts, languages
from tests.klein.test_parity import SQUARE

CPU = torch.device("cpu")
AWAY = (Placement.STREAMED, Placement.DISK)


def placed(folder: Path, placement: Placement, scratch: Path) -> Klein:
    plan = ComponentPlan(placement=placement)
    profile = Profile(
        **{
            **vars(CPU_SMALL),
            "transformer": plan,
            "text_encoder": plan,
            "token_table_on_host": True,
        }
    )
    return load_klein(find_weights(folder), profile, CPU, lambda _: None, scratch)


@torch.inference_mode()
def latents(klein: Klein, prompt: str = "a red fox") -> torch.Tensor:
    noise = draw_noise(NoiseRecipe(7), klein.packed_channels, SQUARE)
    way = Denoising(
        klein.transformers[Checkpoint.DISTILLED],
        klein.scheduler,
        noise,
        Conditioning(klein.text_encoder.encode([prompt])),
        steps=2,
    )
    while not way.is_done:
        way.step()
    return way.latents


def parts(klein: Klein) -> dict[str, torch.nn.Module]:
    return {
        "text encoder": klein.text_encoder._model,
        "transformer": klein.transformers[Checkpoint.DISTILLED],
    }


def bytes_of(module: torch.nn.Module) -> int:
    tensors = [*module.parameters(), *module.buffers()]
    return sum(tensor.nbytes for tensor in tensors if not tensor.is_meta)


@pytest.mark.parametrize("placement", AWAY)
def test_embeddings_and_latents_have_the_same_bits(
    tiny_folder: Path, tmp_path: Path, klein: Klein, placement: Placement
) -> None:
    away = placed(tiny_folder, placement, tmp_path)
    for prompt in ("a red fox", "", "a red fox"):
        assert torch.equal(away.text_encoder.encode([prompt]), klein.text_encoder.encode([prompt]))
        assert torch.equal(latents(away, prompt), latents(klein, prompt))


@pytest.mark.parametrize("placement", AWAY)
def test_between_two_passes_nothing_is_there_and_within_one_a_layer_is_used_at_a_time(
    tiny_folder: Path, tmp_path: Path, placement: Placement
) -> None:
    away = placed(tiny_folder, placement, tmp_path)
    assert [bytes_of(module) for module in parts(away).values()] == [0, 0]
    model, layers_held = away.text_encoder._model, []
    layers = list(model.layers)

    def note(*_: object) -> None:
        layers_held.append(sum(bytes_of(layer) > 0 for layer in layers))

    for layer in layers:
        layer.mlp.register_forward_hook(note)
    away.text_encoder.encode(["a"])
    assert layers_held == [1] * len(layers)
    assert bytes_of(model) == 0


@pytest.mark.parametrize("placement", AWAY)
def test_a_pass_that_fails_leaves_nothing_behind_and_the_next_one_is_right(
    tiny_folder: Path, tmp_path: Path, klein: Klein, placement: Placement
) -> None:
    away = placed(tiny_folder, placement, tmp_path)
    for name, module in parts(away).items():
        layers = "layers" if name == "text encoder" else "single_transformer_blocks"
        failing = module.get_submodule(f"{layers}.1").register_forward_pre_hook(out_of_memory)
        with pytest.raises(torch.OutOfMemoryError):
            latents(away)
        failing.remove()
        assert bytes_of(module) == 0
    assert torch.equal(latents(away), latents(klein))


def out_of_memory(*_: object) -> None:
    raise torch.OutOfMemoryError("CUDA out of memory")


def test_weights_on_disk_lie_in_a_file_without_a_name(tiny_folder: Path, tmp_path: Path) -> None:
    away = placed(tiny_folder, Placement.DISK, tmp_path)
    assert list(tmp_path.iterdir()) == []
    table = away.text_encoder._model.embed_tokens
    assert isinstance(table, TokenTable)
    assert table.table.shape == (away.text_encoder._model.config.vocab_size, 32)


def test_a_resident_module_is_only_moved(klein: Klein) -> None:
    module = torch.nn.Linear(2, 3)
    weight = module.weight
    place(module, Placement.RESIDENT, CPU, None)
    assert module.weight is weight
    assert not module._forward_pre_hooks


def test_an_encoder_is_taken_off_the_gpu_while_it_runs(tiny_folder: Path, klein: Klein) -> None:
    other = load_klein(find_weights(tiny_folder), CPU_SMALL, CPU, lambda _: None)
    assert bytes_of(other.text_encoder._model) > 0
    other.text_encoder.stream()
    assert bytes_of(other.text_encoder._model) == 0
    assert torch.equal(other.text_encoder.encode(["a red fox"]), klein.text_encoder.encode(["a red fox"]))


class Odd(torch.nn.Module):
    """Weights like those of quantised layers."""

    def __init__(self) -> None:
        super().__init__()
        scale = torch.tensor(0.5)
        self.register_buffer("scale", scale)
        self.register_buffer("nothing", None)
        self.register_buffer("eight", torch.arange(-8, 7, dtype=torch.int8).reshape(3, 5))
        self.register_buffer("narrow", torch.randn(4, 6).to(torch.float8_e4m3fn).t())
        self.weight = torch.nn.Parameter(torch.randn(7, 3, dtype=torch.bfloat16), requires_grad=False)


def held(module: torch.nn.Module) -> list[tuple[torch.dtype, tuple[int, ...], list[float]]]:
    tensors = [*module.parameters(), *module.buffers()]
    return [(t.dtype, t.stride(), t.float().flatten().tolist()) for t in tensors]


@pytest.mark.parametrize(
    "shelf",
    [lambda: HostStorage(CPU, chunk_bytes=64), lambda: DiskStorage(CPU, None, staging_bytes=48)],
    ids=["host", "disk"],
)
def test_every_dtype_and_a_transposed_matrix_come_back_as_they_were(
    shelf: Callable[[], HostStorage | DiskStorage],
) -> None:
    modules = [Odd(), Odd()]
    before = [held(module) for module in modules]
    keeper = shelf()
    packs = [Pack([module]) for module in modules]
    for pack in packs:
        keeper.put(pack)
        pack.unbind()
    assert all(tensor.is_meta for module in modules for tensor in module.buffers())
    for number in (1, 0):
        run = torch.zeros(packs[number].bytes, dtype=torch.uint8)
        keeper.fetch(number, run)
        packs[number].bind(run)
        assert held(modules[number]) == before[number]
        assert isinstance(modules[number].weight, torch.nn.Parameter)


def test_host_memory_that_cannot_be_pinned_is_reported_once(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty = torch.empty

    def unpinned(*size: int, pin_memory: bool = False, **named: Any) -> torch.Tensor:
        if pin_memory:
            raise RuntimeError("CUDA error: OS call failed or operation not supported on this OS")
        return empty(*size, **named)

    monkeypatch.setattr(torch, "empty", unpinned)
    shelf = HostStorage(torch.device("cuda"), chunk_bytes=256)
    shelf.put(Pack([torch.nn.Linear(64, 64)]))
    assert len(shelf._chunks) > 40
    assert len(caplog.records) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="needs RLIMIT_FSIZE")
def test_a_file_of_weights_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    import resource

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    model = torch.nn.Sequential(torch.nn.ModuleList([torch.nn.Linear(64, 64)]))
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
    try:
        with pytest.raises(StartError) as raised:
            place(model, Placement.DISK, torch.device("cpu"), tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert raised.value.code is Code.SCRATCH_UNUSABLE
    assert raised.value.parameters["folder"] == str(tmp_path)
    for language in languages():
        assert "large" in Texts().error(raised.value, language)
    with pytest.raises(StartError):
        place(model, Placement.DISK, torch.device("cpu"), tmp_path / "absent")
