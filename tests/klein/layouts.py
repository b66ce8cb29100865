"""Writes the published layouts of single files, of any size, from diffusers models."""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import torch
from diffusers import Flux2Transformer2DModel
from safetensors.torch import load_file, save_file
from torch import nn

from kleinbot.klein.weights.bfl_names import modules_of

FP8 = torch.float8_e4m3fn
FP8_MOST = 448.0
SPARE_ROWS = 64

TOP_LAYERS = (
    "img_in",
    "txt_in",
    "time_in.in_layer",
    "time_in.out_layer",
    "double_stream_modulation_img.lin",
    "double_stream_modulation_txt.lin",
    "single_stream_modulation.lin",
    "final_layer.linear",
    "final_layer.adaLN_modulation.1",
)
DOUBLE_LINEARS = tuple(
    f"{stream}_{part}" for stream in ("img", "txt") for part in ("attn.qkv", "attn.proj", "mlp.0", "mlp.2")
)
DOUBLE_NORMS = tuple(
    f"{stream}_attn.norm.{part}_norm" for stream in ("img", "txt") for part in ("query", "key")
)
SINGLE_LINEARS = ("linear1", "linear2")
SINGLE_NORMS = ("norm.query_norm", "norm.key_norm")


def block_linears(double_blocks: int, single_blocks: int) -> list[str]:
    """Return the 8-bit layers of the distilled model's published FP8 file."""
    return _of_blocks(double_blocks, DOUBLE_LINEARS, single_blocks, SINGLE_LINEARS)


def _of_blocks(doubles: int, of_double: Iterable[str], singles: int, of_single: Iterable[str]) -> list[str]:
    return [f"double_blocks.{n}.{part}" for n in range(doubles) for part in of_double] + [
        f"single_blocks.{n}.{part}" for n in range(singles) for part in of_single
    ]


def in_bfl_names(model: Flux2Transformer2DModel) -> dict[str, torch.Tensor]:
    """Return ``model``'s weights in the layout of Black Forest Labs' files."""
    state, config = model.state_dict(), model.config
    counts = config.num_layers, config.num_single_layers
    norms = _of_blocks(counts[0], DOUBLE_NORMS, counts[1], SINGLE_NORMS)
    named: dict[str, torch.Tensor] = {}
    for layer in (*TOP_LAYERS, *block_linears(*counts), *norms):
        parts = [state[f"{module}.weight"] for module in modules_of(layer)]
        whole = torch.cat(parts) if len(parts) > 1 else parts[0]
        if layer == "final_layer.adaLN_modulation.1":
            scale, shift = whole.chunk(2)
            whole = torch.cat([shift, scale])
        named[f"{layer}.{'scale' if layer in norms else 'weight'}"] = whole.contiguous()
    return named


def quantisation_metadata(layers: Iterable[str]) -> dict[str, str]:
    said = {"format_version": "1.0", "layers": {layer: {"format": "float8_e4m3fn"} for layer in layers}}
    return {"_quantization_metadata": json.dumps(said)}


def write_bfl_plain(model: Flux2Transformer2DModel, file: Path, dtype: torch.dtype = torch.bfloat16) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    save_file({name: tensor.to(dtype) for name, tensor in in_bfl_names(model).items()}, file)
    return file


def in_fp8(
    weights: Mapping[str, torch.Tensor], layers: Iterable[str], input_scales: Mapping[str, float]
) -> dict[str, torch.Tensor]:
    """Return ``weights`` (BFL's names) with ``layers`` in scaled FP8, the rest in bfloat16."""
    scaled = {f"{layer}.weight": layer for layer in layers}
    made: dict[str, torch.Tensor] = {}
    for name, weight in weights.items():
        if name not in scaled:
            made[name] = weight.to(torch.bfloat16)
            continue
        scale = weight.abs().max().float() / FP8_MOST
        made[name] = (weight.float() / scale).clamp(-FP8_MOST, FP8_MOST).to(FP8)
        made[f"{scaled[name]}.weight_scale"] = scale.reshape(())
        made[f"{scaled[name]}.input_scale"] = torch.tensor(input_scales[scaled[name]], dtype=torch.float32)
    return made


def write_bfl_fp8(
    model: Flux2Transformer2DModel,
    file: Path,
    input_scales: Mapping[str, float],
    layers: Iterable[str] | None = None,
) -> Path:
    """Write ``model`` in the layout of the published FP8 files."""
    counts = model.config.num_layers, model.config.num_single_layers
    chosen = list(layers or block_linears(*counts))
    file.parent.mkdir(parents=True, exist_ok=True)
    save_file(in_fp8(in_bfl_names(model), chosen, input_scales), file, metadata=quantisation_metadata(chosen))
    return file


@dataclass
class Calibration:
    """The largest input of each linear layer (diffusers' name)."""

    largest: dict[str, float] = field(default_factory=dict)

    def scales(self, layers: Iterable[str]) -> dict[str, float]:
        """Return the static input scale of each of BFL's ``layers``; the parts of a layer share one input."""
        return {
            layer: max(self.largest[module] for module in modules_of(layer)) / FP8_MOST for layer in layers
        }


