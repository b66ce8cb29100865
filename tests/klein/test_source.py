"""Downloading: only what is used, once, with progress, from where it stopped."""

import errno
import os
import shutil
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO, cast

import pytest
import torch
from safetensors.torch import load_file, save_file

from kleinbot.domain.errors import Code, StartError
from kleinbot.domain.work import Checkpoint
from kleinbot.host.profile import CPU_SMALL, ComponentPlan, Format
from kleinbot.klein.checkpoint import MODEL_INDEX, TOKENIZER
from kleinbot.klein.download import (
    AbandonedError,
    complete_in_cache,
    fetch_from_hub,
    plan_download,
)
from kleinbot.klein.find_weights import find_weights
from kleinbot.klein.kept import gone_of, kept_in
from kleinbot.klein.load import load_klein
from kleinbot.klein.source import (
    BASE_REPOSITORY,
    CHECKOUT_FILES,
    DISTILLED_REPOSITORY,
    FolderSource,
    HubPart,
    HubSource,
    hub_source,
)
from kleinbot.texts import Texts, languages
from tests.klein.hub import REPOSITORY, Hub, serving

PUBLISHED = {
    "model_index.json": True,
    "LICENSE.md": False,
    "README.md": False,
    "flux-2-klein-4b.safetensors": False,
    "scheduler/scheduler_config.json": True,
    "text_encoder/config.json": True,
    "text_encoder/generation_config.json": False,
    "text_encoder/model.safetensors.index.json": True,
    "text_encoder/model-00001-of-00002.safetensors": True,
    "text_encoder/model-00002-of-00002.safetensors": True,
    "tokenizer/tokenizer.json": True,
    "tokenizer/tokenizer_config.json": True,
    "tokenizer/vocab.json": True,
    "tokenizer/merges.txt": True,
    "tokenizer/added_tokens.json": True,
    "tokenizer/special_tokens_map.json": True,
    "tokenizer/chat_template.jinja": True,
    "transformer/config.json": True,
    "transformer/diffusion_pytorch_model.safetensors": True,
    "vae/config.json": True,
    "vae/diffusion_pytorch_model.safetensors": True,
    "teaser.png": False,
}


@pytest.fixture
def hub(tiny_folder: Path, tmp_path: Path) -> Iterator[Hub]:
    folder = shutil.copytree(tiny_folder, tmp_path / "published")
    (folder / "flux-2-klein-4b.safetensors").write_bytes(b"the same again")
    (folder / "README.md").write_text("read me")
    with serving(folder) as hub:
        yield hub


@pytest.fixture
def source(hub: Hub, tmp_path: Path) -> HubSource:
    return hub_source(CPU_SMALL, REPOSITORY, tmp_path / "cache", hub.endpoint)


def ignore(_: float) -> None:
    return


def never() -> bool:
    return False


@pytest.mark.parametrize(("name", "wanted"), PUBLISHED.items())
def test_of_the_published_files_only_the_used_are_fetched(name: str, wanted: bool) -> None:
    assert HubPart(REPOSITORY, CHECKOUT_FILES).holds(name) is wanted


def test_a_download_is_complete_and_holds_nothing_more(
    hub: Hub, source: HubSource, tiny_folder: Path
) -> None:
    weights = fetch_from_hub(source, ignore, never)

    # The index is looked into before anything is fetched.
    assert sorted(hub.fetched) == sorted(
        [MODEL_INDEX, *(name for name in hub.names() if source.checkout.holds(name))]
    )
    assert "flux-2-klein-4b.safetensors" not in hub.fetched
    assert weights.bytes == find_weights(tiny_folder).bytes


def test_progress_runs_from_nothing_to_all(source: HubSource) -> None:
    told: list[float] = []
    fetch_from_hub(source, told.append, never)
    assert told == sorted(told)
    assert told[0] < 0.01
    assert told[-1] == 1.0


def test_what_is_there_is_used_without_the_network(hub: Hub, source: HubSource) -> None:
    weights = fetch_from_hub(source, ignore, never)
    unreachable = replace(source, endpoint="http://127.0.0.1:9")

    assert fetch_from_hub(unreachable, ignore, never) == weights


