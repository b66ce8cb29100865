"""Downloaded files: hashed once, shared with other programs, and resumed after any interruption."""

import errno
import os
import socket
import sys
import textwrap
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO, cast

import pytest
import torch
from safetensors.torch import load_file, save_file

from kleinbot.domain.errors import Code, StartError
from kleinbot.domain.profile import CPU_SMALL, ComponentPlan, WeightFormat
from kleinbot.klein.hub.download import complete_in_cache, fetch_from_hub, plan_download
from kleinbot.klein.hub.requests import AbandonedError
from kleinbot.klein.pipeline.load import load_klein
from kleinbot.klein.quantisation.quantised_cache import cached_in, missing_sources_of
from kleinbot.klein.weights.find_weights import find_weights
from kleinbot.klein.weights.source import HubSource
from kleinbot.texts import Texts, languages
from tests.klein.hub import REPOSITORY, Hub, ignore, never
from tests.processes import started


def test_other_bytes_than_the_published_are_reported_and_deleted(hub: Hub, source: HubSource) -> None:
    name = "transformer/diffusion_pytorch_model.safetensors"
    hub.wrong.add(name)
    with pytest.raises(StartError) as raised:
        fetch_from_hub(source, ignore, never)
    assert raised.value.code is Code.WEIGHTS_DAMAGED
    assert raised.value.parameters["file"] == name

    hub.wrong.clear()
    assert fetch_from_hub(source, ignore, never)
    # Twice: a damaged download is retried once automatically.
    assert hub.fetched.count(name) == 3


def test_a_file_that_was_changed_on_disk_is_not_used(hub: Hub, source: HubSource) -> None:
    """Like bad sectors: the same size, but other bytes."""
    fetch_from_hub(source, ignore, never)
    assert source.cache_folder is not None
    [file] = source.cache_folder.rglob("transformer/*.safetensors")
    blob = file.resolve()
    content = bytearray(blob.read_bytes())
    content[-1] ^= 1
    blob.write_bytes(content)
    hub.fetched.clear()

    assert fetch_from_hub(source, ignore, never)

    assert hub.fetched == ["transformer/diffusion_pytorch_model.safetensors"]


def test_plain_weights_that_were_quantised_and_deleted_are_not_fetched_again(
    hub: Hub, source: HubSource, tmp_path: Path
) -> None:
    plan = ComponentPlan(WeightFormat.INT8)
    profile = replace(CPU_SMALL, transformer=plan, text_encoder=plan)
    scratch = tmp_path / "scratch"
    load_klein(fetch_from_hub(source, ignore, never), profile, torch.device("cpu"), ignore, scratch)
    for name in ("transformer/diffusion_pytorch_model.safetensors", "text_encoder/model.safetensors"):
        link = source.in_cache(source.checkout, name)
        assert link is not None
        link.resolve().unlink()
    missing_sources = missing_sources_of(cached_in(scratch))
    assert len(missing_sources) == 2
    second = replace(source, missing_sources=missing_sources)
    hub.fetched.clear()

    assert complete_in_cache(second) is not None
    weights = fetch_from_hub(replace(second, endpoint="http://127.0.0.1:9"), ignore, never)
    assert load_klein(weights, profile, torch.device("cpu"), ignore, scratch)

    # Nor if another file is missing.
    vae = source.in_cache(source.checkout, VAE)
    assert vae is not None
    vae.resolve().unlink()
    vae.unlink()
    assert plan_download(second).missing_bytes == (hub.folder / VAE).stat().st_size
    hub.fetched.clear()
    assert fetch_from_hub(second, ignore, never)
    assert [name for name in hub.fetched if name.endswith(".safetensors")] == [VAE]

    assert fetch_from_hub(source, ignore, never)
    assert hub.fetched.count("text_encoder/model.safetensors") == 1


