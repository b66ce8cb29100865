"""Cached 8-bit weights replace the plain files they were made from, and nothing else."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from kleinbot.app.engine_startup import Remedy, remedy_of
from kleinbot.domain.errors import Code, StartError
from kleinbot.domain.job_spec import Checkpoint
from kleinbot.domain.profile import Precision, WeightFormat
from kleinbot.klein.pipeline.load import Klein, load_klein
from kleinbot.klein.quantisation.quantised_cache import FOLDER, cached_in, missing_sources_of
from kleinbot.klein.weights.find_weights import find_weights
from tests.klein.drawing import latents_of
from tests.klein.layouts import write_bfl_plain
from tests.klein.quantised_loading import (
    CPU,
    WEIGHTS,
    changed_on_disk,
    loaded,
    missing_for,
    profile_of,
    refuses_reading,
    without_plain,
)
from tests.klein.test_checkpoint import sharded


def test_the_second_start_needs_no_plain_files(
    checkout: Path, tmp_path: Path, quantised_layers: Iterator[list[WeightFormat]]
) -> None:
    profile, made = profile_of(WeightFormat.INT8), next(quantised_layers)
    expected = latents_of(loaded(checkout, profile, tmp_path))
    for file in WEIGHTS:
        (checkout / file).unlink()
    made.clear()
    assert torch.equal(latents_of(without_plain(checkout, profile, tmp_path)), expected)
    assert not made


def test_what_is_needed_plain_is_missed(checkout: Path, tmp_path: Path) -> None:
    loaded(checkout, profile_of(WeightFormat.INT8), tmp_path)
    for file in WEIGHTS:
        (checkout / file).unlink()
    for other in (
        profile_of(WeightFormat.PLAIN),
        profile_of(WeightFormat.FP8),
        profile_of(WeightFormat.INT8, Precision.BFLOAT16),
    ):
        with pytest.raises(StartError) as raised:
            without_plain(checkout, other, tmp_path)
        assert raised.value.code is Code.WEIGHTS_MISSING
        # Nor is it loaded for a profile that needs more than was found.
        weights = find_weights(checkout, missing_sources=missing_sources_of(cached_in(tmp_path)))
        with pytest.raises(StartError) as raised:
            load_klein(weights, other, CPU, lambda _: None, tmp_path)
        assert raised.value.code is Code.WEIGHTS_MISSING


def test_other_files_in_the_place_of_those_that_went_count(checkout: Path, tmp_path: Path) -> None:
    profile = profile_of(WeightFormat.INT8)
    first = latents_of(loaded(checkout, profile, tmp_path))
    file = checkout / WEIGHTS[0]
    content = load_file(file)
    file.unlink()
    save_file({**content, "proj_out.weight": -content["proj_out.weight"]}, file)
    second = latents_of(without_plain(checkout, profile, tmp_path))
    assert torch.equal(second, latents_of(loaded(checkout, profile, None)))
    assert not torch.equal(second, first)


def test_a_part_that_changed_is_not_joined_with_one_that_went(checkout: Path, tmp_path: Path) -> None:
    profile = profile_of(WeightFormat.INT8)
    sharded(checkout)
    loaded(checkout, profile, tmp_path)
    one, other = sorted((checkout / "text_encoder").glob("*.safetensors"))
    one.unlink()
    assert without_plain(checkout, profile, tmp_path)
    other.write_bytes(other.read_bytes())
    with pytest.raises(StartError) as raised:
        without_plain(checkout, profile, tmp_path)
    assert raised.value.code is Code.WEIGHTS_MISSING
    assert raised.value.parameters["file"] == f"text_encoder/{one.name}"


def test_single_files_may_go_too_and_others_come_first(klein: Klein, checkout: Path, tmp_path: Path) -> None:
    profile = profile_of(WeightFormat.INT8)
    shutil.rmtree(checkout / "transformer")
    (checkout / "model_index.json").unlink()
    transformer = klein.transformers[Checkpoint.DISTILLED]
    plain = write_bfl_plain(transformer, checkout / "flux-2-klein-4b.safetensors")
    expected = latents_of(loaded(checkout, profile, tmp_path))
    plain.unlink()
    assert torch.equal(latents_of(without_plain(checkout, profile, tmp_path)), expected)
    other = write_bfl_plain(transformer, checkout / "zzz.safetensors")
    found = find_weights(checkout, missing_sources=missing_for(profile, tmp_path)).transformers[
        Checkpoint.DISTILLED
    ]
    assert {tensor.origin.path for tensor in found.tensors.values()} == {other}


def test_where_their_sources_are_gone_a_new_process_fetches_these(checkout: Path, tmp_path: Path) -> None:
    profile = profile_of(WeightFormat.INT8)
    loaded(checkout, profile, tmp_path)
    for name in WEIGHTS:
        (checkout / name).unlink()
    changed_on_disk(tmp_path)
    missing_sources = missing_sources_of(cached_in(tmp_path))
    with pytest.raises(StartError) as raised:
        load_klein(
            find_weights(checkout, missing_sources=missing_sources), profile, CPU, lambda _: None, tmp_path
        )
    assert raised.value.code is Code.WEIGHTS_KEPT_DAMAGED
    assert remedy_of(raised.value) is Remedy.NEW_PROCESS
    # Later choices no longer count on it.
    assert len(missing_sources_of(cached_in(tmp_path))) < len(missing_sources)


def test_where_their_sources_are_gone_the_disk_is_asked_again(
    checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    profile = profile_of(WeightFormat.INT8)
    loaded(checkout, profile, tmp_path)
    for name in WEIGHTS:
        (checkout / name).unlink()
    cached = sorted((tmp_path / FOLDER).glob("*.safetensors"))
    for note in (tmp_path / FOLDER).glob("*.verified"):
        note.unlink()
    missing_sources = missing_sources_of(cached_in(tmp_path))
    monkeypatch.setattr("kleinbot.klein.quantisation.cache_hashes.sha256_of", refuses_reading)
    with pytest.raises(StartError) as raised:
        load_klein(
            find_weights(checkout, missing_sources=missing_sources), profile, CPU, lambda _: None, tmp_path
        )
    assert raised.value.code is Code.WEIGHTS_UNREADABLE
    assert remedy_of(raised.value) is Remedy.AGAIN
    assert sorted((tmp_path / FOLDER).glob("*.safetensors")) == cached, "nobody removes what may be whole"