def test_an_abandoned_download_goes_on_with_what_is_missing(hub: Hub, source: HubSource) -> None:
    def during_the_largest() -> bool:
        return "text_encoder/model.safetensors" in hub.fetched

    with pytest.raises(AbandonedError):
        fetch_from_hub(source, ignore, during_the_largest)
    before = set(hub.fetched)
    hub.fetched.clear()

    weights = fetch_from_hub(source, ignore, never)

    assert weights
    assert before - set(hub.fetched) >= before - {"text_encoder/model.safetensors"}


def test_a_torn_file_in_the_cache_is_told(hub: Hub, source: HubSource) -> None:
    (hub.folder / "vae/diffusion_pytorch_model.safetensors").write_bytes(b"torn")
    with pytest.raises(StartError) as raised:
        fetch_from_hub(source, ignore, never)
    assert raised.value.code is Code.WEIGHTS_DAMAGED


def test_the_tokenizer_arrives_before_the_weights(hub: Hub, source: HubSource) -> None:
    assert source.tokenizer_file() is None

    def once_the_tokenizer_is_there() -> bool:
        return source.tokenizer_file() is not None

    with pytest.raises(AbandonedError):
        fetch_from_hub(source, ignore, once_the_tokenizer_is_there)
    assert not [name for name in hub.fetched if name.endswith(".safetensors")]


def test_a_repository_that_is_not_there_is_told(hub: Hub, tmp_path: Path) -> None:
    source = hub_source(CPU_SMALL, "some-lab/nothing", tmp_path / "cache", hub.endpoint)
    with pytest.raises(StartError) as raised:
        fetch_from_hub(source, ignore, never)
    assert raised.value.code is Code.WEIGHTS_UNREACHABLE
    assert raised.value.parameters["repository"] == "some-lab/nothing"
    assert raised.value.parameters["reason"] == "there is no such repository"


def test_no_network_is_told(tmp_path: Path) -> None:
    source = hub_source(CPU_SMALL, REPOSITORY, tmp_path / "cache", "http://127.0.0.1:9")
    with pytest.raises(StartError) as raised:
        fetch_from_hub(source, ignore, never)
    assert raised.value.code is Code.WEIGHTS_UNREACHABLE
    assert raised.value.parameters["reason"]


def test_a_full_disk_is_told_before_the_download(
    hub: Hub, source: HubSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Usage:
        free = 1000

    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage)
    with pytest.raises(StartError) as raised:
        fetch_from_hub(source, ignore, never)
    assert raised.value.code is Code.WEIGHTS_NO_ROOM
    assert set(hub.fetched) == {MODEL_INDEX}
    assert source.cache_folder is not None
    assert not source.cache_folder.exists()


def test_what_has_arrived_is_not_missing(hub: Hub, source: HubSource) -> None:
    whole = plan_download(source).missing_bytes
    assert whole == sum(
        (hub.folder / name).stat().st_size for name in hub.names() if source.checkout.holds(name)
    )

    with pytest.raises(AbandonedError):
        fetch_from_hub(source, ignore, lambda: "text_encoder/model.safetensors" in hub.fetched)
    assert source.cache_folder is not None
    arrived = sum(
        path.stat().st_size
        for path in source.cache_folder.rglob("blobs/*")
        if not path.name.endswith((".lock", ".verified"))
    )

    assert 0 < plan_download(source).missing_bytes == whole - arrived


def test_the_base_checkpoint_alone_is_refused_before_its_download(hub: Hub, source: HubSource) -> None:
    index = hub.folder / MODEL_INDEX
    index.write_text(index.read_text().replace('"is_distilled": true', '"is_distilled": false'))
    for use in (plan_download, lambda source: fetch_from_hub(source, ignore, never)):
        with pytest.raises(StartError) as raised:
            use(source)
        assert raised.value.code is Code.WEIGHTS_BASE_ALONE
        assert raised.value.parameters == {"place": REPOSITORY}
    assert set(hub.fetched) == {MODEL_INDEX}


