"""Reads a classifier's two JSON files and the header of its weights, all bounded. Imports no torch."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kleinbot.classifier.source import CONFIG, MOST_BYTES, PREPROCESSOR, WEIGHTS
from kleinbot.domain.errors import Code, StartError
from kleinbot.klein.weights.headers import read_file
from kleinbot.klein.weights.json_files import read_object

_BOUNDS = {
    "hidden_size": (1, 2048),
    "num_hidden_layers": (1, 48),
    "num_attention_heads": (1, 64),
    "intermediate_size": (1, 16384),
    "image_size": (8, 1024),
    "patch_size": (1, 64),
    "num_channels": (3, 3),
}
_MOST_TENSORS = 2000
_MOST_PATCHES = 4096
_MOST_LABELS = 1000
_MOST_LABEL_CHARACTERS = 100
_BILINEAR = 2


@dataclass(frozen=True)
class Layout:
    """What is read of a classifier. ``numbers``: of its configuration. ``mean``, ``std``: after 0…1.

    ``resample``: Pillow's number of a filter. ``blocking``: the positions of the labels that block.
    """

    numbers: Mapping[str, int]
    labels: tuple[str, ...]
    blocking: tuple[int, ...]
    size_px: int
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    resample: int
    layer_norm_eps: float
    qkv_bias: bool


def read_layout(folder: Path, wanted_labels: tuple[str, ...]) -> Layout:
    """Check the files in ``folder``.

    Raises StartError CLASSIFIER_NOT_VIT (folder, reason) for another architecture or a number out of bounds,
    CLASSIFIER_LABELS (wanted, offered) if the model has none of the labels; those of ``read_object`` and
    ``read_file``.
    """
    config = read_object(folder, CONFIG)
    if config.get("model_type") != "vit":
        raise _unsuitable(folder, f"model_type {str(config.get('model_type'))[:40]!r}")
    numbers = {name: _whole(folder, config, name, *bounds) for name, bounds in _BOUNDS.items()}
    if numbers["hidden_size"] % numbers["num_attention_heads"]:
        raise _unsuitable(folder, "hidden_size is no multiple of num_attention_heads")
    if not 1 <= (numbers["image_size"] // numbers["patch_size"]) ** 2 <= _MOST_PATCHES:
        raise _unsuitable(folder, "image_size and patch_size")
    if config.get("hidden_act", "gelu") != "gelu":
        raise _unsuitable(folder, "hidden_act")
    labels = _labels(folder, config)
    wanted = {label.casefold() for label in wanted_labels}
    blocking = tuple(i for i, label in enumerate(labels) if label.casefold() in wanted)
    if not blocking:
        raise StartError(
            Code.CLASSIFIER_LABELS, wanted=", ".join(wanted_labels)[:200], offered=", ".join(labels)[:200]
        )
    _check_weights(folder)
    shown = read_object(folder, PREPROCESSOR)
    resample = shown.get("resample", _BILINEAR)
    if resample not in range(6) or isinstance(resample, bool):
        raise _unsuitable(folder, "resample")
    return Layout(
        numbers, labels, blocking, numbers["image_size"],
        _three(folder, shown, "image_mean", -10.0), _three(folder, shown, "image_std", 1e-3),
        resample, _fraction(folder, config.get("layer_norm_eps", 1e-12)), config.get("qkv_bias") is not False,
    )  # fmt: skip


def _labels(folder: Path, config: Mapping[str, Any]) -> tuple[str, ...]:
    named = config.get("id2label")
    if not isinstance(named, dict) or not 2 <= len(named) <= _MOST_LABELS:
        raise _unsuitable(folder, "id2label")
    labels = tuple(named.get(str(position)) for position in range(len(named)))
    if not all(isinstance(label, str) and len(label) <= _MOST_LABEL_CHARACTERS for label in labels):
        raise _unsuitable(folder, "id2label")
    return tuple(map(str, labels))


def _check_weights(folder: Path) -> None:
    file = read_file(folder, WEIGHTS)
    if file.bytes > MOST_BYTES:
        raise _unsuitable(folder, f"{WEIGHTS} has {file.bytes} bytes")
    if len(file.tensors) > _MOST_TENSORS:
        raise _unsuitable(folder, f"{WEIGHTS} has {len(file.tensors)} tensors")
    if any(tensor.dtype not in ("F32", "F16", "BF16") for tensor in file.tensors.values()):
        raise _unsuitable(folder, "the numbers' format")


def _whole(folder: Path, config: Mapping[str, Any], name: str, least: int, most: int) -> int:
    value = config.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise _unsuitable(folder, name)
    return value


def _fraction(folder: Path, value: object) -> float:
    if not isinstance(value, float) or not 0 < value < 1:
        raise _unsuitable(folder, "layer_norm_eps")
    return value


def _three(folder: Path, shown: Mapping[str, Any], name: str, least: float) -> tuple[float, float, float]:
    values = shown.get(name, [0.5, 0.5, 0.5])
    if not isinstance(values, list) or len(values) != 3:
        raise _unsuitable(folder, name)
    if any(not isinstance(each, int | float) or not least <= each <= 10 for each in values):
        raise _unsuitable(folder, name)
    red, green, blue = map(float, values)
    return red, green, blue


def _unsuitable(folder: Path, reason: str) -> StartError:
    return StartError(Code.CLASSIFIER_NOT_VIT, folder=str(folder), reason=reason)