def test_where_links_cannot_be_made_nothing_that_is_there_is_fetched_again(
    hub: Hub, source: HubSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.file_download.are_symlinks_supported", lambda _: False)
    fetch_from_hub(source, ignore, never)
    config = source.in_cache(source.checkout, "vae/config.json")
    assert config is not None
    size = config.stat().st_size
    config.unlink()
    hub.fetched.clear()

    assert plan_download(source).missing_bytes == size
    assert fetch_from_hub(source, ignore, never)
    assert [name for name in hub.fetched if name.endswith(".safetensors")] == []


def test_a_hub_that_knows_no_ranges_sends_the_file_anew_once(hub: Hub, source: HubSource) -> None:
    name = "text_encoder/model.safetensors"
    with pytest.raises(AbandonedError):
        fetch_from_hub(source, ignore, lambda: name in hub.fetched)
    hub.fetched.clear()
    hub.ignores_ranges = True
    assert fetch_from_hub(source, ignore, never)
    assert hub.fetched.count(name) == 1


def test_a_hub_that_accepts_and_never_answers_is_unreachable(
    source: HubSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("listing", "download"):
        monkeypatch.setattr(f"kleinbot.klein.hub.{module}.TIMEOUT_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        endpoint = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(StartError) as raised:
            plan_download(replace(source, endpoint=endpoint))
    assert raised.value.code is Code.WEIGHTS_UNREACHABLE


def test_a_file_is_hashed_once(source: HubSource, monkeypatch: pytest.MonkeyPatch) -> None:
    fetch_from_hub(source, ignore, never)

    def hashed_again(*_: object) -> str:
        raise AssertionError("a start must not hash 16 GB")

    monkeypatch.setattr("kleinbot.klein.hub.published.sha256_of", hashed_again)
    assert fetch_from_hub(source, ignore, never)


NOT_THE_SHA256 = "ab" + 62 * "0"


def shared(cache: Path, file: str) -> Path:
    """Link the cached ``file`` like huggingface_hub 2.4 with hf-xet; return the path of its bytes.

    The repository's ``blobs/<sha256>`` is a link to a file that several repositories share, whose name is
    64 digits too, but another hash.
    """
    [snapshot] = cache.rglob(f"snapshots/*/{file}")
    entry = snapshot.parent / snapshot.readlink()
    entry.with_name(f"{entry.name}.verified").unlink()
    common = cache / "blobs" / NOT_THE_SHA256[:2] / NOT_THE_SHA256
    common.parent.mkdir(parents=True, exist_ok=True)
    entry.rename(common)
    entry.symlink_to(Path("../..") / common.relative_to(cache))
    return common


def everything_in(folder: Path) -> dict[Path, tuple[int, int]]:
    return {
        path: (path.lstat().st_size, path.lstat().st_mtime_ns)
        for path in folder.rglob("*")
        if path.is_symlink() or path.is_file()
    }


VAE = "vae/diffusion_pytorch_model.safetensors"


def test_what_other_programs_fetched_is_used_as_it_lies(hub: Hub, source: HubSource) -> None:
    assert source.cache_folder is not None
    fetch_from_hub(source, ignore, never)
    common = shared(source.cache_folder, VAE)
    before = everything_in(source.cache_folder)
    assert complete_in_cache(source) is not None
    assert everything_in(source.cache_folder) == before
    hub.fetched.clear()

    assert fetch_from_hub(source, ignore, never)

    assert hub.fetched == []
    assert before.items() <= everything_in(source.cache_folder).items()
    assert [path.name for path in common.parent.iterdir()] == [common.name]


def test_what_is_in_the_cache_but_no_klein_is_reported(hub: Hub, source: HubSource) -> None:
    file = hub.folder / VAE
    content = load_file(file)
    save_file({**content, "encoder.conv_out.weight": torch.zeros(32, 8, 3, 3)}, file)
    with pytest.raises(StartError) as raised:
        fetch_from_hub(source, ignore, never)
    assert raised.value.code is Code.WEIGHTS_WRONG_VAE
    with pytest.raises(StartError) as raised:
        complete_in_cache(source)
    assert raised.value.code is Code.WEIGHTS_WRONG_VAE


def test_a_damaged_file_leaves_its_repository_and_nothing_else(
    hub: Hub, source: HubSource, caplog: pytest.LogCaptureFixture
) -> None:
    assert source.cache_folder is not None
    fetch_from_hub(source, ignore, never)
    common = shared(source.cache_folder, VAE)
    damaged = common.read_bytes()[:-1] + b"?"
    common.write_bytes(damaged)
    before = everything_in(source.cache_folder)
    assert complete_in_cache(source) is None
    assert everything_in(source.cache_folder) == before
    hub.fetched.clear()

    assert fetch_from_hub(source, ignore, never)

    assert hub.fetched == [VAE]
    assert common.read_bytes() == damaged
    [record] = [record for record in caplog.records if record.name == "kleinbot.klein.hub.published"]
    assert VAE in record.getMessage()


PIECE_BYTES = 10_000_000

CHILD = textwrap.dedent(
    """
    import sys
    from pathlib import Path
    from kleinbot.domain.profile import CPU_SMALL
    from kleinbot.klein.hub.download import fetch_from_hub
    from kleinbot.klein.weights.source import hub_source

    source = hub_source(CPU_SMALL, sys.argv[1], Path(sys.argv[2]), sys.argv[3])
    fetch_from_hub(source, lambda fraction: print(fraction, flush=True), lambda: False)
    """
)


def test_a_download_that_is_killed_goes_on_where_it_stopped(
    tiny_folder: Path, tmp_path: Path, source: HubSource, hub: Hub
) -> None:
    name = "text_encoder/model.safetensors"
    content = load_file(hub.folder / name)
    # Large enough to be written in several pieces.
    save_file({**content, "not.used": torch.zeros(6_000_000)}, hub.folder / name)
    hub.stall_after_bytes = 13_000_000
    assert source.cache_folder is not None
    command = [sys.executable, "-c", CHILD, REPOSITORY, str(source.cache_folder), hub.endpoint]
    environment = {**os.environ, "HF_HUB_DISABLE_XET": "1"}
    with started(command, env=environment) as child:
        assert child.stdout is not None
        # It reports each written piece.
        assert any(has_begun(source.cache_folder, PIECE_BYTES) for _ in child.stdout)
    hub.release.set()
    hub.stall_after_bytes = None
    hub.ranges.clear()

    weights = fetch_from_hub(source, ignore, never)

    assert weights.bytes == find_weights(tiny_folder).bytes
    resumed = [start for asked, start in hub.ranges if asked == name]
    assert resumed
    assert min(resumed) >= PIECE_BYTES


def has_begun(cache: Path, wanted: int) -> bool:
    """Return whether a partial file has ``wanted`` bytes on disk."""
    return any(part.stat().st_size >= wanted for part in cache.rglob("*.part"))


class FillingDisk:
    """A file on a disk with ``room`` bytes left; it writes the start of a piece that is too large."""

    def __init__(self, file: BinaryIO, room: int) -> None:
        self._file = file
        self._room = room

    def write(self, piece: bytes) -> int:
        written = self._file.write(piece[: self._room])
        self._room -= written
        if written < len(piece):
            raise OSError(errno.ENOSPC, "No space left on device")
        return written

    def __enter__(self) -> "FillingDisk":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()


def test_a_disk_that_fills_is_reported_and_the_download_goes_on_once_there_is_room(
    hub: Hub, source: HubSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "text_encoder/model.safetensors"
    content = load_file(hub.folder / name)
    save_file({**content, "not.used": torch.zeros(1_000_000)}, hub.folder / name)
    room = 2_500_000
    opened = Path.open

    def filling(path: Path, mode: str = "r", **options: Any) -> Any:
        file = opened(path, mode, **options)
        is_large = path.suffix == ".part" and hub.fetched[-1] == name
        return FillingDisk(cast("BinaryIO", file), room) if is_large else file

    with monkeypatch.context() as disk:
        disk.setattr(Path, "open", filling)
        with pytest.raises(StartError) as raised:
            fetch_from_hub(source, ignore, never)
    assert raised.value.code is Code.WEIGHTS_NO_ROOM
    for language in languages():
        assert str(source.cache_folder) in Texts().error(raised.value, language)
    assert source.cache_folder is not None
    assert not list(source.cache_folder.rglob(name))
    [part] = source.cache_folder.rglob("*.part")
    assert part.stat().st_size == room
    assert not part.with_suffix("").exists()

    hub.ranges.clear()
    assert fetch_from_hub(source, ignore, never)

    assert (name, room) in hub.ranges
    assert hub.fetched.count("transformer/diffusion_pytorch_model.safetensors") == 1
