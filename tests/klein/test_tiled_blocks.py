"""Tiled blocks: the stock blocks' numbers within the predicted memory."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from unittest import mock

import pytest
import torch
from diffusers import Flux2Transformer2DModel
from diffusers.models.attention_dispatch import attention_backend

from kleinbot.domain.geometry import Grid
from kleinbot.domain.job_spec import Checkpoint
from kleinbot.domain.profile import (
    CPU_SMALL,
    CUDA_BF16,
    ComponentPlan,
    Placement,
    Profile,
    RowTiling,
    WeightFormat,
)
from kleinbot.hardware.activations import EMBEDDING_BYTES, WORKSPACE_BYTES
from kleinbot.hardware.memory_model import WorkShape, predict, resident_bytes
from kleinbot.klein.low_memory import tiled_blocks
from kleinbot.klein.pipeline.load import Klein, load_klein
from kleinbot.klein.quantisation.linear import FP8, Fp8Linear, RowScaledLinear
from kleinbot.klein.quantisation.quantise import large_layers
from kleinbot.klein.weights.find_weights import find_weights
from tests.gpu.full_size import TRANSFORMER
from tests.klein.drawing import latents_of
from tests.klein.peak_bytes import PeakBytes

INT8 = replace(CPU_SMALL, transformer=ComponentPlan(WeightFormat.INT8))
NATIVE = replace(CPU_SMALL, transformer=ComponentPlan(WeightFormat.FP8), native_fp8=True)
DEQUANTISED = replace(CPU_SMALL, transformer=ComponentPlan(WeightFormat.FP8))


def loaded(folder: Path, profile: Profile) -> Klein:
    return load_klein(find_weights(folder), profile, torch.device("cpu"), lambda _: None)


def processors(klein: Klein) -> set[type]:
    transformer = klein.transformers[Checkpoint.DISTILLED]
    return {type(block.attn.processor) for block in transformer.single_transformer_blocks}


def tiled_and_stock(folder: Path, profile: Profile, monkeypatch: pytest.MonkeyPatch) -> tuple[Klein, Klein]:
    """Return ``profile`` loaded with tiled blocks, and with the stock blocks."""
    tiled = loaded(folder, profile)
    with monkeypatch.context() as stock_blocks:
        stock_blocks.setattr("kleinbot.klein.pipeline.load.run_in_tiles", lambda *_: None)
        stock = loaded(folder, profile)
    assert processors(tiled) == {tiled_blocks.ParallelAttention}
    assert processors(stock).isdisjoint(processors(tiled))
    return tiled, stock


@pytest.fixture
def many_tiles(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """528 tokens of text and picture become eight tiles; text and picture end in the middle of one."""
    monkeypatch.setattr(tiled_blocks, "TOKENS_AT_ONCE", 70)
    return iter([None])


@pytest.mark.usefixtures("many_tiles")
@pytest.mark.parametrize("profile", [INT8, NATIVE], ids=["int8", "native"])
def test_tiles_give_the_stock_blocks_numbers(
    tiny_folder: Path, profile: Profile, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiled, stock = tiled_and_stock(tiny_folder, profile, monkeypatch)
    torch.testing.assert_close(latents_of(tiled), latents_of(stock), rtol=1e-5, atol=1e-5)


@pytest.mark.usefixtures("many_tiles")
def test_pictures_of_a_batch_are_kept_apart(tiny_folder: Path) -> None:
    transformer = loaded(tiny_folder, INT8).transformers[Checkpoint.DISTILLED]
    config = transformer.config
    random = torch.Generator().manual_seed(0)
    pictures = torch.randn(2, 9, config.in_channels, generator=random)
    text = torch.randn(2, 512, config.joint_attention_dim, generator=random)

    def velocity(chosen: slice) -> torch.Tensor:
        count = len(pictures[chosen])
        made: torch.Tensor = transformer(
            hidden_states=pictures[chosen],
            encoder_hidden_states=text[chosen],
            timestep=torch.full((count,), 0.5),
            img_ids=torch.arange(36.0).reshape(1, 9, 4).expand(count, -1, -1),
            txt_ids=torch.zeros(count, 512, 4),
            guidance=None,
            return_dict=False,
        )[0]
        return made

    with torch.inference_mode():
        both = velocity(slice(None))
        alone = torch.cat([velocity(slice(0, 1)), velocity(slice(1, 2))])
    torch.testing.assert_close(both, alone, rtol=0, atol=1e-4)


def test_around_untiled_products_tiles_are_the_stock_blocks_bits(
    tiny_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Products of a single token would round differently, even on a CPU."""
    monkeypatch.setattr(tiled_blocks, "TOKENS_AT_ONCE", 1)
    tiled, stock = tiled_and_stock(tiny_folder, DEQUANTISED, monkeypatch)
    assert torch.equal(latents_of(tiled), latents_of(stock))


