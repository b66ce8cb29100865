"""Maps Black Forest Labs' VAE tensor names (``ae.safetensors``) to diffusers' names. Imports no torch.

Sources: ``AutoEncoder`` in Black Forest Labs' flux2 (``src/flux2/autoencoder.py``, Apache-2.0) and
diffusers' ``AutoencoderKLFlux2``.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from kleinbot.klein.weights.bfl_names import layer_of
from kleinbot.klein.weights.headers import TensorInfo

_HALF = r"(encoder|decoder)"
_BLOCK = re.compile(_HALF + r"\.(?:down|up)\.(\d{1,3})\.block\.(\d{1,3})\.([a-z0-9_]+)")
_SAMPLER = re.compile(_HALF + r"\.(?:down|up)\.(\d{1,3})\.(?:down|up)sample\.conv")
_MIDDLE = re.compile(_HALF + r"\.mid\.block_([12])\.([a-z0-9_]+)")
_ATTENTION = re.compile(_HALF + r"\.mid\.attn_1\.([a-z_]+)")
_SAME = re.compile(_HALF + r"\.conv_(?:in|out)|bn")

_OF_ATTENTION: Mapping[str, str] = {
    "norm": "group_norm",
    "q": "to_q",
    "k": "to_k",
    "v": "to_v",
    "proj_out": "to_out.0",
}
_REST: Mapping[str, str] = {
    "encoder.norm_out": "encoder.conv_norm_out",
    "decoder.norm_out": "decoder.conv_norm_out",
    "encoder.quant_conv": "quant_conv",
    "decoder.post_quant_conv": "post_quant_conv",
}


def is_named_by_bfl(tensors: Mapping[str, TensorInfo]) -> bool:
    """Return whether a VAE's ``tensors`` have Black Forest Labs' names."""
    return any(name.startswith(("encoder.down.", "decoder.up.")) for name in tensors)


def vae_in_diffusers_names(tensors: Mapping[str, TensorInfo]) -> dict[str, TensorInfo]:
    """Return a VAE's ``tensors`` with Black Forest Labs' names under diffusers' names.

    Their attention projections are 1×1 convolutions (out, in, 1, 1), diffusers' are linear (out, in).

    Raises KeyError with a name that the VAE of FLUX.2 does not have.
    """
    levels = 1 + max(_levels(tensors), default=0)
    renamed: dict[str, TensorInfo] = {}
    for name, tensor in tensors.items():
        layer, part = layer_of(name)
        module = _module(layer, levels)
        if module is None:
            raise KeyError(name)
        is_product = _ATTENTION.fullmatch(layer) is not None and tensor.shape[2:] == (1, 1)
        renamed[f"{module}.{part}"] = _flattened(tensor) if is_product else tensor
    return renamed


def _levels(tensors: Mapping[str, TensorInfo]) -> Iterator[int]:
    for name in tensors:
        if (match := _BLOCK.match(name)) is not None and match[1] == "decoder":
            yield int(match[2])


def _module(layer: str, levels: int) -> str | None:
    """Return the diffusers module for ``layer``.

    Black Forest Labs numbers the decoder's ``levels`` from the finest, diffusers from the coarsest.
    """
    if _SAME.fullmatch(layer) is not None:
        return layer
    if (match := _BLOCK.fullmatch(layer)) is not None:
        part = "conv_shortcut" if match[4] == "nin_shortcut" else match[4]
        return f"{_blocks(match[1], int(match[2]), levels)}.resnets.{match[3]}.{part}"
    if (match := _SAMPLER.fullmatch(layer)) is not None:
        sampler = "downsamplers" if match[1] == "encoder" else "upsamplers"
        return f"{_blocks(match[1], int(match[2]), levels)}.{sampler}.0.conv"
    if (match := _MIDDLE.fullmatch(layer)) is not None:
        return f"{match[1]}.mid_block.resnets.{int(match[2]) - 1}.{match[3]}"
    if (match := _ATTENTION.fullmatch(layer)) is not None and match[2] in _OF_ATTENTION:
        return f"{match[1]}.mid_block.attentions.0.{_OF_ATTENTION[match[2]]}"
    return _REST.get(layer)


def _blocks(half: str, level: int, levels: int) -> str:
    return f"encoder.down_blocks.{level}" if half == "encoder" else f"decoder.up_blocks.{levels - 1 - level}"


def _flattened(tensor: TensorInfo) -> TensorInfo:
    return replace(tensor, shape=tensor.shape[:2], origin=replace(tensor.origin, is_flattened=True))
