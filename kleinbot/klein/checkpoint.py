"""A diffusers checkout of Klein on disk: recognised from its JSON files and safetensors headers, no torch.

Everything a host commonly gets wrong (another model, another VAE, a torn download) is told here in a
sentence, before weights are loaded and a forward pass fails somewhere deep.
"""

import json
from collections.abc import Mapping
from pathlib import Path

from kleinbot.domain.errors import Code
from kleinbot.domain.work import Checkpoint
from kleinbot.klein.json_files import read_object
from kleinbot.klein.shapes import check_by_config, transformer_shapes
from kleinbot.klein.weight_set import LAYERS_USED, Component, Config, refusal
from kleinbot.klein.weights import NOTHING, Gone, TensorInfo, read_headers

_JOINT_DIM_OF_9B = 12288
_SINGLE_LAYERS_OF_9B = 24

MODEL_INDEX = "model_index.json"
SCHEDULER_CONFIG = "scheduler/scheduler_config.json"
TRANSFORMER_CONFIG = "transformer/config.json"
TEXT_ENCODER_CONFIG = "text_encoder/config.json"
VAE_CONFIG = "vae/config.json"
TOKENIZER = "tokenizer/tokenizer.json"

TEXT_PREFIX = "model."
"""Of the text encoder's tensors, which are kept as a whole language model's."""

_CLASSES = {
    "_class_name": "Flux2KleinPipeline",
    "transformer": "Flux2Transformer2DModel",
    "scheduler": "FlowMatchEulerDiscreteScheduler",
    "vae": "AutoencoderKLFlux2",
    "text_encoder": "Qwen3ForCausalLM",
}


def read_model_index(folder: Path) -> tuple[Checkpoint, str]:
    """Return which checkpoint the checkout holds, and the class of its tokenizer.

    Raises StartError as every function here: WEIGHTS_MISSING (folder, file) where a file is not there;
    WEIGHTS_UNREADABLE (file, reason) where the system does not open it; WEIGHTS_DAMAGED, WEIGHTS_KLEIN_9B,
    WEIGHTS_NOT_KLEIN, WEIGHTS_WRONG_VAE, WEIGHTS_WRONG_TEXT_ENCODER (file, found, wanted) where one is not
    what it should be.
    """
    index = read_object(folder, MODEL_INDEX)
    codes = {"vae": Code.WEIGHTS_WRONG_VAE, "text_encoder": Code.WEIGHTS_WRONG_TEXT_ENCODER}
    for key, wanted in _CLASSES.items():
        found = _class_of(index, key)
        if found != wanted:
            raise refusal(codes.get(key, Code.WEIGHTS_NOT_KLEIN), MODEL_INDEX, f"{key} {found}", wanted)
    return _checkpoint_in(index), str(_class_of(index, "tokenizer"))


def checkpoint_of(text: bytes) -> Checkpoint | None:
    """Return which checkpoint the checkout with the index ``text`` holds; None where it is no index."""
    try:
        index = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return _checkpoint_in(index) if isinstance(index, dict) else None


def _checkpoint_in(index: Config) -> Checkpoint:
    return Checkpoint.DISTILLED if index.get("is_distilled") is True else Checkpoint.BASE


def read_transformer(folder: Path, gone: Gone = NOTHING) -> Component:
    """Return the checkout's transformer; for what it raises see ``read_model_index``."""
    config = read_object(folder, TRANSFORMER_CONFIG)
    check_transformer(config, TRANSFORMER_CONFIG)
    tensors = read_headers(folder, "transformer", "diffusion_pytorch_model", gone)
    component = Component(TRANSFORMER_CONFIG, config, tensors)
    return check_by_config(component, transformer_shapes, Code.WEIGHTS_NOT_KLEIN)


def read_scheduler(folder: Path) -> Config:
    """Return the checkout's scheduler; for what it raises see ``read_model_index``."""
    config = read_object(folder, SCHEDULER_CONFIG)
    _check_class(config, SCHEDULER_CONFIG, "scheduler", Code.WEIGHTS_NOT_KLEIN)
    shifting = config.get("use_dynamic_shifting"), config.get("time_shift_type")
    if shifting != (True, "exponential"):
        raise refusal(
            Code.WEIGHTS_NOT_KLEIN,
            SCHEDULER_CONFIG,
            f"use_dynamic_shifting {shifting[0]}, time_shift_type {shifting[1]}",
            "use_dynamic_shifting true, time_shift_type exponential",
        )
    return config


def read_text_encoder(folder: Path, gone: Gone = NOTHING) -> Component:
    """Return the checkout's text encoder; for what it raises see ``read_model_index``."""
    config = read_object(folder, TEXT_ENCODER_CONFIG)
    check_text_encoder(config, TEXT_ENCODER_CONFIG)
    tensors = read_headers(folder, "text_encoder", "model", gone)
    return Component(TEXT_ENCODER_CONFIG, config, without_prefix(tensors, TEXT_PREFIX))


def read_vae(folder: Path) -> Component:
    """Return the checkout's VAE; for what it raises see ``read_model_index``."""
    config = read_object(folder, VAE_CONFIG)
    _check_class(config, VAE_CONFIG, "vae", Code.WEIGHTS_WRONG_VAE)
    return Component(VAE_CONFIG, config, read_headers(folder, "vae", "diffusion_pytorch_model"))


def without_prefix(tensors: Mapping[str, TensorInfo], prefix: str) -> dict[str, TensorInfo]:
    """Return those of ``tensors`` whose names begin with ``prefix``, without it."""
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}


def check_transformer(config: Config, file: str) -> None:
    """Raise StartError where ``config`` is not a Klein's, or the 9B's."""
    _check_class(config, file, "transformer", Code.WEIGHTS_NOT_KLEIN)
    joint, single = config.get("joint_attention_dim"), config.get("num_single_layers")
    if joint == _JOINT_DIM_OF_9B or single == _SINGLE_LAYERS_OF_9B:
        raise refusal(
            Code.WEIGHTS_KLEIN_9B,
            file,
            f"joint_attention_dim {joint}, num_single_layers {single}",
            "joint_attention_dim 7680, num_single_layers 20",
        )
    if config.get("guidance_embeds") is not False:
        found = f"guidance_embeds {config.get('guidance_embeds')}"
        raise refusal(Code.WEIGHTS_NOT_KLEIN, file, found, "guidance_embeds false")


def check_text_encoder(config: Config, file: str) -> None:
    """Raise StartError where ``config`` is not a Qwen3's of enough layers."""
    if config.get("model_type") != "qwen3":
        found = f"model_type {config.get('model_type')}"
        raise refusal(Code.WEIGHTS_WRONG_TEXT_ENCODER, file, found, "model_type qwen3")
    layers = config.get("num_hidden_layers")
    if not isinstance(layers, int) or layers < LAYERS_USED:
        found = f"num_hidden_layers {layers}"
        raise refusal(Code.WEIGHTS_WRONG_TEXT_ENCODER, file, found, f"at least {LAYERS_USED} layers")


def _class_of(index: Config, key: str) -> object:
    """Return the class of ``["library", "Class"]``, or the entry itself."""
    entry = index.get(key)
    return entry[-1] if isinstance(entry, list) and entry else entry


def _check_class(config: Config, file: str, component: str, code: Code) -> None:
    found, wanted = config.get("_class_name"), _CLASSES[component]
    if found != wanted:
        raise refusal(code, file, found, wanted)
