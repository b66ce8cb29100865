"""Downloading: only what is used, once, with progress, from where it stopped."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from kleinbot.domain.errors import Code, StartError
from kleinbot.klein.checkpoint import TOKENIZER
from kleinbot.klein.find_weights import find_weights
from kleinbot.klein.source import (
    AbandonedError,
    FolderSource,
    HubSource,
    fetch_from_hub,
    is_used,
)
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
    return HubSource(REPOSITORY, cache_folder=tmp_path / "cache", endpoint=hub.endpoint)


def ignore(_: float) -> None:
    return


def never() -> bool:
    return False


@pytest.mark.parametrize(("name", "wanted"), PUBLISHED.items())
def test_of_the_published_files_only_the_used_are_fetched(name: str, wanted: bool) -> None:
    assert is_used(name) is wanted


def test_a_download_is_complete_and_holds_nothing_more(
    hub: Hub, source: HubSource, tiny_folder: Path
) -> None:
    folder = fetch_from_hub(source, ignore, never)

    assert sorted(hub.fetched) == [name for name in hub.names() if is_used(name)]
    assert "flux-2-klein-4b.safetensors" not in hub.fetched
    assert find_weights(folder).bytes == find_weights(tiny_folder).bytes


def test_progress_runs_from_nothing_to_all(source: HubSource) -> None:
    told: list[float] = []
    fetch_from_hub(source, told.append, never)
    assert told == sorted(told)
    assert told[0] < 0.01
    assert told[-1] == 1.0


def test_what_is_there_is_used_without_the_network(hub: Hub, source: HubSource) -> None:
    folder = fetch_from_hub(source, ignore, never)
    unreachable = HubSource(REPOSITORY, cache_folder=source.cache_folder, endpoint="http://127.0.0.1:9")

    assert fetch_from_hub(unreachable, ignore, never) == folder


def test_an_abandoned_download_goes_on_with_what_is_missing(hub: Hub, source: HubSource) -> None:
    def during_the_largest() -> bool:
        return "text_encoder/model.safetensors" in hub.fetched

    with pytest.raises(AbandonedError):
        fetch_from_hub(source, ignore, during_the_largest)
    before = set(hub.fetched)
    hub.fetched.clear()

    folder = fetch_from_hub(source, ignore, never)

    assert find_weights(folder)
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
    source = HubSource("some-lab/nothing", cache_folder=tmp_path / "cache", endpoint=hub.endpoint)
    with pytest.raises(StartError) as raised:
        fetch_from_hub(source, ignore, never)
    assert raised.value.code is Code.WEIGHTS_UNREACHABLE
    assert raised.value.parameters["repository"] == "some-lab/nothing"
    assert raised.value.parameters["reason"] == "there is no such repository"


def test_no_network_is_told(tmp_path: Path) -> None:
    source = HubSource(REPOSITORY, cache_folder=tmp_path / "cache", endpoint="http://127.0.0.1:9")
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
    assert raised.value.code is Code.DISK_FULL
    assert hub.fetched == []


def test_a_folders_tokenizer_is_found_once_it_is_there(tiny_folder: Path, tmp_path: Path) -> None:
    assert FolderSource(tiny_folder).tokenizer_file() == tiny_folder / TOKENIZER
    assert FolderSource(tmp_path).tokenizer_file() is None
