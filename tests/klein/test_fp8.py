"""Black Forest Labs' FP8 files: read unchanged, equal to dequantised weights, close to the plain model."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from diffusers import Flux2Transformer2DModel
from diffusers.loaders.single_file_utils import convert_flux2_transformer_checkpoint_to_diffusers

from kleinbot.domain.job_spec import Checkpoint
from kleinbot.domain.profile import CPU_SMALL, ComponentPlan, Precision, Profile, WeightFormat
from kleinbot.klein.pipeline.load import Klein, load_klein
from kleinbot.klein.quantisation.linear import Fp8Linear
from kleinbot.klein.weights.find_weights import find_weights
from tests.gpu import full_size
from tests.klein.drawing import latents_of
from tests.klein.layouts import block_linears, calibrating, in_bfl_names, write_bfl_fp8, write_bfl_plain

FP8 = replace(CPU_SMALL, transformer=ComponentPlan(WeightFormat.FP8))
NATIVE = replace(FP8, native_fp8=True)


@pytest.fixture(scope="module")
def transformer(klein: Klein) -> Flux2Transformer2DModel:
    return klein.transformers[Checkpoint.DISTILLED]


@pytest.fixture(scope="module")
def input_scales(klein: Klein, transformer: Flux2Transformer2DModel) -> Mapping[str, float]:
    with calibrating(transformer) as calibration:
        for seed in range(4):
            latents_of(klein, seed=seed)
    return calibration.scales(block_linears(2, 3))


@pytest.fixture(scope="module")
def fp8_file(
    transformer: Flux2Transformer2DModel,
    input_scales: Mapping[str, float],
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    file = tmp_path_factory.mktemp("fp8") / "flux-2-klein-4b-fp8.safetensors"
    return write_bfl_fp8(transformer, file, input_scales)


def loaded(place: Path, profile: Profile, distilled: Path | None = None) -> Klein:
    return load_klein(find_weights(place, distilled=distilled), profile, torch.device("cpu"), lambda _: None)


def away(one: torch.Tensor, other: torch.Tensor) -> float:
    """Return the relative error of ``one`` against ``other``."""
    return float((one - other).norm() / other.norm())


def test_the_names_are_diffusers_own(transformer: Flux2Transformer2DModel) -> None:
    """diffusers' own converter of plain files is the reference, including swapped halves and thirds."""
    converted = convert_flux2_transformer_checkpoint_to_diffusers(in_bfl_names(transformer))
    state = transformer.state_dict()
    assert converted.keys() == state.keys()
    assert all(torch.equal(converted[name], state[name]) for name in state)


def test_the_plain_single_file_is_the_same_model(
    tiny_folder: Path, transformer: Flux2Transformer2DModel, klein: Klein, tmp_path: Path
) -> None:
    file = write_bfl_plain(transformer, tmp_path / "renamed.safetensors", torch.float32)
    assert torch.equal(latents_of(loaded(tiny_folder, CPU_SMALL, file)), latents_of(klein))


@pytest.mark.parametrize("precision", Precision)
def test_fp8_per_layer_is_bit_equal_to_dequantising_at_load(
    tiny_folder: Path, fp8_file: Path, precision: Precision
) -> None:
    fp8 = loaded(tiny_folder, replace(FP8, precision=precision), fp8_file)
    dequantised = loaded(tiny_folder, replace(CPU_SMALL, precision=precision), fp8_file)

    assert torch.equal(latents_of(fp8), latents_of(dequantised))
    layers = [m for m in fp8.transformers[Checkpoint.DISTILLED].modules() if isinstance(m, Fp8Linear)]
    # Each of two double blocks has two fused q, k, v that become three layers each.
    assert len(layers) == 2 * (8 + 4) + 3 * 2
    assert {layer.weight.dtype for layer in layers} == {torch.float8_e4m3fn}
    assert not [
        m for m in dequantised.transformers[Checkpoint.DISTILLED].modules() if isinstance(m, Fp8Linear)
    ]


def test_fp8_is_near_the_plain_model(tiny_folder: Path, fp8_file: Path, klein: Klein) -> None:
    plain = latents_of(klein)
    assert away(latents_of(loaded(tiny_folder, FP8, fp8_file)), plain) < 0.1
    assert away(latents_of(loaded(tiny_folder, NATIVE, fp8_file)), plain) < 0.15


@pytest.mark.parametrize(
    ("checkpoint", "tensors", "size"),
    [(Checkpoint.DISTILLED, 309, 4_070_624_520), (Checkpoint.BASE, 305, 4_089_498_488)],
)
def test_the_full_size_layout_has_the_published_files_sizes(
    checkpoint: Checkpoint, tensors: int, size: int
) -> None:
    assert len(full_size.fp8_slots(checkpoint)) == tensors
    assert full_size.fp8_file_bytes(checkpoint) == size
