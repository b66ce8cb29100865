"""A model even smaller than ``tests.klein.tiny``: kept in 8 bits it can be committed."""

import shutil
from pathlib import Path

import torch
from diffusers import Flux2Transformer2DModel
from transformers import Qwen3Config, Qwen3ForCausalLM

from tests.golden import product
from tests.klein.layouts import write_bfl_plain
from tests.klein.tiny import ensure_tiny

_HIDDEN = 8
_LAYERS = 28
_PACKED_CHANNELS = 16
"""Of the tiny autoencoder, which is used as it is."""

PLAIN_FILES = ("transformer/diffusion_pytorch_model.safetensors", "text_encoder/model.safetensors")
BASE_FILE = "flux-2-klein-base-4b.safetensors"


def build_model(folder: Path) -> Path:
    """Build a checkout in ``folder``: random weights, the same on the same machine and library."""
    tiny = ensure_tiny(folder.with_name(f"{folder.name}-tiny"))
    shutil.copytree(tiny, folder)
    for component in ("transformer", "text_encoder"):
        shutil.rmtree(folder / component)
    with torch.random.fork_rng(devices=[]), product.quiet_libraries():
        torch.manual_seed(0)
        _transformer().save_pretrained(folder / "transformer")
        _text_encoder().save_pretrained(folder / "text_encoder")
    assert all((folder / file).is_file() for file in PLAIN_FILES)
    return folder


def add_base_checkpoint(folder: Path) -> None:
    """Lay the base checkpoint beside the distilled one, as a single file."""
    write_bfl_plain(_transformer(), folder / BASE_FILE)


def _text_encoder() -> Qwen3ForCausalLM:
    return Qwen3ForCausalLM(
        Qwen3Config(
            vocab_size=512,
            hidden_size=_HIDDEN,
            intermediate_size=16,
            num_hidden_layers=_LAYERS,
            num_attention_heads=2,
            num_key_value_heads=1,
            head_dim=4,
            max_position_embeddings=1024,
            rope_theta=1_000_000.0,
            rms_norm_eps=1e-6,
            tie_word_embeddings=True,
            initializer_range=_HIDDEN**-0.5,
        )
    ).eval()


def _transformer() -> Flux2Transformer2DModel:
    return Flux2Transformer2DModel(
        patch_size=1,
        in_channels=_PACKED_CHANNELS,
        num_layers=1,
        num_single_layers=1,
        attention_head_dim=8,
        num_attention_heads=2,
        joint_attention_dim=3 * _HIDDEN,
        timestep_guidance_channels=256,
        mlp_ratio=3.0,
        axes_dims_rope=(2, 2, 2, 2),
        rope_theta=2000,
        guidance_embeds=False,
    ).eval()
