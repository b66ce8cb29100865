"""Derives the configs of Klein's parts from the shapes of their tensors. Imports no torch.

Other values come from the published 4B's configs (repository black-forest-labs/FLUX.2-klein-4B).
"""

import re
from collections.abc import Mapping
from typing import Any

from kleinbot.klein.weights.headers import TensorInfo

Config = Mapping[str, Any]
Tensors = Mapping[str, TensorInfo]

SCHEDULER: Config = {
    "_class_name": "FlowMatchEulerDiscreteScheduler",
    "base_image_seq_len": 256,
    "base_shift": 0.5,
    "max_image_seq_len": 4096,
    "max_shift": 1.15,
    "num_train_timesteps": 1000,
    "shift": 3.0,
    "time_shift_type": "exponential",
    "use_dynamic_shifting": True,
}
"""The published scheduler_config.json without diffusers' defaults."""

_ROPE_AXES = 4
_LATENT_PATCH = 4
_MOST_GROUPS = 32


def transformer_config(tensors: Tensors) -> Config:
    """Return the config of a ``Flux2Transformer2DModel`` with ``tensors`` (in diffusers' names).

    Raises LookupError if a required tensor is missing; ZeroDivisionError, ValueError if shapes are invalid.
    """
    width, in_channels = tensors["x_embedder.weight"].shape
    (head_dim,) = tensors["transformer_blocks.0.attn.norm_q.weight"].shape
    feed_forward = tensors["transformer_blocks.0.ff.linear_out.weight"].shape[1]
    return {
        "_class_name": "Flux2Transformer2DModel",
        "attention_head_dim": head_dim,
        "axes_dims_rope": [head_dim // _ROPE_AXES] * _ROPE_AXES,
        "eps": 1e-06,
        "guidance_embeds": False,
        "in_channels": in_channels,
        "joint_attention_dim": tensors["context_embedder.weight"].shape[1],
        "mlp_ratio": feed_forward / width,
        "num_attention_heads": width // head_dim,
        "num_layers": _count(tensors, r"transformer_blocks\.(\d+)\."),
        "num_single_layers": _count(tensors, r"single_transformer_blocks\.(\d+)\."),
        "out_channels": None,
        "patch_size": 1,
        "rope_theta": 2000,
        "timestep_guidance_channels": tensors["time_guidance_embed.timestep_embedder.linear_1.weight"].shape[
            1
        ],
    }


def text_encoder_config(tensors: Tensors) -> Config:
    """Return the config of a ``Qwen3Model`` with ``tensors`` (names without ``model.``).

    Raises like ``transformer_config``.
    """
    vocabulary, hidden = tensors["embed_tokens.weight"].shape
    (head_dim,) = tensors["layers.0.self_attn.q_norm.weight"].shape
    layers = _count(tensors, r"layers\.(\d+)\.")
    return {
        "architectures": ["Qwen3ForCausalLM"],
        "model_type": "qwen3",
        "attention_bias": False,
        "attention_dropout": 0.0,
        "head_dim": head_dim,
        "hidden_act": "silu",
        "hidden_size": hidden,
        "intermediate_size": tensors["layers.0.mlp.up_proj.weight"].shape[0],
        "layer_types": ["full_attention"] * layers,
        "max_position_embeddings": 40960,
        "max_window_layers": layers,
        "num_attention_heads": tensors["layers.0.self_attn.q_proj.weight"].shape[0] // head_dim,
        "num_hidden_layers": layers,
        "num_key_value_heads": tensors["layers.0.self_attn.k_proj.weight"].shape[0] // head_dim,
        "rms_norm_eps": 1e-06,
        "rope_scaling": None,
        "rope_theta": 1000000,
        "sliding_window": None,
        "tie_word_embeddings": True,
        "use_sliding_window": False,
        "vocab_size": vocabulary,
    }


def vae_config(tensors: Tensors) -> Config:
    """Return the config of an ``AutoencoderKLFlux2`` with ``tensors`` (in diffusers' names).

    The number of GroupNorm groups cannot be derived from shapes: the published model has 32; this project's
    small models have half as many groups as their narrowest layer has channels.

    Raises like ``transformer_config``.
    """
    blocks = _count(tensors, r"encoder\.down_blocks\.(\d+)\.")
    encoder = [
        tensors[f"encoder.down_blocks.{block}.resnets.0.conv1.weight"].shape[0] for block in range(blocks)
    ]
    # The decoder's blocks are ordered from deep to shallow; configs list widths from shallow to deep.
    decoder = [
        tensors[f"decoder.up_blocks.{block}.resnets.0.conv1.weight"].shape[0]
        for block in reversed(range(blocks))
    ]
    return {
        "_class_name": "AutoencoderKLFlux2",
        "act_fn": "silu",
        "batch_norm_eps": 0.0001,
        "batch_norm_momentum": 0.1,
        "block_out_channels": encoder,
        **({} if decoder == encoder else {"decoder_block_out_channels": decoder}),
        "down_block_types": ["DownEncoderBlock2D"] * blocks,
        "up_block_types": ["UpDecoderBlock2D"] * blocks,
        "in_channels": tensors["encoder.conv_in.weight"].shape[1],
        "out_channels": tensors["decoder.conv_out.weight"].shape[0],
        "latent_channels": tensors["bn.running_mean"].shape[0] // _LATENT_PATCH,
        "layers_per_block": _count(tensors, r"encoder\.down_blocks\.0\.resnets\.(\d+)\."),
        "mid_block_add_attention": True,
        "norm_num_groups": min(_MOST_GROUPS, min(encoder + decoder) // 2),
        "patch_size": [2, 2],
        "sample_size": 1024,
        "use_quant_conv": "quant_conv.weight" in tensors,
        "use_post_quant_conv": "post_quant_conv.weight" in tensors,
    }


def _count(tensors: Tensors, pattern: str) -> int:
    """Return the highest number that ``pattern`` finds in the names, plus one; 0 if it finds none.

    Raises ValueError if that exceeds the number of tensors: each counted item has at least one.
    """
    numbers = [int(match[1]) for name in tensors if (match := re.match(pattern, name))]
    count = max(numbers, default=-1) + 1
    if count > len(tensors):
        raise ValueError(f"a tensor of number {count - 1} among {len(tensors)}")
    return count
