"""A diffusers checkout of Klein on disk: recognised from its JSON files and safetensors headers, no torch.

Everything a host commonly gets wrong (another model, another VAE, a torn download) is told here in a
sentence, before weights are loaded and a forward pass fails somewhere deep.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kleinbot.domain.errors import Code, StartError
from kleinbot.klein.weights import TensorInfo, read_headers

LAYERS_USED = 27
"""Klein reads the text encoder's hidden states after layers 9, 18 and 27; nothing behind them matters."""

_HIDDEN_STATES_READ = 3
_LATENT_PATCH = 4
_JOINT_DIM_OF_9B = 12288
_SINGLE_LAYERS_OF_9B = 24

MODEL_INDEX = "model_index.json"
SCHEDULER_CONFIG = "scheduler/scheduler_config.json"
TRANSFORMER_CONFIG = "transformer/config.json"
TEXT_ENCODER_CONFIG = "text_encoder/config.json"
VAE_CONFIG = "vae/config.json"
TOKENIZER = "tokenizer/tokenizer.json"

_CLASSES = {
    "_class_name": "Flux2KleinPipeline",
    "transformer": "Flux2Transformer2DModel",
    "scheduler": "FlowMatchEulerDiscreteScheduler",
    "vae": "AutoencoderKLFlux2",
    "text_encoder": "Qwen3ForCausalLM",
}

Config = Mapping[str, Any]


@dataclass(frozen=True)
class Component:
    """One model of the checkout: its config and what its weight files say they hold."""

    config_file: str
    config: Config
    tensors: Mapping[str, TensorInfo]

    @property
    def bytes(self) -> int:
        return sum(tensor.bytes for tensor in self.tensors.values())


@dataclass(frozen=True)
class KleinCheckout:
    """A folder that holds a distilled Klein, complete and undamaged as far as headers tell."""

    folder: Path
    tokenizer_class: str
    transformer: Component
    text_encoder: Component
    vae: Component

    @property
    def bytes(self) -> int:
        return self.transformer.bytes + self.text_encoder.bytes + self.vae.bytes


def read_checkout(folder: Path) -> KleinCheckout:
    """Recognise the distilled Klein in ``folder``, of any size.

    Raises StartError: WEIGHTS_MISSING (folder, file) where a file is not there; WEIGHTS_DAMAGED,
    WEIGHTS_KLEIN_9B, WEIGHTS_NOT_KLEIN, WEIGHTS_WRONG_VAE, WEIGHTS_WRONG_TEXT_ENCODER (file, found,
    wanted) where one is not what it should be.
    """
    index = _read_json(folder, MODEL_INDEX)
    _check_model_index(index)
    transformer = _read_json(folder, TRANSFORMER_CONFIG)
    _check_transformer(transformer)
    _check_scheduler(_read_json(folder, SCHEDULER_CONFIG))
    text_encoder = _read_json(folder, TEXT_ENCODER_CONFIG)
    _check_text_encoder(text_encoder, transformer)
    vae = _read_json(folder, VAE_CONFIG)
    _check_vae(vae, transformer)
    if not (folder / TOKENIZER).is_file():
        raise _missing(folder, TOKENIZER)
    return KleinCheckout(
        folder,
        str(_class_of(index, "tokenizer")),
        Component(
            TRANSFORMER_CONFIG, transformer, read_headers(folder, "transformer", "diffusion_pytorch_model")
        ),
        Component(TEXT_ENCODER_CONFIG, text_encoder, read_headers(folder, "text_encoder", "model")),
        Component(VAE_CONFIG, vae, read_headers(folder, "vae", "diffusion_pytorch_model")),
    )


def _check_model_index(index: Config) -> None:
    codes = {"vae": Code.WEIGHTS_WRONG_VAE, "text_encoder": Code.WEIGHTS_WRONG_TEXT_ENCODER}
    for key, wanted in _CLASSES.items():
        found = _class_of(index, key)
        if found != wanted:
            raise _refusal(codes.get(key, Code.WEIGHTS_NOT_KLEIN), MODEL_INDEX, f"{key} {found}", wanted)
    if index.get("is_distilled") is not True:
        # The base model needs 25-50 steps with guidance: made in 4 without, its pictures are mush.
        raise _refusal(
            Code.WEIGHTS_NOT_KLEIN,
            MODEL_INDEX,
            f"is_distilled {index.get('is_distilled')}",
            "is_distilled true",
        )