@contextmanager
def calibrating(model: nn.Module) -> Iterator[Calibration]:
    """Record the inputs of ``model``'s linear layers while pictures are rendered."""
    calibration = Calibration()

    def watch(name: str) -> Callable[[nn.Module, tuple[torch.Tensor, ...]], None]:
        def look(_: nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
            largest = float(inputs[0].detach().abs().max())
            calibration.largest[name] = max(calibration.largest.get(name, 0.0), largest)

        return look

    handles = [
        module.register_forward_pre_hook(watch(name))
        for name, module in model.named_modules()
        if isinstance(module, nn.Linear)
    ]
    try:
        yield calibration
    finally:
        for handle in handles:
            handle.remove()


def write_comfy_text_encoder(checkout: Path, file: Path) -> Path:
    """Write the layout of ``qwen_3_4b.safetensors``: every tensor of the language model, in bfloat16."""
    file.parent.mkdir(parents=True, exist_ok=True)
    state = load_file(checkout / "text_encoder/model.safetensors")
    # As in the published model, the table has more rows than the tokenizer has tokens.
    table = state["model.embed_tokens.weight"]
    state["model.embed_tokens.weight"] = torch.cat([table, table[:SPARE_ROWS]])
    save_file({name: tensor.to(torch.bfloat16) for name, tensor in state.items()}, file)
    return file


def write_comfy_vae(checkout: Path, file: Path) -> Path:
    """Write the layout of ``flux2-vae.safetensors``: diffusers' names, in float32."""
    file.parent.mkdir(parents=True, exist_ok=True)
    state = load_file(checkout / "vae/diffusion_pytorch_model.safetensors")
    save_file(
        {n: tensor.float() if tensor.is_floating_point() else tensor for n, tensor in state.items()}, file
    )
    return file


def write_comfy_tokenizer(checkout: Path, root: Path) -> Path:
    """Write the vocabulary at ComfyUI's path, next to another model's settings."""
    said = json.loads((checkout / "tokenizer/tokenizer.json").read_text("utf-8"))
    added = {token["content"] for token in said["added_tokens"]}
    folder = root / "comfy/text_encoders/qwen25_tokenizer"
    folder.mkdir(parents=True, exist_ok=True)
    vocabulary = {token: number for token, number in said["model"]["vocab"].items() if token not in added}
    # Klein's own tokens are last there; the tests' tokenizers have theirs first.
    renumbered = {
        token: number for number, token in enumerate(sorted(vocabulary, key=vocabulary.__getitem__))
    }
    (folder / "vocab.json").write_text(json.dumps(renumbered), "utf-8")
    merges = [pair if isinstance(pair, str) else " ".join(pair) for pair in said["model"]["merges"]]
    (folder / "merges.txt").write_text("\n".join(["#version: 0.2", *merges]) + "\n", "utf-8")
    (folder / "tokenizer_config.json").write_text(
        json.dumps({"added_tokens_decoder": {"151667": {"content": "<|meta|>"}}, "chat_template": "wrong"})
    )
    return folder / "vocab.json"


def write_bfl_vae(checkout: Path, file: Path) -> Path:
    """Write the layout of Black Forest Labs' ``ae.safetensors``: the names of their own ``AutoEncoder``."""
    file.parent.mkdir(parents=True, exist_ok=True)
    state = load_file(checkout / "vae/diffusion_pytorch_model.safetensors")
    levels = 1 + max(int(name.split(".")[2]) for name in state if name.startswith("decoder.up_blocks."))
    renamed = {_bfl_vae_name(name, levels): tensor for name, tensor in state.items()}
    products = (".attn_1.q.weight", ".attn_1.k.weight", ".attn_1.v.weight", ".attn_1.proj_out.weight")
    save_file(
        {n: t[:, :, None, None].contiguous() if n.endswith(products) else t for n, t in renamed.items()}, file
    )
    return file


def _bfl_vae_name(name: str, levels: int) -> str:
    def finest_first(match: re.Match[str]) -> str:
        return f"up.{levels - 1 - int(match[1])}."

    name = re.sub(r"up_blocks\.(\d+)\.", finest_first, name)
    for ours, theirs in (
        ("down_blocks.", "down."),
        (".downsamplers.0.conv", ".downsample.conv"),
        (".upsamplers.0.conv", ".upsample.conv"),
        ("mid_block.resnets.0.", "mid.block_1."),
        ("mid_block.resnets.1.", "mid.block_2."),
        (".resnets.", ".block."),
        ("conv_shortcut", "nin_shortcut"),
        ("mid_block.attentions.0.", "mid.attn_1."),
        ("group_norm", "norm"),
        ("to_out.0", "proj_out"),
        ("to_q", "q"),
        ("to_k", "k"),
        ("to_v", "v"),
        ("conv_norm_out", "norm_out"),
    ):
        name = name.replace(ours, theirs)
    if name.startswith("quant_conv"):
        return f"encoder.{name}"
    return f"decoder.{name}" if name.startswith("post_quant_conv") else name


# ComfyUI's paths, relative to its folder.
TRANSFORMER = "models/diffusion_models/flux-2-klein-4b-fp8.safetensors"
TEXT_ENCODER = "models/text_encoders/qwen_3_4b.safetensors"
VAE = "models/vae/flux2-vae.safetensors"

SCALES = dict.fromkeys(block_linears(2, 3), 0.05)
