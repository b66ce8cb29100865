"""A classifier of the published layout, in miniature: it blocks what is red.

Names, files and fields are those of https://huggingface.co/Falconsai/nsfw_image_detection, a checkpoint that
transformers 4.31 wrote.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file

HIDDEN, SIDE, PATCH, LAYERS, INNER = 8, 32, 16, 2, 16
_TOKENS = (SIDE // PATCH) ** 2 + 1
_STRENGTH = 4.0


def write_classifier(folder: Path, **config: Any) -> Path:
    """Write the three files; ``config`` replaces fields of config.json."""
    folder.mkdir(parents=True, exist_ok=True)
    fields = {
        "architectures": ["ViTForImageClassification"], "model_type": "vit", "hidden_size": HIDDEN,
        "num_hidden_layers": LAYERS, "num_attention_heads": 2, "intermediate_size": INNER,
        "image_size": SIDE, "patch_size": PATCH, "num_channels": 3, "hidden_act": "gelu",
        "id2label": {"0": "normal", "1": "nsfw"}, "label2id": {"normal": 0, "nsfw": 1},
        "layer_norm_eps": 1e-12, "qkv_bias": True, "problem_type": "single_label_classification",
        "torch_dtype": "float32", "transformers_version": "4.31.0", "attention_probs_dropout_prob": 0.0,
        "hidden_dropout_prob": 0.0, "initializer_range": 0.02, "encoder_stride": 16,
    }  # fmt: skip
    (folder / "config.json").write_text(json.dumps({**fields, **config}), "utf-8")
    preprocessor = {
        "do_normalize": True, "do_rescale": True, "do_resize": True, "image_mean": [0.5] * 3,
        "image_std": [0.5] * 3, "image_processor_type": "ViTImageProcessor", "resample": 2,
        "rescale_factor": 1 / 255, "size": {"height": SIDE, "width": SIDE},
    }  # fmt: skip
    (folder / "preprocessor_config.json").write_text(json.dumps(preprocessor), "utf-8")
    save_file(weights(), folder / "model.safetensors", metadata={"format": "pt"})
    return folder


def weights() -> dict[str, np.ndarray]:
    """Random weights, in which the patches' redness reaches the class token by the mean of all values."""
    chance = np.random.default_rng(3)

    def drawn(*shape: int) -> np.ndarray:
        return (0.001 * chance.standard_normal(shape)).astype(np.float32)

    found = {
        "vit.embeddings.cls_token": drawn(1, 1, HIDDEN),
        "vit.embeddings.position_embeddings": drawn(1, _TOKENS, HIDDEN),
        "vit.embeddings.patch_embeddings.projection.weight": drawn(HIDDEN, 3, PATCH, PATCH),
        "vit.embeddings.patch_embeddings.projection.bias": drawn(HIDDEN),
        "vit.layernorm.weight": np.ones(HIDDEN, np.float32),
        "vit.layernorm.bias": np.zeros(HIDDEN, np.float32),
        "classifier.weight": drawn(2, HIDDEN),
        "classifier.bias": np.zeros(2, np.float32),
    }
    # The first feature of a patch is how much more red than green it is; the second is its opposite, so
    # that the normalisation keeps the sign.
    for feature, sign in ((0, 1.0), (1, -1.0)):
        found["vit.embeddings.patch_embeddings.projection.weight"][feature, 0] += sign / PATCH**2
        found["vit.embeddings.patch_embeddings.projection.weight"][feature, 1] -= sign / PATCH**2
        found["classifier.weight"][1, feature] += sign * _STRENGTH
    # Two features that are the same everywhere: beside them, grey stays small when it is normalised.
    found["vit.embeddings.patch_embeddings.projection.bias"][2:4] = (1.0, -1.0)
    found["classifier.bias"][:] = (2.0, 0.0)
    for layer in range(LAYERS):
        found |= _layer(f"vit.encoder.layer.{layer}.", drawn)
    return found


def _layer(prefix: str, drawn: Any) -> dict[str, np.ndarray]:
    found = {}
    for name, outer, inner in (
        ("attention.attention.query", HIDDEN, HIDDEN),
        ("attention.attention.key", HIDDEN, HIDDEN),
        ("attention.attention.value", HIDDEN, HIDDEN),
        ("attention.output.dense", HIDDEN, HIDDEN),
        ("intermediate.dense", INNER, HIDDEN),
        ("output.dense", HIDDEN, INNER),
    ):
        found[f"{prefix}{name}.weight"] = drawn(outer, inner)
        found[f"{prefix}{name}.bias"] = drawn(outer)
        if name in ("attention.attention.value", "attention.output.dense"):
            found[f"{prefix}{name}.weight"] += np.eye(HIDDEN, dtype=np.float32)
    for name in ("layernorm_before", "layernorm_after"):
        found[f"{prefix}{name}.weight"] = np.ones(HIDDEN, np.float32)
        found[f"{prefix}{name}.bias"] = np.zeros(HIDDEN, np.float32)
    return found