def test_the_base_checkpoint_alone_is_refused_where_it_is_in_the_cache(hub: Hub, source: HubSource) -> None:
    fetch_from_hub(source, ignore, never)
    cached = source.in_cache(source.checkout, MODEL_INDEX)
    assert cached is not None
    cached.write_text(cached.read_text().replace('"is_distilled": true', '"is_distilled": false'))
    with pytest.raises(StartError) as raised:
        fetch_from_hub(replace(source, endpoint="http://127.0.0.1:9"), ignore, never)
    assert raised.value.code is Code.WEIGHTS_BASE_ALONE


def test_a_folders_tokenizer_is_found_once_it_is_there(tiny_folder: Path, tmp_path: Path) -> None:
    assert FolderSource(tiny_folder).tokenizer_file() == tiny_folder / TOKENIZER
    assert FolderSource(tmp_path).tokenizer_file() is None


BOTH = (Checkpoint.DISTILLED, Checkpoint.BASE)
FP8 = replace(CPU_SMALL, transformer=ComponentPlan(Format.FP8))


def wanted_of(source: HubSource) -> dict[str, bool]:
    """Return the repositories, and whether a plain transformer is fetched from each."""
    return {
        part.repository: part.holds("transformer/diffusion_pytorch_model.safetensors")
        for part in source.parts
    }


def test_a_profile_downloads_the_transformers_that_it_uses_and_no_other() -> None:
    distilled_fp8 = "black-forest-labs/FLUX.2-klein-4b-fp8"
    base_fp8 = "black-forest-labs/FLUX.2-klein-base-4b-fp8"
    assert wanted_of(hub_source(CPU_SMALL)) == {DISTILLED_REPOSITORY: True}
    assert wanted_of(hub_source(replace(CPU_SMALL, checkpoints=BOTH))) == {
        DISTILLED_REPOSITORY: True,
        BASE_REPOSITORY: True,
    }
    assert wanted_of(hub_source(FP8)) == {DISTILLED_REPOSITORY: False, distilled_fp8: False}
    assert wanted_of(hub_source(replace(FP8, checkpoints=BOTH))) == {
        DISTILLED_REPOSITORY: False,
        distilled_fp8: False,
        base_fp8: False,
    }
    base_only = replace(CPU_SMALL, checkpoints=(Checkpoint.BASE,))
    assert wanted_of(hub_source(base_only)) == {DISTILLED_REPOSITORY: False, BASE_REPOSITORY: True}
    quantised = replace(CPU_SMALL, transformer=ComponentPlan(Format.INT8))
    assert wanted_of(hub_source(quantised)) == {DISTILLED_REPOSITORY: True}


def test_a_base_transformer_comes_from_its_own_repository(
    tiny_folder: Path, tmp_path: Path, hub: Hub, source: HubSource
) -> None:
    base = shutil.copytree(tiny_folder, tmp_path / "base")
    index = base / "model_index.json"
    index.write_text(index.read_text().replace('"is_distilled": true', '"is_distilled": false'))
    hub.repositories["some-lab/base"] = base
    part = HubPart("some-lab/base", ("model_index.json", "transformer/*"))

    weights = fetch_from_hub(replace(source, transformers={Checkpoint.BASE: part}), ignore, never)

    assert set(weights.transformers) == set(BOTH)
    assert hub.fetched.count("text_encoder/model.safetensors") == 1


def test_other_bytes_than_the_published_are_told_and_deleted(hub: Hub, source: HubSource) -> None:
    name = "transformer/diffusion_pytorch_model.safetensors"
    hub.wrong.add(name)
    with pytest.raises(StartError) as raised:
        fetch_from_hub(source, ignore, never)
    assert raised.value.code is Code.WEIGHTS_DAMAGED
    assert raised.value.parameters["file"] == name

    hub.wrong.clear()
    assert fetch_from_hub(source, ignore, never)
    assert hub.fetched.count(name) == 2


