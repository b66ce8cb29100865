"""Compares the parameter counts with the models of the published configs, on torch's meta device."""

import torch
from diffusers import AutoencoderKLFlux2, Flux2Transformer2DModel
from transformers import Qwen3Config, Qwen3Model

from kleinbot.domain.profile import ComponentPlan, Precision, WeightFormat
from kleinbot.hardware import model_sizes
from tests.gpu.full_size import TEXT_ENCODER, TRANSFORMER, VAE


def counted(model: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


def test_the_transformer() -> None:
    with torch.device("meta"):
        model = Flux2Transformer2DModel.from_config(TRANSFORMER)
    size = model_sizes.TRANSFORMER
    assert counted(model) == size.linear + size.rest
    linears = [
        part.weight
        for name, part in model.named_modules()
        if "transformer_blocks" in name and isinstance(part, torch.nn.Linear)
    ]
    assert sum(weight.numel() for weight in linears) == size.linear
    assert sum(weight.shape[0] for weight in linears) == size.rows
    assert max(weight.numel() for weight in linears) == model_sizes.LARGEST_LINEAR_PARAMETERS
    block = model_sizes.TRANSFORMER_BLOCK
    assert counted(model.transformer_blocks[0]) == block.linear + block.rest


def test_the_text_encoder() -> None:
    with torch.device("meta"):
        model = Qwen3Model(Qwen3Config(**TEXT_ENCODER))
    layer, size = model.layers[0], model_sizes.ENCODER_LAYER
    linears = [part.weight for part in layer.modules() if isinstance(part, torch.nn.Linear)]
    assert sum(weight.numel() for weight in linears) == size.linear
    assert sum(weight.shape[0] for weight in linears) == size.rows
    assert counted(layer) == size.linear + size.rest
    assert model.embed_tokens.weight.numel() == model_sizes.TOKEN_TABLE_PARAMETERS


def test_the_vae() -> None:
    with torch.device("meta"):
        model = AutoencoderKLFlux2.from_config(VAE)
    assert counted(model) == model_sizes.VAE_PARAMETERS


def test_the_published_fp8_file_has_the_size_of_its_weights() -> None:
    header_and_scales = 100_000
    weights = model_sizes.transformer_bytes(ComponentPlan(WeightFormat.FP8), Precision.BFLOAT16)
    assert 0 < 4_070_624_520 - weights < header_and_scales
