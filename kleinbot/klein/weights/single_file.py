"""Recognises a safetensors file by its content, never by its name. Imports no torch."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from kleinbot.domain.errors import Code, StartError
from kleinbot.klein.weights.architecture import text_encoder_config, transformer_config, vae_config
from kleinbot.klein.weights.bfl_names import INPUT_SCALE, WEIGHT_SCALE, in_diffusers_names, layer_of
from kleinbot.klein.weights.bfl_vae_names import is_named_by_bfl, vae_in_diffusers_names
from kleinbot.klein.weights.checkpoint import (
    TEXT_PREFIX,
    check_text_encoder,
    check_transformer,
    without_prefix,
)
from kleinbot.klein.weights.headers import TensorInfo, WeightFile
from kleinbot.klein.weights.shapes import check_by_config, transformer_shapes
from kleinbot.klein.weights.weight_set import Component, Config, weights_error

QUANTISATION_METADATA = "_quantization_metadata"
_FP8_FORMAT = {"format": "float8_e4m3fn"}
_FP8 = "F8_E4M3"
_FORMAT_VERSION = "1.0"
_COMFY_PREFIX = "model.diffusion_model."

Tensors = Mapping[str, TensorInfo]


class FileContent(StrEnum):
    """The part of an image model that a file contains."""

    TRANSFORMER = "transformer"
    TEXT_ENCODER = "text encoder"
    VAE = "VAE"


_WRONG = {
    FileContent.TRANSFORMER: Code.WEIGHTS_NOT_KLEIN,
    FileContent.TEXT_ENCODER: Code.WEIGHTS_WRONG_TEXT_ENCODER,
    FileContent.VAE: Code.WEIGHTS_WRONG_VAE,
}
_WANTED = {
    FileContent.TRANSFORMER: "FLUX.2 [klein] 4B",
    FileContent.TEXT_ENCODER: "Qwen3-4B",
    FileContent.VAE: "the VAE of FLUX.2",
}

# Prefixes of tensor names and the other model they identify; the first match wins.
_OTHERS: tuple[tuple[str, FileContent, str], ...] = (
    ("double_blocks.0.img_mod.", FileContent.TRANSFORMER, "FLUX.1"),
    ("guidance_in.", FileContent.TRANSFORMER, "FLUX.2 [dev]"),
    ("transformer_blocks.0.norm1_context.", FileContent.TRANSFORMER, "FLUX.1 or Stable Diffusion 3"),
    ("time_guidance_embed.guidance_embedder.", FileContent.TRANSFORMER, "FLUX.2 [dev]"),
    ("input_blocks.", FileContent.TRANSFORMER, "Stable Diffusion"),
    ("first_stage_model.", FileContent.VAE, "a whole Stable Diffusion checkpoint"),
    ("joint_blocks.", FileContent.TRANSFORMER, "Stable Diffusion 3"),
    ("encoder.block.0.layer.0.SelfAttention.", FileContent.TEXT_ENCODER, "T5"),
    ("visual.", FileContent.TEXT_ENCODER, "Qwen3-VL or Qwen2.5-VL"),
    ("model.visual.", FileContent.TEXT_ENCODER, "Qwen3-VL or Qwen2.5-VL"),
    ("language_model.model.layers.", FileContent.TEXT_ENCODER, "Mistral3"),
    ("model.language_model.layers.", FileContent.TEXT_ENCODER, "Mistral3"),
    ("tekken_model", FileContent.TEXT_ENCODER, "Mistral3"),
    ("text_model.encoder.", FileContent.TEXT_ENCODER, "CLIP"),
)
# Suffixes of tensor names and the quantisation they identify.
_UNKNOWN_QUANTISATIONS: tuple[tuple[str, str], ...] = (
    (".weight_scale_2", "NVFP4 (weight_scale_2)"),
    (".comfy_quant", "ComfyUI's own (comfy_quant)"),
    (".scale_weight", "an older scaled FP8 (scale_weight)"),
    ("scaled_fp8", "an older scaled FP8 (scaled_fp8)"),
    (".qweight", "GPTQ or AWQ (qweight)"),
    (".absmax", "bitsandbytes (absmax)"),
)
_VAE_BY_LATENT_CHANNELS = {16: "the VAE of FLUX.1", 4: "the VAE of SDXL or SD 1.5"}
_FLOATS = {"BF16", "F16", "F32"}


@dataclass(frozen=True)
class Recognised:
    """A part of Klein in one file."""

    kind: FileContent
    component: Component


@dataclass(frozen=True)
class Refused:
    """A part of another image model, and why Klein cannot use it."""

    kind: FileContent
    error: StartError


def recognise(content: WeightFile) -> Recognised | Refused | None:
    """Return the part that ``content`` contains; None if it is not a part of a known image model."""
    tensors = dict(content.tensors)
    if any(name.startswith(_COMFY_PREFIX) for name in tensors):
        rest = {name: tensor for name, tensor in tensors.items() if not name.startswith(_COMFY_PREFIX)}
        tensors = without_prefix(tensors, _COMFY_PREFIX) | rest
    for beginning, kind, model in _OTHERS:
        if any(name.startswith(beginning) for name in tensors):
            return Refused(kind, _other_model(kind, content.file, model))
    kind_found = _kind_of(tensors)
    if kind_found is None:
        return None
    try:
        return Recognised(kind_found, _component(kind_found, content, tensors))
    except StartError as error:
        return Refused(kind_found, error)
    except (LookupError, ValueError, ZeroDivisionError) as error:
        found = f"no usable tensor {error}"
        return Refused(
            kind_found, weights_error(_WRONG[kind_found], content.file, found, _WANTED[kind_found])
        )


def _other_model(kind: FileContent, file: str, model: str) -> StartError:
    if kind is FileContent.TRANSFORMER:
        return StartError(Code.WEIGHTS_OTHER_MODEL, file=file, found=model)
    return weights_error(_WRONG[kind], file, model, _WANTED[kind])


def _kind_of(tensors: Tensors) -> FileContent | None:
    def has(*beginnings: str) -> bool:
        return any(name.startswith(beginnings) for name in tensors)

    if has("double_blocks.", "single_blocks.", "transformer_blocks.", "single_transformer_blocks."):
        return FileContent.TRANSFORMER
    if has("model.layers.", "model.embed_tokens."):
        return FileContent.TEXT_ENCODER
    if has("decoder.conv_in.", "encoder.conv_in."):
        return FileContent.VAE
    return None


def _component(kind: FileContent, content: WeightFile, tensors: Tensors) -> Component:
    _refuse_unknown_quantisation(content, tensors)
    match kind:
        case FileContent.TRANSFORMER:
            return _transformer(content, tensors)
        case FileContent.TEXT_ENCODER:
            return _text_encoder(content, tensors)
        case FileContent.VAE:
            return _vae(content, tensors)


def _refuse_unknown_quantisation(content: WeightFile, tensors: Tensors) -> None:
    for ending, quantisation in _UNKNOWN_QUANTISATIONS:
        if any(name.endswith(ending) for name in tensors):
            raise _unknown(content, quantisation)


def _unknown(content: WeightFile, quantisation: str) -> StartError:
    return StartError(Code.WEIGHTS_QUANTISATION_UNKNOWN, file=content.file, found=quantisation)


def _transformer(content: WeightFile, tensors: Tensors) -> Component:
    layers = _fp8_layers(content)
    _check_scaled_layers(content, tensors, layers)
    named_by_bfl = any(name.startswith(("double_blocks.", "single_blocks.")) for name in tensors)
    renamed = in_diffusers_names(tensors) if named_by_bfl else tensors
    config = transformer_config(renamed)
    check_transformer(config, content.file)
    component = Component(content.file, config, renamed)
    return check_by_config(component, transformer_shapes, Code.WEIGHTS_NOT_KLEIN)


def _fp8_layers(content: WeightFile) -> frozenset[str]:
    """Return the layers in scaled FP8 according to the header, by their names in the file."""
    text = content.metadata.get(QUANTISATION_METADATA)
    if text is None:
        return frozenset()
    try:
        metadata = json.loads(text)
        layers = dict(metadata["layers"])
    except (json.JSONDecodeError, LookupError, TypeError, ValueError, RecursionError) as error:
        raise _unknown(content, f"{QUANTISATION_METADATA} {text[:80]}") from error
    if metadata.get("format_version") != _FORMAT_VERSION:
        raise _unknown(content, f"{QUANTISATION_METADATA} format_version {metadata.get('format_version')}")
    for layer, layer_format in layers.items():
        if layer_format != _FP8_FORMAT:
            raise _unknown(content, f"{layer} {json.dumps(layer_format)}")
    return frozenset(layer.removeprefix(_COMFY_PREFIX) for layer in layers)


def _check_scaled_layers(content: WeightFile, tensors: Tensors, layers: frozenset[str]) -> None:
    """Check that each layer of the header has an FP8 weight and both scales, and no other layer is 8-bit."""
    for layer in layers:
        for part, dtype in (("weight", _FP8), (WEIGHT_SCALE, "F32"), (INPUT_SCALE, "F32")):
            tensor = tensors.get(f"{layer}.{part}")
            if tensor is None or tensor.dtype != dtype or (part != "weight" and tensor.shape):
                raise _unknown(content, f"{layer}.{part} {_described(tensor)}")
    for name, tensor in tensors.items():
        layer, part = layer_of(name)
        is_scale = part in (WEIGHT_SCALE, INPUT_SCALE)
        if layer not in layers and (is_scale or tensor.dtype not in _FLOATS):
            # Scaled FP8 read as plain numbers would load silently, with weights thousands of times too large.
            raise _unknown(content, f"{name} {_described(tensor)} without {QUANTISATION_METADATA}")


def _described(tensor: TensorInfo | None) -> str:
    return "not there" if tensor is None else f"{tensor.dtype} {list(tensor.shape)}"


def _text_encoder(content: WeightFile, tensors: Tensors) -> Component:
    own = without_prefix(tensors, TEXT_PREFIX)
    if "layers.0.self_attn.q_norm.weight" not in own:
        found = "Qwen2" if "layers.0.self_attn.q_proj.bias" in own else "Mistral3 or another language model"
        raise weights_error(
            Code.WEIGHTS_WRONG_TEXT_ENCODER, content.file, found, _WANTED[FileContent.TEXT_ENCODER]
        )
    for name, tensor in own.items():
        if tensor.dtype not in _FLOATS:
            raise _unknown(content, f"{name} {_described(tensor)}")
    config: Config = text_encoder_config(own)
    check_text_encoder(config, content.file)
    return Component(content.file, config, own)


def _vae(content: WeightFile, tensors: Tensors) -> Component:
    if "bn.running_mean" not in tensors:
        channels = tensors["decoder.conv_in.weight"].shape[1]
        found = _VAE_BY_LATENT_CHANNELS.get(channels, f"a VAE of {channels} latent channels")
        raise weights_error(Code.WEIGHTS_WRONG_VAE, content.file, found, _WANTED[FileContent.VAE])
    if is_named_by_bfl(tensors):
        tensors = vae_in_diffusers_names(tensors)
    return Component(content.file, vae_config(tensors), tensors)