def test_a_file_that_was_changed_on_disk_is_not_used(hub: Hub, source: HubSource) -> None:
    """As bad sectors do: the same size, but not the published bytes."""
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
    plan = ComponentPlan(Format.INT8)
    profile = replace(CPU_SMALL, transformer=plan, text_encoder=plan)
    scratch = tmp_path / "scratch"
    load_klein(fetch_from_hub(source, ignore, never), profile, torch.device("cpu"), ignore, scratch)
    for name in ("transformer/diffusion_pytorch_model.safetensors", "text_encoder/model.safetensors"):
        link = source.in_cache(source.checkout, name)
        assert link is not None
        link.resolve().unlink()
    gone = gone_of(kept_in(scratch))
    assert len(gone) == 2
    second = replace(source, gone=gone)
    hub.fetched.clear()

    assert complete_in_cache(second) is not None
    weights = fetch_from_hub(replace(second, endpoint="http://127.0.0.1:9"), ignore, never)
    assert load_klein(weights, profile, torch.device("cpu"), ignore, scratch)

    # Nor where something else is missing.
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


def test_a_file_is_hashed_once(source: HubSource, monkeypatch: pytest.MonkeyPatch) -> None:
    fetch_from_hub(source, ignore, never)

    def hashed_again(*_: object) -> str:
        raise AssertionError("a start must not hash 16 GB")

    monkeypatch.setattr("kleinbot.klein.published._sha256", hashed_again)
    assert fetch_from_hub(source, ignore, never)


NOT_THE_SHA256 = "ab" + 62 * "0"


def shared(cache: Path, file: str) -> Path:
    """Lay the cached ``file`` as huggingface_hub 2.4 does with hf-xet; return where its bytes are.

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


def test_what_is_in_the_cache_but_no_klein_is_told(hub: Hub, source: HubSource) -> None:
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
    [record] = [record for record in caplog.records if record.name == "kleinbot.klein.published"]
    assert VAE in record.getMessage()


PIECE_BYTES = 10_000_000

CHILD = textwrap.dedent(
    """
    import sys
    from pathlib import Path
    from kleinbot.host.profile import CPU_SMALL
    from kleinbot.klein.download import fetch_from_hub
    from kleinbot.klein.source import hub_source

    source = hub_source(CPU_SMALL, sys.argv[1], Path(sys.argv[2]), sys.argv[3])
    fetch_from_hub(source, lambda _: None, lambda: False)
    """
)


def test_a_download_that_is_killed_goes_on_where_it_stopped(
    tiny_folder: Path, tmp_path: Path, source: HubSource, hub: Hub
) -> None:
    name = "text_encoder/model.safetensors"
    content = load_file(hub.folder / name)
    # So large that pieces of it are written before it is whole.
    save_file({**content, "not.used": torch.zeros(6_000_000)}, hub.folder / name)
    hub.stall_after_bytes = 13_000_000
    assert source.cache_folder is not None
    command = [sys.executable, "-c", CHILD, REPOSITORY, str(source.cache_folder), hub.endpoint]
    child = subprocess.Popen(command, env={**os.environ, "HF_HUB_DISABLE_XET": "1"})
    try:
        assert hub.stalled.wait(60)
        wait_for_bytes(source.cache_folder, PIECE_BYTES)
    finally:
        child.kill()
        child.wait()
    hub.release.set()
    hub.stall_after_bytes = None
    hub.ranges.clear()

    weights = fetch_from_hub(source, ignore, never)

    assert weights.bytes == find_weights(tiny_folder).bytes
    resumed = [start for asked, start in hub.ranges if asked == name]
    assert resumed
    assert min(resumed) >= PIECE_BYTES


def wait_for_bytes(cache: Path, wanted: int) -> None:
    """Wait until an unfinished file of the child has ``wanted`` bytes on disk."""
    deadline = time.monotonic() + 30
    while max((part.stat().st_size for part in cache.rglob("*.part")), default=0) < wanted:
        assert time.monotonic() < deadline
        time.sleep(0.02)


class FillingDisk:
    """A file on a disk that takes ``room`` more bytes, and of the piece that is too large its beginning."""

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


def test_a_disk_that_fills_is_told_and_the_download_goes_on_once_there_is_room(
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
