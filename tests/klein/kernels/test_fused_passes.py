"""The forward passes in our own words give what diffusers' and transformers' classes give.

In plain torch, so that the wiring is held without a GPU; the kernels are held against plain torch elsewhere.
"""

import copy

import pytest
import torch
from diffusers import Flux2Transformer2DModel
from torch import nn

from kleinbot.klein.kernels.operations import PlainOperations
from kleinbot.klein.pipeline.fused_text import FusedQwen3
from kleinbot.klein.pipeline.fused_transformer import FusedTransformer
from kleinbot.klein.pipeline.fused_vae import FusedDecoder, FusedEncoder
from kleinbot.klein.quantisation.linear import FP8, FP8_MOST, Fp8Linear, RowScaledLinear
from tests.klein.kernels import models

CLOSE = 1e-5
"""Largest share by which a pass in float32 may differ: products of packed weights round differently."""


def difference(made: torch.Tensor, wanted: torch.Tensor) -> float:
    return float((made - wanted).norm() / wanted.norm())


def inputs_of(transformer: Flux2Transformer2DModel, pictures: int, tokens: int) -> dict[str, object]:
    """Return the arguments for a batch at different steps, with a reference's positions."""
    random = torch.Generator().manual_seed(1)
    config = transformer.config
    ids = torch.randint(0, 20, (tokens, 4), generator=random)
    ids[tokens // 2 :, 0] = 10
    return {
        "hidden_states": torch.randn(pictures, tokens, config.in_channels, generator=random),
        "timestep": torch.linspace(1.0, 0.25, pictures),
        "guidance": None,
        "encoder_hidden_states": torch.randn(pictures, 5, config.joint_attention_dim, generator=random),
        "txt_ids": torch.tensor([[0, 0, 0, position] for position in range(5)]).expand(pictures, -1, -1),
        "img_ids": ids.expand(pictures, -1, -1),
        "return_dict": False,
    }


@pytest.mark.parametrize("heads", [(6, 32), (2, 16)])
@torch.inference_mode()
def test_a_step_of_pictures_at_different_steps_is_diffusers_own(heads: tuple[int, int]) -> None:
    count, width = heads
    model = models.transformer(
        num_attention_heads=count, attention_head_dim=width, axes_dims_rope=(width // 4,) * 4
    )
    fused = FusedTransformer(copy.deepcopy(model), PlainOperations())
    for pictures, tokens in ((1, 8), (3, 12), (1, 8)):
        given = inputs_of(model, pictures, tokens)
        [wanted] = model(**given)
        [made] = fused(**given)  # type: ignore[arg-type]
        assert difference(made, wanted) < CLOSE


@torch.inference_mode()
def test_packed_layers_keep_working_and_share_their_memory() -> None:
    model = models.transformer()
    given = inputs_of(model, 1, 8)
    [wanted] = model(**given)
    FusedTransformer(model, PlainOperations())
    [made] = model(**given)
    assert torch.equal(made, wanted)
    attention = model.transformer_blocks[0].attn
    storages = {
        layer.weight.untyped_storage().data_ptr()
        for layer in (attention.to_q, attention.to_k, attention.to_v)
    }
    assert len(storages) == 1


def narrow(model: Flux2Transformer2DModel, *, by_row: bool, native: bool = True) -> None:
    """Replace the blocks' layers by 8-bit ones; static scales differ between q and k, so these stay apart."""
    for name, layer in list(model.named_modules()):
        if not isinstance(layer, nn.Linear) or "transformer_blocks" not in name:
            continue
        weight = layer.weight.detach()
        scale = weight.abs().amax(1) / FP8_MOST if by_row else weight.abs().max() / FP8_MOST
        numbers = (weight / (scale.unsqueeze(1) if by_row else scale)).to(FP8)
        made: nn.Module = (
            RowScaledLinear(numbers, scale, native=native)
            if by_row
            else Fp8Linear(numbers, scale, torch.tensor(8.0 / FP8_MOST), weight.dtype, native=native)
        )
        owner, _, own = name.rpartition(".")
        model.get_submodule(owner)._modules[own] = made


@pytest.mark.parametrize("native", [True, False])
@pytest.mark.parametrize("by_row", [True, False])
@torch.inference_mode()
def test_8_bit_layers_give_the_same(by_row: bool, native: bool) -> None:
    model = models.transformer().to(torch.bfloat16)
    narrow(model, by_row=by_row, native=native)
    given = {
        name: value.bfloat16() if isinstance(value, torch.Tensor) and value.is_floating_point() else value
        for name, value in inputs_of(model, 2, 12).items()
    }
    [wanted] = model(**given)
    [made] = FusedTransformer(model, PlainOperations())(**given)  # type: ignore[arg-type]
    # Equal but for rounding: packed products add up in another order, and a number may fall to its neighbour.
    assert difference(made.float(), wanted.float()) < 0.02


@torch.inference_mode()
def test_the_text_encoder_is_transformers_own_padding_included() -> None:
    model = models.text_model()
    random = torch.Generator().manual_seed(2)
    ids = torch.randint(0, 50, (2, 9), generator=random)
    mask = torch.ones_like(ids)
    mask[0, 6:] = 0
    states = model(
        input_ids=ids, attention_mask=mask, output_hidden_states=True, use_cache=False
    ).hidden_states
    wanted = torch.stack([states[layer] for layer in (1, 3, 4)], 2).flatten(2)
    made = FusedQwen3(model, (1, 3, 4), PlainOperations()).states(model.embed_tokens(ids), mask)
    assert difference(made, wanted) < CLOSE


@torch.inference_mode()
def test_the_vae_is_diffusers_own() -> None:
    vae = models.vae()
    random = torch.Generator().manual_seed(3)
    latents, picture = torch.randn(1, 4, 4, 6, generator=random), torch.randn(1, 3, 32, 48, generator=random)
    wanted, moments = vae.decoder(latents), vae.encoder(picture)
    decoder, encoder = (kind(vae, PlainOperations()) for kind in (FusedDecoder, FusedEncoder))
    assert difference(decoder(latents), wanted) < CLOSE
    assert difference(encoder(picture), moments) < CLOSE
    # A second size: what is kept between two pictures does not depend on it.
    small = latents[..., :2]
    assert difference(decoder(small), vae.decoder(small)) < CLOSE