def test_plain_and_compiled_blocks_are_left_alone(tiny_folder: Path) -> None:
    for profile in (CPU_SMALL, replace(INT8, compiled=True), replace(DEQUANTISED, compiled=True)):
        assert tiled_blocks.ParallelAttention not in processors(loaded(tiny_folder, profile))


def counted_bytes(profile: Profile, tokens: int, batch: int) -> int:
    """Return the peak of live bytes while full-size double and single blocks run on the meta device."""

    def layer(shape: torch.Size) -> torch.nn.Module:
        weight = torch.empty(
            shape, dtype=torch.int8 if profile.transformer.format is WeightFormat.INT8 else FP8
        )
        if profile.row_tiling is RowTiling.AROUND_PRODUCTS:
            one = torch.ones((), device="cpu")
            return Fp8Linear(weight, one, one, torch.bfloat16, native=False)
        return RowScaledLinear(weight, torch.empty(shape[0]), native=profile.native_fp8)

    with torch.device("meta"):
        model = Flux2Transformer2DModel.from_config({**TRANSFORMER, "num_layers": 1, "num_single_layers": 1})
        model = torch.nn.Module.to(model, torch.bfloat16).eval()
        for name in large_layers(model):
            model.set_submodule(name, layer(model.get_submodule(name).weight.shape))
        tiled_blocks.run_in_tiles(model, profile.row_tiling)
        inputs = {
            "hidden_states": torch.empty(batch, tokens - 512, 128, dtype=torch.bfloat16),
            "encoder_hidden_states": torch.empty(batch, 512, 7680, dtype=torch.bfloat16),
            "timestep": torch.empty(batch, dtype=torch.bfloat16),
            "img_ids": torch.empty(batch, tokens - 512, 4),
            "txt_ids": torch.empty(batch, 512, 4),
        }
        before = [*model.parameters(), *model.buffers(), *inputs.values()]
        with (
            torch.inference_mode(),
            # GPU kernels allocate nothing of tokens × tokens.
            mock.patch("torch.nn.functional.scaled_dot_product_attention", attended),
            PeakBytes(before) as bytes_,
        ):
            model(**inputs, guidance=None, return_dict=False)
    return int(bytes_.peak)


def attended(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, **_: object) -> torch.Tensor:
    del key, value
    return torch.empty_like(query.transpose(1, 2)).transpose(1, 2)


@pytest.mark.parametrize("profile", [INT8, NATIVE, DEQUANTISED], ids=["int8", "native", "dequantised"])
@pytest.mark.parametrize(("references", "batch"), [(0, 1), (1, 1), (4, 1), (0, 4), (4, 4)])
def test_the_prediction_is_what_counting_live_tensors_gives(
    profile: Profile, references: int, batch: int
) -> None:
    profile = replace(CUDA_BF16, transformer=profile.transformer, native_fp8=profile.native_fp8)
    shape = WorkShape(Grid(64, 64), (Grid(64, 64),) * references, batch)
    predicted = predict(profile, shape).denoise_bytes - resident_bytes(profile) - WORKSPACE_BYTES
    beside = batch * EMBEDDING_BYTES
    counted = counted_bytes(profile, shape.tokens, batch) + beside
    assert predicted == pytest.approx(counted, abs=30e6)


@pytest.mark.usefixtures("many_tiles")
def test_tiles_work_with_streamed_weights(tiny_folder: Path) -> None:
    streamed = replace(INT8, transformer=ComponentPlan(WeightFormat.INT8, Placement.STREAMED))
    assert torch.equal(latents_of(loaded(tiny_folder, streamed)), latents_of(loaded(tiny_folder, INT8)))


def test_the_attention_kernels_of_the_profile_are_taken(tiny_folder: Path) -> None:
    transformer = loaded(tiny_folder, INT8).transformers[Checkpoint.DISTILLED]
    with attention_backend():  # diffusers would choose it for every model of this process
        transformer.set_attention_backend("_native_cudnn")
    blocks = (*transformer.transformer_blocks, *transformer.single_transformer_blocks)
    assert {block.attn.processor._attention_backend.value for block in blocks} == {"_native_cudnn"}
