"""The shapes computed without torch equal those of the models."""

from typing import Any

import pytest
import torch
from diffusers import AutoencoderKLFlux2
from torch import nn

from kleinbot.klein.pipeline.load import empty_text_encoder, empty_transformer, empty_vae
from kleinbot.klein.weights.shapes import text_encoder_shapes, transformer_shapes, vae_shapes
from kleinbot.klein.weights.weight_set import Component
from tests.gpu import full_size

Config = dict[str, Any]
Found = dict[str, tuple[int, ...]]


def of(model: nn.Module) -> Found:
    return {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}


def component(config: Config) -> Component:
    return Component("config.json", config, {})


OTHER_TRANSFORMER = {"mlp_ratio": 2.5, "num_layers": 1, "num_single_layers": 2, "out_channels": 8}


@pytest.mark.parametrize("changes", [{}, OTHER_TRANSFORMER])
def test_of_a_transformer(changes: Config) -> None:
    config = {**full_size.TRANSFORMER, **changes}
    assert dict(transformer_shapes(config)) == of(empty_transformer(component(config)))


@pytest.mark.parametrize("changes", [{}, {"attention_bias": True, "num_key_value_heads": 16}])
def test_of_a_text_encoder(changes: Config) -> None:
    config = {**full_size.TEXT_ENCODER, **changes}
    assert dict(text_encoder_shapes(config)) == of(empty_text_encoder(component(config)))


SMALL_VAE = {"block_out_channels": [32, 32, 64, 96], "layers_per_block": 1}
OTHER_VAES = [
    {},
    SMALL_VAE,
    {**SMALL_VAE, "decoder_block_out_channels": [64, 96, 96, 128], "mid_block_add_attention": False},
    {**SMALL_VAE, "use_quant_conv": False, "use_post_quant_conv": False, "patch_size": [1, 2]},
]


@pytest.mark.parametrize("changes", OTHER_VAES)
def test_of_a_vae(changes: Config) -> None:
    config = {**full_size.VAE, **changes}
    assert dict(vae_shapes(config)) == of(empty_vae(component(config)))


def test_what_a_vaes_config_leaves_out_is_as_diffusers_has_it() -> None:
    with torch.device("meta"):
        model = AutoencoderKLFlux2()
    named = ("block_out_channels", "latent_channels", "layers_per_block")
    assert dict(vae_shapes({name: model.config[name] for name in named})) == of(model)
