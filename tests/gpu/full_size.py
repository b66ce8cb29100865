"""Writes a checkout of exactly the published layout of FLUX.2 [klein] 4B, with random weights.

``python -m tests.gpu.full_size FOLDER`` needs 16 GB of disk; on a card it takes half a minute. The pictures
are noise, but memory, seconds and every shape are the real model's.
"""

import argparse
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKLFlux2, Flux2Transformer2DModel
from safetensors.torch import save_file
from transformers import Qwen3Config, Qwen3ForCausalLM

from tests.klein.tiny import SCHEDULER, build_tokenizer

MODEL_INDEX = {
    "_class_name": "Flux2KleinPipeline",
    "is_distilled": True,
    "scheduler": ["diffusers", "FlowMatchEulerDiscreteScheduler"],
    "text_encoder": ["transformers", "Qwen3ForCausalLM"],
    "tokenizer": ["transformers", "Qwen2TokenizerFast"],
    "transformer": ["diffusers", "Flux2Transformer2DModel"],
    "vae": ["diffusers", "AutoencoderKLFlux2"],
}
TRANSFORMER = {
    "_class_name": "Flux2Transformer2DModel",
    "attention_head_dim": 128,
    "axes_dims_rope": [32, 32, 32, 32],
    "eps": 1e-06,
    "guidance_embeds": False,
    "in_channels": 128,
    "joint_attention_dim": 7680,
    "mlp_ratio": 3.0,
    "num_attention_heads": 24,
    "num_layers": 5,
    "num_single_layers": 20,
    "out_channels": None,
    "patch_size": 1,
    "rope_theta": 2000,
    "timestep_guidance_channels": 256,
}
TEXT_ENCODER = {
    "architectures": ["Qwen3ForCausalLM"],
    "model_type": "qwen3",
    "attention_bias": False,
    "attention_dropout": 0.0,
    "dtype": "bfloat16",
    "head_dim": 128,
    "hidden_act": "silu",
    "hidden_size": 2560,
    "intermediate_size": 9728,
    "layer_types": ["full_attention"] * 36,
    "max_position_embeddings": 40960,
    "max_window_layers": 36,
    "num_attention_heads": 32,
    "num_hidden_layers": 36,
    "num_key_value_heads": 8,
    "rms_norm_eps": 1e-06,
    "rope_scaling": None,
    "rope_theta": 1000000,
    "sliding_window": None,
    "tie_word_embeddings": True,
    "use_sliding_window": False,
    "vocab_size": 151936,
}
VAE = {
    "_class_name": "AutoencoderKLFlux2",
    "act_fn": "silu",
    "batch_norm_eps": 0.0001,
    "batch_norm_momentum": 0.1,
    "block_out_channels": [128, 256, 512, 512],
    "down_block_types": ["DownEncoderBlock2D"] * 4,
    "up_block_types": ["UpDecoderBlock2D"] * 4,
    "force_upcast": True,
    "in_channels": 3,
    "out_channels": 3,
    "latent_channels": 32,
    "layers_per_block": 2,
    "mid_block_add_attention": True,
    "norm_num_groups": 32,
    "patch_size": [2, 2],
    "sample_size": 1024,
    "use_quant_conv": True,
    "use_post_quant_conv": True,
}
FIRST_SHARD_BYTES = 4_970_000_000
"""The published text encoder is cut into 4.97 and 3.08 GB."""


def shapes_of_transformer() -> dict[str, torch.Size]:
    with torch.device("meta"):
        model = Flux2Transformer2DModel.from_config(TRANSFORMER)
    return {name: tensor.shape for name, tensor in model.state_dict().items()}


def shapes_of_text_encoder() -> dict[str, torch.Size]:
    with torch.device("meta"):
        model = Qwen3ForCausalLM(Qwen3Config(**TEXT_ENCODER))
    # Tied to the embedding, so the published files do not hold it.
    return {name: tensor.shape for name, tensor in model.state_dict().items() if name != "lm_head.weight"}


def random_weights(
    shapes: Mapping[str, torch.Size], device: torch.device
) -> Iterator[tuple[str, torch.Tensor]]:
    """Yield weights that neither vanish nor explode through the layers, in bfloat16 on the CPU."""
    for name, shape in shapes.items():
        if len(shape) == 1:
            weight = torch.ones(shape, device=device)
        elif "embed_tokens" in name:
            weight = torch.randn(shape, device=device) * 0.02
        else:
            weight = torch.randn(shape, device=device) * shape[1] ** -0.5
        yield name, weight.to(torch.bfloat16).cpu()


def random_vae() -> dict[str, torch.Tensor]:
    """Return torch's usual start of the convolutions, which is stable, and plausible statistics."""
    vae = AutoencoderKLFlux2.from_config(VAE)
    vae.bn.running_mean.normal_(0, 0.1)
    vae.bn.running_var.uniform_(0.5, 2.0)
    return {
        name: tensor.to(torch.bfloat16) if tensor.is_floating_point() else tensor
        for name, tensor in vae.state_dict().items()
    }


def write_checkout(folder: Path, device: torch.device) -> None:
    """Write every file of the published repository that kleinbot uses, and some that it must ignore."""
    torch.manual_seed(0)
    _write_json(folder / "model_index.json", MODEL_INDEX)
    _write_json(
        folder / "scheduler/scheduler_config.json",
        {"_class_name": "FlowMatchEulerDiscreteScheduler", **SCHEDULER},
    )
    _write_json(folder / "transformer/config.json", TRANSFORMER)
    _write_json(folder / "text_encoder/config.json", TEXT_ENCODER)
    _write_json(folder / "vae/config.json", VAE)
    build_tokenizer().save_pretrained(folder / "tokenizer")
    save_file(random_vae(), folder / "vae/diffusion_pytorch_model.safetensors")
    save_file(
        dict(random_weights(shapes_of_transformer(), device)),
        folder / "transformer/diffusion_pytorch_model.safetensors",
    )
    _write_shards(folder / "text_encoder", random_weights(shapes_of_text_encoder(), device))


def _write_shards(folder: Path, weights: Iterator[tuple[str, torch.Tensor]]) -> None:
    shards: list[dict[str, torch.Tensor]] = [{}, {}]
    written_bytes = 0
    for name, tensor in weights:
        shards[0 if written_bytes < FIRST_SHARD_BYTES else 1][name] = tensor
        written_bytes += tensor.nbytes
    weight_map: dict[str, str] = {}
    for number, shard in enumerate(shards, start=1):
        file = f"model-{number:05d}-of-{len(shards):05d}.safetensors"
        save_file(shard, folder / file)
        weight_map |= dict.fromkeys(shard, file)
    index = {"metadata": {"total_size": written_bytes}, "weight_map": weight_map}
    _write_json(folder / "model.safetensors.index.json", index)


def _write_json(path: Path, content: Mapping[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=2), "utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    write_checkout(parser.parse_args().folder, torch.device("cuda" if torch.cuda.is_available() else "cpu"))
