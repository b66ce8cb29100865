"""Weights quantised to 8 bits on load, and cached for the next start."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

from kleinbot.domain.job_spec import Checkpoint
from kleinbot.domain.profile import CPU_SMALL, Precision, WeightFormat
from kleinbot.klein.pipeline.load import Klein, load_klein
from kleinbot.klein.quantisation.linear import RowScaledLinear
from kleinbot.klein.quantisation.quantise import quantise
from kleinbot.klein.quantisation.quantised_cache import FOLDER
from kleinbot.klein.weights.find_weights import find_weights
from tests.klein.drawing import latents_of
from tests.klein.quantised_loading import CPU, loaded, profile_of


@pytest.mark.parametrize("weight_format", [WeightFormat.FP8, WeightFormat.INT8])
def test_eight_bits_are_near_the_plain_model(
    tiny_folder: Path, klein: Klein, weight_format: WeightFormat
) -> None:
    made = loaded(tiny_folder, profile_of(weight_format), None)
    plain = latents_of(klein)
    error = float((latents_of(made) - plain).norm() / plain.norm())
    assert 0 < error < {WeightFormat.FP8: 0.15, WeightFormat.INT8: 0.05}[weight_format]


def test_the_blocks_are_quantised_and_what_leads_in_and_out_is_not(tiny_folder: Path) -> None:
    made = loaded(tiny_folder, profile_of(WeightFormat.INT8), None)
    transformer = made.transformers[Checkpoint.DISTILLED]
    plain = {name for name, module in transformer.named_modules() if isinstance(module, nn.Linear)}
    assert {name.split(".")[0] for name in plain} == {
        "x_embedder",
        "context_embedder",
        "time_guidance_embed",
        "double_stream_modulation_img",
        "double_stream_modulation_txt",
        "single_stream_modulation",
        "norm_out",
        "proj_out",
    }
    encoder = made.text_encoder._model
    assert not [module for module in encoder.modules() if isinstance(module, nn.Linear)]
    assert encoder.rotary_emb.inv_freq.dtype is torch.float32


@pytest.mark.parametrize("weight_format", [WeightFormat.FP8, WeightFormat.INT8])
@pytest.mark.parametrize("precision", Precision)
def test_what_was_kept_is_what_was_made(
    tiny_folder: Path, tmp_path: Path, weight_format: WeightFormat, precision: Precision
) -> None:
    profile = profile_of(weight_format, precision)
    in_memory = latents_of(loaded(tiny_folder, profile, None))
    first = latents_of(loaded(tiny_folder, profile, tmp_path))
    second = latents_of(loaded(tiny_folder, profile, tmp_path))
    assert torch.equal(first, in_memory)
    assert torch.equal(second, in_memory)


def test_the_second_start_quantises_nothing(
    tiny_folder: Path, tmp_path: Path, quantised_layers: Iterator[list[WeightFormat]]
) -> None:
    made = next(quantised_layers)
    loaded(tiny_folder, profile_of(WeightFormat.INT8), tmp_path)
    assert made
    made.clear()
    loaded(tiny_folder, profile_of(WeightFormat.INT8), tmp_path)
    assert not made


def test_other_weights_are_quantised_anew_and_the_old_file_goes(checkout: Path, tmp_path: Path) -> None:
    loaded(checkout, profile_of(WeightFormat.INT8), tmp_path)
    before = sorted((tmp_path / FOLDER).glob("*.safetensors"))
    weights = checkout / "transformer/diffusion_pytorch_model.safetensors"
    weights.write_bytes(weights.read_bytes())
    loaded(checkout, profile_of(WeightFormat.INT8), tmp_path)
    after = sorted((tmp_path / FOLDER).glob("*.safetensors"))
    assert len(before) == len(after) == 2
    assert len(set(before) & set(after)) == 1


def test_without_room_it_is_quantised_in_memory(
    tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Usage:
        free = 1000

    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage)
    made = loaded(tiny_folder, profile_of(WeightFormat.INT8), tmp_path)
    assert torch.equal(latents_of(made), latents_of(loaded(tiny_folder, profile_of(WeightFormat.INT8), None)))
    assert list((tmp_path / FOLDER).iterdir()) == []


def test_a_native_product_of_integers_is_refused() -> None:
    with pytest.raises(ValueError, match="int8"):
        RowScaledLinear(torch.zeros(16, 16, dtype=torch.int8), torch.ones(16), native=True)


@pytest.mark.parametrize("weight_format", [WeightFormat.FP8, WeightFormat.INT8])
def test_layers_trace_as_one_graph(weight_format: WeightFormat) -> None:
    torch.manual_seed(0)
    narrow, scale = quantise(torch.randn(32, 48), weight_format, CPU)
    x = torch.randn(2, 5, 48)
    for native in {False, weight_format is WeightFormat.FP8}:
        layer = RowScaledLinear(narrow, scale, native=native)
        traced = torch.compile(layer, backend="eager", fullgraph=True)
        assert torch.equal(traced(x), layer(x))


def test_the_token_table_on_the_host_is_not_the_mapped_file(checkout: Path) -> None:
    made = load_klein(
        find_weights(checkout), replace(CPU_SMALL, token_table_on_host=True), CPU, lambda _: None
    )
    prompt = ["a red fox"]
    with torch.inference_mode():
        before = made.text_encoder.encode(prompt)
        file = checkout / "text_encoder/model.safetensors"
        with file.open("r+b") as content:
            content.seek(file.stat().st_size // 2)
            content.write(bytes(file.stat().st_size // 2))
        assert torch.equal(made.text_encoder.encode(prompt), before)
