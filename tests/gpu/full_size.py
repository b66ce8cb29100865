"""Writes a checkout of exactly the published layout of FLUX.2 [klein] 4B, with random weights.

``python -m tests.gpu.full_size FOLDER`` needs 16 GB of disk; on a GPU it takes half a minute. The pictures
are noise, but memory, seconds and every shape are the real model's. With ``--with fp8 bf16 base base-fp8
comfy`` (any of them) the checkout is written to FOLDER/checkout, and next to it the official FP8 and BF16
single files (FOLDER/single), the base checkout (FOLDER/base) and ComfyUI's folder (FOLDER/comfy, including
the single files).
"""

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKLFlux2, Flux2Transformer2DModel
from safetensors.torch import load_file, save_file
from transformers import Qwen3Config, Qwen3ForCausalLM

from kleinbot.domain.geometry import Grid
from kleinbot.domain.job_spec import Checkpoint
from kleinbot.domain.profile import CUDA_BF16
from kleinbot.klein.pipeline.load import empty_transformer, load_klein
from kleinbot.klein.quantisation.populate import TensorTarget, populate
from kleinbot.klein.weights.find_weights import find_weights
from kleinbot.klein.weights.tensor_reader import TensorReader
from kleinbot.klein.weights.tensor_writer import Slot, header_bytes
from tests.klein.drawing import latents_of
from tests.klein.layouts import (
    block_linears,
    calibrating,
    in_bfl_names,
    quantisation_metadata,
    write_bfl_fp8,
    write_bfl_plain,
    write_comfy_tokenizer,
    write_comfy_vae,
)
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
TRANSFORMER: dict[str, Any] = {
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
"""The published text encoder is split into 4.97 and 3.08 GB."""


def shapes_of_transformer() -> dict[str, torch.Size]:
    with torch.device("meta"):
        model = Flux2Transformer2DModel.from_config(TRANSFORMER)
    return {name: tensor.shape for name, tensor in model.state_dict().items()}


def shapes_of_text_encoder() -> dict[str, torch.Size]:
    with torch.device("meta"):
        model = Qwen3ForCausalLM(Qwen3Config(**TEXT_ENCODER))
    # Tied to the embedding, so the published files do not contain it.
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
    """Return torch's default initialisation of the convolutions, stable, and plausible statistics."""
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


def shapes_in_bfl_names() -> dict[str, torch.Size]:
    with torch.device("meta"):
        model = Flux2Transformer2DModel.from_config(TRANSFORMER)
    return {name: tensor.shape for name, tensor in in_bfl_names(model).items()}


def layers_in_fp8(checkpoint: Checkpoint) -> list[str]:
    """Return the 8-bit layers of the published FP8 file: 80, and 78 of the base model.

    Which two projections of the base file stay plain is unknown; by its size they are 3072×3072.
    """
    layers = block_linears(TRANSFORMER["num_layers"], TRANSFORMER["num_single_layers"])
    plain = (
        ()
        if checkpoint is Checkpoint.DISTILLED
        else ("double_blocks.0.img_attn.proj", "double_blocks.0.txt_attn.proj")
    )
    return [layer for layer in layers if layer not in plain]


def fp8_slots(checkpoint: Checkpoint) -> dict[str, Slot]:
    """Return the tensors of the published FP8 file of ``checkpoint``."""
    layers = layers_in_fp8(checkpoint)
    slots = {name: Slot(torch.bfloat16, tuple(shape)) for name, shape in shapes_in_bfl_names().items()}
    for layer in layers:
        slots[f"{layer}.weight"] = Slot(torch.float8_e4m3fn, slots[f"{layer}.weight"].shape)
        slots |= {f"{layer}.{scale}": Slot(torch.float32, ()) for scale in ("weight_scale", "input_scale")}
    return slots


def fp8_file_bytes(checkpoint: Checkpoint) -> int:
    """Return the size of the FP8 file, including its header."""
    slots = fp8_slots(checkpoint)
    header = header_bytes(slots, quantisation_metadata(layers_in_fp8(checkpoint)))
    return len(header) + sum(slot.bytes for slot in slots.values())


def write_fp8(checkout: Path, file: Path, checkpoint: Checkpoint, device: torch.device) -> None:
    """Write the checkout's transformer as the published FP8 file, input scales calibrated by a picture."""
    layers = layers_in_fp8(checkpoint)
    profile = replace(CUDA_BF16, checkpoints=(checkpoint,))
    klein = load_klein(find_weights(checkout), profile, device, lambda _: None)
    transformer = klein.transformers[checkpoint]
    with calibrating(transformer) as calibration:
        latents_of(klein, grid=Grid(32, 32), checkpoint=checkpoint)
    write_bfl_fp8(transformer, file, calibration.scales(layers), layers)


def write_plain(checkout: Path, file: Path) -> None:
    """Write the checkout's transformer as the published BF16 single file."""
    weights = find_weights(checkout)
    [component] = weights.transformers.values()
    with TensorReader() as reader:
        model = empty_transformer(component)
        populate(model, component, TensorTarget(torch.bfloat16, torch.device("cpu")), reader, lambda _: None)
        write_bfl_plain(model, file)


def write_base_checkout(folder: Path, checkout: Path, device: torch.device) -> None:
    """Write the base model next to ``checkout``: another transformer; the rest is linked if possible."""
    folder.mkdir(parents=True, exist_ok=True)
    _write_json(folder / "model_index.json", {k: v for k, v in MODEL_INDEX.items() if k != "is_distilled"})
    for part in ("scheduler", "text_encoder", "tokenizer", "vae"):
        (folder / part).symlink_to((checkout / part).resolve(), target_is_directory=True)
    _write_json(folder / "transformer/config.json", TRANSFORMER)
    torch.manual_seed(1)
    save_file(
        dict(random_weights(shapes_of_transformer(), device)),
        folder / "transformer/diffusion_pytorch_model.safetensors",
    )


def write_comfy(folder: Path, checkout: Path) -> None:
    """Write ComfyUI's text encoder and VAE; its tokenizer has the tiny vocabulary of the tests."""
    merged: dict[str, torch.Tensor] = {}
    for shard in sorted((checkout / "text_encoder").glob("*.safetensors")):
        merged |= load_file(shard)
    (folder / "models/text_encoders").mkdir(parents=True, exist_ok=True)
    save_file(merged, folder / "models/text_encoders/qwen_3_4b.safetensors")
    write_comfy_vae(checkout, folder / "models/vae/flux2-vae.safetensors")
    write_comfy_tokenizer(checkout, folder)


KINDS = ("fp8", "bf16", "base", "base-fp8", "comfy")


def write_all(folder: Path, kinds: Sequence[str], device: torch.device) -> None:
    """Write the checkout to ``folder``/checkout and the requested files next to it."""
    checkout, base = folder / "checkout", folder / "base"
    if not (checkout / "model_index.json").is_file():
        write_checkout(checkout, device)
    if {"base", "base-fp8"} & set(kinds) and not (base / "model_index.json").is_file():
        write_base_checkout(base, checkout, device)
    single = folder / ("comfy/models/diffusion_models" if "comfy" in kinds else "single")
    if "fp8" in kinds:
        write_fp8(checkout, single / "flux-2-klein-4b-fp8.safetensors", Checkpoint.DISTILLED, device)
    if "base-fp8" in kinds:
        write_fp8(base, single / "flux-2-klein-base-4b-fp8.safetensors", Checkpoint.BASE, device)
    if "bf16" in kinds:
        write_plain(checkout, single / "flux-2-klein-4b.safetensors")
    if "comfy" in kinds:
        write_comfy(folder / "comfy", checkout)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--with", dest="kinds", nargs="*", choices=KINDS, default=None)
    given = parser.parse_args()
    on = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if given.kinds is None:
        write_checkout(given.folder, on)
    else:
        write_all(given.folder, given.kinds, on)
