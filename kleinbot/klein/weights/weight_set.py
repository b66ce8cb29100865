"""The weight files of each part of Klein, as found on disk before loading. Imports no torch."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kleinbot.domain.errors import Code, StartError
from kleinbot.domain.job_spec import Checkpoint
from kleinbot.klein.weights.bfl_names import WEIGHT_SCALE
from kleinbot.klein.weights.headers import TensorInfo

LAYERS_USED = 27
"""Klein reads the text encoder's hidden states after layers 9, 18 and 27; later layers are unused."""

HIDDEN_STATES_READ = 3
ROW_SCALE = "row_scale"
"""The name of a layer's row scales in files written by ``klein.quantisation.quantised``."""

_LATENT_PATCH = 4

Config = Mapping[str, Any]


@dataclass(frozen=True)
class Component:
    """One model: its config, and its tensors by the model's own names.

    ``file`` is named in messages about missing tensors. A linear layer in scaled FP8 has three tensors:
    ``weight``, ``weight_scale`` and ``input_scale``.
    """

    file: str
    config: Config
    tensors: Mapping[str, TensorInfo]

    @property
    def bytes(self) -> int:
        return sum(tensor.bytes for tensor in self.tensors.values())

    @property
    def files(self) -> frozenset[Path]:
        return frozenset(tensor.origin.path for tensor in self.tensors.values())

    @property
    def missing_files(self) -> frozenset[Path]:
        """The files that no longer exist."""
        return frozenset(path for path in self.files if not path.is_file())

    def require_files(self) -> None:
        """Raise StartError WEIGHTS_MISSING (folder, file) if one of its files no longer exists."""
        for path in sorted(self.missing_files):
            raise StartError(Code.WEIGHTS_MISSING, folder=str(path.parent), file=path.name)

    @property
    def scaled_layers(self) -> frozenset[str]:
        """The linear layers in scaled FP8."""
        suffix = f".{WEIGHT_SCALE}"
        return frozenset(name.removesuffix(suffix) for name in self.tensors if name.endswith(suffix))

    @property
    def row_scaled_layers(self) -> frozenset[str]:
        """The linear layers in 8 bits with one scale per row, from ``klein.quantisation.quantised``."""
        suffix = f".{ROW_SCALE}"
        return frozenset(name.removesuffix(suffix) for name in self.tensors if name.endswith(suffix))


@dataclass(frozen=True)
class TokenizerFiles:
    """``file`` is ``tokenizer.json``, or a ``vocab.json`` with ``merges.txt`` next to it.

    ``named_class`` is the class named by the checkout; it determines how text is split.
    """

    file: Path
    named_class: str


@dataclass(frozen=True)
class WeightSet:
    """All of Klein, complete and undamaged according to the headers."""

    transformers: Mapping[Checkpoint, Component]
    text_encoder: Component
    vae: Component
    scheduler: Config
    tokenizer: TokenizerFiles

    @property
    def bytes(self) -> int:
        transformers = sum(component.bytes for component in self.transformers.values())
        return transformers + self.text_encoder.bytes + self.vae.bytes

    def transformer(self, checkpoint: Checkpoint) -> Component:
        """Return the weights of ``checkpoint``.

        Raises StartError WEIGHTS_NO_CHECKPOINT if they are not in the set.
        """
        if checkpoint not in self.transformers:
            there = ", ".join(self.transformers)
            raise StartError(Code.WEIGHTS_NO_CHECKPOINT, checkpoint=str(checkpoint), found=there)
        return self.transformers[checkpoint]

    def require_distilled(self, place: str) -> None:
        """Raise StartError WEIGHTS_BASE_ALONE (place) if the distilled checkpoint is not in the set."""
        if Checkpoint.DISTILLED not in self.transformers:
            raise StartError(Code.WEIGHTS_BASE_ALONE, place=place)


def weights_error(code: Code, file: str, found: object, wanted: str) -> StartError:
    """Return the error that names the found and the expected content of ``file``."""
    return StartError(code, file=file, found=str(found), wanted=wanted)


def check_text_encoder_fits(text_encoder: Component, transformer: Config) -> None:
    """Raise StartError WEIGHTS_WRONG_TEXT_ENCODER if they belong to different models."""
    hidden, joint = text_encoder.config.get("hidden_size"), transformer.get("joint_attention_dim")
    if not isinstance(hidden, int) or HIDDEN_STATES_READ * hidden != joint:
        wanted = f"a third of the transformer's joint_attention_dim {joint}"
        raise weights_error(
            Code.WEIGHTS_WRONG_TEXT_ENCODER, text_encoder.file, f"hidden_size {hidden}", wanted
        )


def check_vae_fits(vae: Component, transformer: Config) -> None:
    """Raise StartError WEIGHTS_WRONG_VAE if they belong to different models."""
    latent, packed = vae.config.get("latent_channels"), transformer.get("in_channels")
    if not isinstance(latent, int) or _LATENT_PATCH * latent != packed:
        wanted = f"a quarter of the transformer's in_channels {packed}"
        raise weights_error(Code.WEIGHTS_WRONG_VAE, vae.file, f"latent_channels {latent}", wanted)
