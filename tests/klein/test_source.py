"""Downloading: only used files, once, with progress, resumed after interruptions."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from kleinbot.domain.errors import Code, StartError
from kleinbot.domain.job_spec import Checkpoint
from kleinbot.domain.profile import CPU_SMALL, ComponentPlan, WeightFormat
from kleinbot.klein.hub.download import fetch_from_hub, plan_download
from kleinbot.klein.hub.requests import AbandonedError
from kleinbot.klein.weights.checkpoint import MODEL_INDEX, TOKENIZER
from kleinbot.klein.weights.find_weights import find_weights
from kleinbot.klein.weights.source import (
    BASE_REPOSITORY,
    CHECKOUT_FILES,
    DISTILLED_REPOSITORY,
    FolderSource,
    HubPart,
    HubSource,
    hub_source,
)
from tests.klein.hub import REPOSITORY, Hub, ignore, never

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


@pytest.mark.parametrize(("name", "wanted"), PUBLISHED.items())
def test_of_the_published_files_only_the_used_are_fetched(name: str, wanted: bool) -> None:
    assert HubPart(REPOSITORY, CHECKOUT_FILES).holds(name) is wanted


def test_a_download_is_complete_and_holds_nothing_more(
    hub: Hub, source: HubSource, tiny_folder: Path
) -> None:
    weights = fetch_from_hub(source, ignore, never)

    # The index is read before anything is downloaded.
    assert sorted(hub.fetched) == sorted(
        [MODEL_INDEX, *(name for name in hub.names() if source.checkout.holds(name))]
    )
    assert "flux-2-klein-4b.safetensors" not in hub.fetched
    assert weights.bytes == find_weights(tiny_folder).bytes


def test_progress_runs_from_nothing_to_all(source: HubSource) -> None:
    reported: list[float] = []
    fetch_from_hub(source, reported.append, never)
    assert reported == sorted(reported)
    assert reported[0] < 0.01
    assert reported[-1] == 1.0


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


def test_a_torn_file_in_the_cache_is_reported(hub: Hub, source: HubSource) -> None:
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


def test_a_repository_that_is_not_there_is_reported(hub: Hub, tmp_path: Path) -> None:
    source = hub_source(CPU_SMALL, "some-lab/nothing", tmp_path / "cache", hub.endpoint)
    with pytest.raises(StartError) as raised:
        fetch_from_hub(source, ignore, never)
    assert raised.value.code is Code.WEIGHTS_REFUSED
    assert raised.value.parameters["repository"] == "some-lab/nothing"
    assert raised.value.parameters["reason"] == "there is no such repository, or it is private"


def test_no_network_is_reported(tmp_path: Path) -> None:
    source = hub_source(CPU_SMALL, REPOSITORY, tmp_path / "cache", "http://127.0.0.1:9")
    with pytest.raises(StartError) as raised:
        fetch_from_hub(source, ignore, never)
    assert raised.value.code is Code.WEIGHTS_UNREACHABLE
    assert raised.value.parameters["reason"]


def test_a_full_disk_is_reported_before_the_download(
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
FP8 = replace(CPU_SMALL, transformer=ComponentPlan(WeightFormat.FP8))


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
    quantised = replace(CPU_SMALL, transformer=ComponentPlan(WeightFormat.INT8))
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
