"""Maps Black Forest Labs' transformer tensor names to diffusers' names. Imports no torch.

Source: ``convert_flux2_transformer_checkpoint_to_diffusers`` of diffusers 0.42
(``loaders/single_file_utils``), which handles plain files only, not the scales of FP8 files.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from kleinbot.klein.weights.headers import TensorInfo

WEIGHT_SCALE, INPUT_SCALE = "weight_scale", "input_scale"

_TOP: Mapping[str, str] = {
    "img_in": "x_embedder",
    "txt_in": "context_embedder",
    "time_in.in_layer": "time_guidance_embed.timestep_embedder.linear_1",
    "time_in.out_layer": "time_guidance_embed.timestep_embedder.linear_2",
    "double_stream_modulation_img.lin": "double_stream_modulation_img.linear",
    "double_stream_modulation_txt.lin": "double_stream_modulation_txt.linear",
    "single_stream_modulation.lin": "single_stream_modulation.linear",
    "final_layer.linear": "proj_out",
    "final_layer.adaLN_modulation.1": "norm_out.linear",
}
_SHIFT_BEFORE_SCALE = "final_layer.adaLN_modulation.1"
"""Its rows are shift, then scale; diffusers expects scale, then shift."""

_DOUBLE: Mapping[str, tuple[str, ...]] = {
    "img_attn.qkv": ("attn.to_q", "attn.to_k", "attn.to_v"),
    "txt_attn.qkv": ("attn.add_q_proj", "attn.add_k_proj", "attn.add_v_proj"),
    "img_attn.proj": ("attn.to_out.0",),
    "txt_attn.proj": ("attn.to_add_out",),
    "img_attn.norm.query_norm": ("attn.norm_q",),
    "img_attn.norm.key_norm": ("attn.norm_k",),
    "txt_attn.norm.query_norm": ("attn.norm_added_q",),
    "txt_attn.norm.key_norm": ("attn.norm_added_k",),
    "img_mlp.0": ("ff.linear_in",),
    "img_mlp.2": ("ff.linear_out",),
    "txt_mlp.0": ("ff_context.linear_in",),
    "txt_mlp.2": ("ff_context.linear_out",),
}
_SINGLE: Mapping[str, tuple[str, ...]] = {
    "linear1": ("attn.to_qkv_mlp_proj",),
    "linear2": ("attn.to_out",),
    "norm.query_norm": ("attn.norm_q",),
    "norm.key_norm": ("attn.norm_k",),
}
_BLOCKS = {
    "double_blocks": ("transformer_blocks", _DOUBLE),
    "single_blocks": ("single_transformer_blocks", _SINGLE),
}
_BLOCK_NAME = re.compile(r"(double_blocks|single_blocks)\.(\d+)\.(.+)")


def modules_of(layer: str) -> Sequence[str]:
    """Return the diffusers modules for BFL's ``layer``: one, or three that share its rows.

    Raises KeyError if FLUX.2 without guidance has no such layer.
    """
    match = _BLOCK_NAME.fullmatch(layer)
    if match is None:
        return (_TOP[layer],)
    blocks, parts = _BLOCKS[match[1]]
    return tuple(f"{blocks}.{match[2]}.{part}" for part in parts[match[3]])


def layer_of(name: str) -> tuple[str, str]:
    """Split a tensor's name into its layer and its role, like "weight" or "weight_scale"."""
    layer, _, part = name.rpartition(".")
    return layer, part


def in_diffusers_names(tensors: Mapping[str, TensorInfo]) -> dict[str, TensorInfo]:
    """Return BFL's ``tensors`` under diffusers' names, with thirds and swapped halves recorded.

    If a layer is split into three, each gets its scale.

    Raises KeyError with a name that FLUX.2 without guidance does not have.
    """
    renamed: dict[str, TensorInfo] = {}
    for name, tensor in tensors.items():
        layer, part = layer_of(name)
        try:
            modules = modules_of(layer)
        except KeyError:
            raise KeyError(name) from None
        # BFL calls an RMS norm's weight its scale.
        wanted = "weight" if part == "scale" else part
        for third, module in enumerate(modules):
            renamed[f"{module}.{wanted}"] = _part_of(tensor, layer, third if len(modules) > 1 else None)
    return renamed


def _part_of(tensor: TensorInfo, layer: str, third: int | None) -> TensorInfo:
    if not tensor.shape:
        return tensor
    if third is not None:
        rows = tensor.shape[0] // 3
        return replace(tensor, shape=(rows, *tensor.shape[1:]), origin=replace(tensor.origin, third=third))
    if layer == _SHIFT_BEFORE_SCALE:
        return replace(tensor, origin=replace(tensor.origin, halves_swapped=True))
    return tensor
