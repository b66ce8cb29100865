"""Files of a folder are hashed once if the hub's client recorded their hashes."""

import hashlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from kleinbot.domain.errors import Code, StartError
from kleinbot.klein.hub import published
from kleinbot.klein.hub.download import abandon_check
from kleinbot.klein.hub.folder_hashes import check_folder
from kleinbot.klein.hub.requests import AbandonedError
from kleinbot.klein.weights.find_weights import find_weights

VAE = "vae/diffusion_pytorch_model.safetensors"


@pytest.fixture
def checkout(tiny_folder: Path, tmp_path: Path) -> Path:
    """A checkout downloaded with ``hf download --local-dir``."""
    folder = shutil.copytree(tiny_folder, tmp_path / "checkout")
    for file in [file for file in folder.rglob("*") if file.is_file()]:
        note = folder / ".cache/huggingface/download" / f"{file.relative_to(folder)}.metadata"
        note.parent.mkdir(parents=True, exist_ok=True)
        sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
        note.write_text(f"{'c' * 40}\n{sha256}\n{file.stat().st_mtime + 0.5}\n")
    return folder


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    folder = tmp_path / "scratch"
    folder.mkdir()
    return folder


def damage(file: Path, younger_s: float = 0) -> None:
    """Change bytes like bad sectors (same size and time) or like a person (newer)."""
    facts = file.stat()
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    os.utime(file, ns=(facts.st_atime_ns, facts.st_mtime_ns + int(younger_s * 1e9)))


def hashed(
    folder: Path, scratch: Path, on_fraction: Callable[[float], None] = lambda _: None, gives_up: bool = False
) -> None:
    check_folder(find_weights(folder), scratch, on_fraction, abandon_check(lambda: gives_up))


def test_a_file_with_other_bytes_than_the_hubs_is_refused(checkout: Path, scratch: Path) -> None:
    damage(checkout / VAE)
    with pytest.raises(StartError) as raised:
        hashed(checkout, scratch)
    assert raised.value.code is Code.WEIGHTS_DAMAGED
    assert raised.value.parameters["file"] == Path(VAE).name
    assert (checkout / VAE).is_file()


def test_right_files_are_hashed_once_and_the_folder_is_left_alone(
    checkout: Path, scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = sorted(checkout.rglob("*"))
    reported: list[float] = []
    hashed(checkout, scratch, reported.append)
    assert reported == sorted(reported)
    assert reported[-1] == 1.0
    assert sorted(checkout.rglob("*")) == before

    def hashed_again(*_: object) -> str:
        raise AssertionError("a start must not hash 16 GB")

    with monkeypatch.context() as patched:
        patched.setattr(published, "sha256_of", hashed_again)
        hashed(checkout, scratch)
        (checkout / VAE).touch()
        # Newer than its metadata: the user's own file.
        os.utime(checkout / VAE, (2**31, 2**31))
        hashed(checkout, scratch)


def test_a_persons_own_file_in_the_place_is_not_refused(checkout: Path, scratch: Path) -> None:
    damage(checkout / VAE, younger_s=60)
    hashed(checkout, scratch)


def test_without_a_note_nothing_is_refused(checkout: Path, scratch: Path) -> None:
    shutil.rmtree(checkout / ".cache")
    damage(checkout / VAE)
    hashed(checkout, scratch)


def test_a_snapshot_of_the_hubs_cache_is_known_by_its_links(
    tiny_folder: Path, tmp_path: Path, scratch: Path
) -> None:
    snapshot = shutil.copytree(tiny_folder, tmp_path / "models--klein/snapshots/main")
    blobs = tmp_path / "models--klein/blobs"
    blobs.mkdir()
    blob = blobs / hashlib.sha256((snapshot / VAE).read_bytes()).hexdigest()
    (snapshot / VAE).rename(blob)
    (snapshot / VAE).symlink_to(Path("../../../blobs") / blob.name)
    hashed(snapshot, scratch)
    damage(blob, younger_s=60)
    with pytest.raises(StartError) as raised:
        hashed(snapshot, scratch)
    assert raised.value.code is Code.WEIGHTS_DAMAGED
    assert blob.is_file()
    assert [path.name for path in blobs.iterdir()] == [blob.name]


def test_what_cannot_be_remembered_is_hashed_again(checkout: Path, scratch: Path) -> None:
    (scratch / "hashed.json").mkdir()
    hashed(checkout, scratch)
    damage(checkout / VAE)
    with pytest.raises(StartError):
        hashed(checkout, scratch)


def test_hashing_ends_when_nobody_waits(checkout: Path, scratch: Path) -> None:
    with pytest.raises(AbandonedError):
        hashed(checkout, scratch, gives_up=True)
