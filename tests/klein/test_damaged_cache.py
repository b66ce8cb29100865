"""Damaged, incomplete and unreadable files of the 8-bit cache are detected and created again."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from kleinbot.domain.profile import WeightFormat
from kleinbot.klein.quantisation.quantised_cache import FOLDER, cached_in
from tests.klein.drawing import latents_of
from tests.klein.quantised_loading import changed_on_disk, loaded, profile_of, refuses_reading, torn_away


def test_a_cached_file_with_invalid_metadata_is_not_believed(checkout: Path, tmp_path: Path) -> None:
    profile = profile_of(WeightFormat.INT8)
    loaded(checkout, profile, tmp_path)
    for file in (tmp_path / FOLDER).glob("*.safetensors"):
        for said in ("[" * 100_000, "{}", '{"version": 2, "sources": 1}'):
            save_file(load_file(file), file, metadata={"kleinbot_made_of": said})
    assert list(cached_in(tmp_path)) == []
    assert loaded(checkout, profile, tmp_path)
    assert len(list(cached_in(tmp_path))) == 2


def test_a_torn_file_is_created_again(tiny_folder: Path, tmp_path: Path) -> None:
    expected = latents_of(loaded(tiny_folder, profile_of(WeightFormat.INT8), tmp_path))
    for file in (tmp_path / FOLDER).glob("*.safetensors"):
        file.write_bytes(file.read_bytes()[:-7])
    assert torch.equal(latents_of(loaded(tiny_folder, profile_of(WeightFormat.INT8), tmp_path)), expected)


def test_what_a_killed_start_left_is_removed_by_the_next(
    tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as killed:
        # A killed process cleans nothing up.
        killed.setattr(Path, "unlink", lambda *_, **__: None)
        killed.setattr(Path, "replace", torn_away)
        with pytest.raises(KeyboardInterrupt):
            loaded(tiny_folder, profile_of(WeightFormat.INT8), tmp_path)
    folder = tmp_path / FOLDER
    assert sorted(path.suffix for path in folder.iterdir()) == [".part", ".sha256"]
    loaded(tiny_folder, profile_of(WeightFormat.PLAIN), tmp_path)
    assert list(folder.iterdir()) == []


def test_cached_weights_that_changed_on_the_disk_are_created_again(
    tiny_folder: Path,
    tmp_path: Path,
    quantised_layers: Iterator[list[WeightFormat]],
    caplog: pytest.LogCaptureFixture,
) -> None:
    made = next(quantised_layers)
    profile = profile_of(WeightFormat.INT8)
    first = latents_of(loaded(tiny_folder, profile, tmp_path))
    made.clear()
    damaged = changed_on_disk(tmp_path)

    assert torch.equal(latents_of(loaded(tiny_folder, profile, tmp_path)), first)

    assert made
    said = caplog.text
    assert all(str(file) in said for file in damaged)


def test_they_are_hashed_once(tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    profile = profile_of(WeightFormat.INT8)
    for _ in range(2):
        loaded(tiny_folder, profile, tmp_path)

    def hashed_again(*_: object) -> str:
        raise AssertionError("a start must not hash 8 GB")

    monkeypatch.setattr("kleinbot.klein.quantisation.cache_hashes.sha256_of", hashed_again)
    assert loaded(tiny_folder, profile, tmp_path)


def test_what_an_earlier_version_kept_without_a_hash_is_used(
    tiny_folder: Path, tmp_path: Path, quantised_layers: Iterator[list[WeightFormat]]
) -> None:
    made = next(quantised_layers)
    profile = profile_of(WeightFormat.INT8)
    loaded(tiny_folder, profile, tmp_path)
    for note in (tmp_path / FOLDER).glob("*.sha256"):
        note.unlink()
    made.clear()
    loaded(tiny_folder, profile, tmp_path)
    assert not made
    assert len(list((tmp_path / FOLDER).glob("*.sha256"))) == 2


def test_cached_weights_that_the_disk_does_not_give_are_created_again(
    tiny_folder: Path,
    tmp_path: Path,
    quantised_layers: Iterator[list[WeightFormat]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = next(quantised_layers)
    profile = profile_of(WeightFormat.INT8)
    first = latents_of(loaded(tiny_folder, profile, tmp_path))
    for note in (tmp_path / FOLDER).glob("*.verified"):
        note.unlink()
    made.clear()
    monkeypatch.setattr("kleinbot.klein.quantisation.cache_hashes.sha256_of", refuses_reading)
    assert torch.equal(latents_of(loaded(tiny_folder, profile, tmp_path)), first)
    assert made


@pytest.mark.parametrize("left", [b"", b"0123", b"\xff" * 70])
def test_a_note_that_a_power_cut_has_emptied_costs_no_weights(
    tiny_folder: Path, tmp_path: Path, quantised_layers: Iterator[list[WeightFormat]], left: bytes
) -> None:
    made = next(quantised_layers)
    profile = profile_of(WeightFormat.INT8)
    loaded(tiny_folder, profile, tmp_path)
    notes = list((tmp_path / FOLDER).glob("*.sha256"))
    for note in notes:
        note.write_bytes(left)
    made.clear()
    loaded(tiny_folder, profile, tmp_path)
    assert not made
    assert all(len(note.read_text("utf-8")) == 64 for note in notes), "it is noted again"


def test_what_the_system_does_not_let_go_ends_no_start(tiny_folder: Path, tmp_path: Path) -> None:
    """On Windows another program may hold a file; here folders stand in for such files."""
    profile = profile_of(WeightFormat.INT8)
    for name in ("vae-int8-0.safetensors.part", "text-encoder-int8-0.safetensors", "lone.sha256"):
        (tmp_path / FOLDER / name).mkdir(parents=True)
    assert loaded(tiny_folder, profile, tmp_path)
    assert len(list((tmp_path / FOLDER).glob("*.sha256"))) == 3
