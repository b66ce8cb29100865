"""A cached file's metadata is used only if it has the right form."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from kleinbot.klein.quantisation.quantised_cache import FOLDER, cached_in


def keep(scratch: Path, tensors: object, metadata: object) -> None:
    source = {"path": "/x", "state": ["/x", 1, 2], "metadata": metadata, "tensors": tensors}
    said = {"version": 2, "label": "x", "format": "int8", "precision": "bfloat16", "sources": [source]}
    (scratch / FOLDER).mkdir()
    file = scratch / FOLDER / "a.safetensors"
    save_file({"t": torch.zeros(1)}, file, metadata={"kleinbot_made_of": json.dumps(said)})


def test_one_of_the_right_form_is_found(tmp_path: Path) -> None:
    keep(tmp_path, {"a": ["BF16", [2, 3]]}, {"format": "pt"})
    (cached,) = cached_in(tmp_path)
    assert list(cached.sources) == [Path("/x")]


@pytest.mark.parametrize("tensors", [[], 1, None, {"a": None}, {"a": [1, 2, 3]}, {"a": ["BF16", 3]}])
def test_tensors_of_another_form_are_no_cached_file(tmp_path: Path, tensors: object) -> None:
    keep(tmp_path, tensors, {})
    assert list(cached_in(tmp_path)) == []


@pytest.mark.parametrize("metadata", [1, None, "x", ["x"]])
def test_metadata_of_another_form_is_no_cached_file(tmp_path: Path, metadata: object) -> None:
    keep(tmp_path, {}, metadata)
    assert list(cached_in(tmp_path)) == []