def _class_of(index: Config, key: str) -> object:
    """Return the class of ``["library", "Class"]``, or the entry itself."""
    entry = index.get(key)
    return entry[-1] if isinstance(entry, list) and entry else entry


def _check_transformer(config: Config) -> None:
    _check_class(config, TRANSFORMER_CONFIG, "transformer", Code.WEIGHTS_NOT_KLEIN)
    joint, single = config.get("joint_attention_dim"), config.get("num_single_layers")
    if joint == _JOINT_DIM_OF_9B or single == _SINGLE_LAYERS_OF_9B:
        raise _refusal(
            Code.WEIGHTS_KLEIN_9B,
            TRANSFORMER_CONFIG,
            f"joint_attention_dim {joint}, num_single_layers {single}",
            "joint_attention_dim 7680, num_single_layers 20",
        )
    if config.get("guidance_embeds") is not False:
        found = f"guidance_embeds {config.get('guidance_embeds')}"
        raise _refusal(Code.WEIGHTS_NOT_KLEIN, TRANSFORMER_CONFIG, found, "guidance_embeds false")


def _check_scheduler(config: Config) -> None:
    _check_class(config, SCHEDULER_CONFIG, "scheduler", Code.WEIGHTS_NOT_KLEIN)
    shifting = config.get("use_dynamic_shifting"), config.get("time_shift_type")
    if shifting != (True, "exponential"):
        raise _refusal(
            Code.WEIGHTS_NOT_KLEIN,
            SCHEDULER_CONFIG,
            f"use_dynamic_shifting {shifting[0]}, time_shift_type {shifting[1]}",
            "use_dynamic_shifting true, time_shift_type exponential",
        )


def _check_text_encoder(config: Config, transformer: Config) -> None:
    def refusal(found: object, wanted: str) -> StartError:
        return _refusal(Code.WEIGHTS_WRONG_TEXT_ENCODER, TEXT_ENCODER_CONFIG, found, wanted)

    if config.get("model_type") != "qwen3":
        raise refusal(f"model_type {config.get('model_type')}", "model_type qwen3")
    layers = config.get("num_hidden_layers")
    if not isinstance(layers, int) or layers < LAYERS_USED:
        raise refusal(f"num_hidden_layers {layers}", f"at least {LAYERS_USED} layers")
    hidden, joint = config.get("hidden_size"), transformer.get("joint_attention_dim")
    if not isinstance(hidden, int) or _HIDDEN_STATES_READ * hidden != joint:
        raise refusal(f"hidden_size {hidden}", f"a third of the transformer's joint_attention_dim {joint}")


def _check_vae(config: Config, transformer: Config) -> None:
    _check_class(config, VAE_CONFIG, "vae", Code.WEIGHTS_WRONG_VAE)
    latent, packed = config.get("latent_channels"), transformer.get("in_channels")
    if not isinstance(latent, int) or _LATENT_PATCH * latent != packed:
        found = f"latent_channels {latent}"
        raise _refusal(
            Code.WEIGHTS_WRONG_VAE, VAE_CONFIG, found, f"a quarter of the transformer's in_channels {packed}"
        )


def _check_class(config: Config, file: str, component: str, code: Code) -> None:
    found, wanted = config.get("_class_name"), _CLASSES[component]
    if found != wanted:
        raise _refusal(code, file, found, wanted)


def _read_json(folder: Path, file: str) -> Config:
    try:
        text = (folder / file).read_text("utf-8")
    except FileNotFoundError:
        raise _missing(folder, file) from None
    except (OSError, UnicodeDecodeError) as error:
        raise _refusal(Code.WEIGHTS_DAMAGED, file, str(error), "JSON") from error
    try:
        content = json.loads(text)
    except json.JSONDecodeError as error:
        raise _refusal(Code.WEIGHTS_DAMAGED, file, str(error), "JSON") from error
    if not isinstance(content, dict):
        raise _refusal(Code.WEIGHTS_DAMAGED, file, type(content).__name__, "a JSON object")
    return content


def _missing(folder: Path, file: str) -> StartError:
    return StartError(Code.WEIGHTS_MISSING, folder=str(folder), file=file)


def _refusal(code: Code, file: str, found: object, wanted: str) -> StartError:
    return StartError(code, file=file, found=str(found), wanted=wanted)
