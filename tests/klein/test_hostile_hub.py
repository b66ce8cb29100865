"""Broken or hostile hubs, mirrors and networks: nothing is written elsewhere, each has its own error."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import huggingface_hub
import pytest
from huggingface_hub import HfApi, snapshot_download

from kleinbot.app.engine_startup import Remedy, remedy_of
from kleinbot.domain.errors import Code, StartError
from kleinbot.domain.profile import CPU_SMALL
from kleinbot.klein.hub.download import complete_in_cache, fetch_from_hub, plan_download
from kleinbot.klein.hub.listing import is_plain_path
from kleinbot.klein.weights.source import HubSource, hub_source
from kleinbot.texts import Texts, languages
from tests.klein.hub import COMMIT, REPOSITORY, Hub, ignore, never

VAE = "vae/diffusion_pytorch_model.safetensors"


def refused(source: HubSource) -> StartError:
    """Return why ``source`` is not downloaded, after checking its messages."""
    with pytest.raises(StartError) as raised:
        fetch_from_hub(source, ignore, never)
    for language in languages():
        assert "{" not in Texts().error(raised.value, language)
    return raised.value


def of_vae(change: Callable[[dict[str, Any]], None]) -> Callable[[dict[str, Any]], None]:
    def edit(listing: dict[str, Any]) -> None:
        change(next(each for each in listing["siblings"] if each["rfilename"] == VAE))

    return edit


def of_vae_lfs(**values: object) -> Callable[[dict[str, Any]], None]:
    return of_vae(lambda sibling: sibling["lfs"].update(values))


def named(name: str) -> Callable[[dict[str, Any]], None]:
    def edit(listing: dict[str, Any]) -> None:
        listing["siblings"].append({"rfilename": name, "size": 1, "blobId": 40 * "a"})

    return edit


SENSELESS: dict[str, Callable[[dict[str, Any]], None]] = {
    "a commit that leads elsewhere": lambda listing: listing.update(sha="../../../elsewhere"),
    "no commit": lambda listing: listing.update(sha=None),
    "a file above the folder": named("text_encoder/model/../../../../../x.safetensors"),
    "a backslash": named("tokenizer/..\\..\\x.json"),
    "a stream of another file": named("tokenizer/x:y.json"),
    "a device": named("tokenizer/con.json"),
    "a negative size": of_vae(lambda sibling: sibling.update(size=-1)),
    "a size beyond all disks": of_vae(lambda sibling: sibling.update(size=1 << 60)),
    "a size that is no number": of_vae(lambda sibling: sibling.update(size="many")),
}


@pytest.mark.parametrize("edit", SENSELESS.values(), ids=SENSELESS.keys())
def test_a_listing_that_makes_no_sense_writes_nothing(
    hub: Hub, source: HubSource, tmp_path: Path, edit: Callable[[dict[str, Any]], None]
) -> None:
    hub.edit = edit
    before = {path for path in tmp_path.rglob("*") if "cache" not in path.parts}
    error = refused(source)
    assert error.code is Code.WEIGHTS_UNREACHABLE
    assert remedy_of(error) is Remedy.AGAIN
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and "cache" in path.parts]
    assert {path for path in tmp_path.rglob("*") if "cache" not in path.parts} == before


@pytest.mark.parametrize("sha256", ["../../../../victim", "..\\victim", "", 64 * "Z", "md5", 63 * "a"])
def test_what_is_no_hash_is_never_a_path(hub: Hub, source: HubSource, tmp_path: Path, sha256: str) -> None:
    victim = tmp_path / "victim"
    victim.write_text("somebody's")
    hub.edit = of_vae_lfs(sha256=sha256)

    assert fetch_from_hub(source, ignore, never)

    assert victim.read_text() == "somebody's"
    assert source.cache_folder is not None
    blobs = [path for path in source.cache_folder.rglob("*") if path.is_file() and not path.is_symlink()]
    allowed = ("blobs", "refs")
    assert {path.relative_to(source.cache_folder).parts[1] for path in blobs} == set(allowed)


def test_a_mirror_without_hashes_is_used_and_its_files_are_fetched_once(hub: Hub, source: HubSource) -> None:
    """Mirrors give md5 ETags and no LFS fields."""

    def edit(listing: dict[str, Any]) -> None:
        for sibling in listing["siblings"]:
            sibling.pop("lfs", None)
            sibling.pop("blobId", None)

    hub.edit = edit
    weights = fetch_from_hub(source, ignore, never)
    hub.fetched.clear()
    assert complete_in_cache(source) == weights
    assert fetch_from_hub(replace(source, endpoint="http://127.0.0.1:9"), ignore, never) == weights
    assert hub.fetched == []


def test_a_file_longer_than_announced_is_cut_off_and_not_kept(hub: Hub, source: HubSource) -> None:
    hub.longer_by = 50_000_000
    error = refused(source)
    assert error.code is Code.WEIGHTS_UNREACHABLE
    assert "announced" in str(error.parameters["reason"])
    assert source.cache_folder is not None
    assert sum(path.stat().st_size for path in source.cache_folder.rglob("*") if path.is_file()) < 10_000_000


def test_the_hubs_own_client_finds_what_was_laid_down(hub: Hub, source: HubSource) -> None:
    fetch_from_hub(source, ignore, never)
    folder = Path(snapshot_download(REPOSITORY, cache_dir=source.cache_folder, local_files_only=True))
    assert folder.name == COMMIT
    assert (folder / VAE).read_bytes() == (hub.folder / VAE).read_bytes()
    assert (folder / VAE).is_symlink()
    assert not (folder / VAE).readlink().is_absolute()


def test_without_links_nothing_lies_on_the_disk_twice(
    hub: Hub, source: HubSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.file_download.are_symlinks_supported", lambda _: False)
    announced = plan_download(source).missing_bytes
    highest = 0
    assert source.cache_folder is not None
    cache = source.cache_folder

    def watch(_: float) -> None:
        nonlocal highest
        highest = max(highest, sum(path.stat().st_size for path in cache.rglob("*") if path.is_file()))

    assert fetch_from_hub(source, watch, never)
    # The records of verified files and of the commit take a few bytes.
    assert announced <= highest < announced + 10_000


def test_a_captive_portal_passes(hub: Hub, source: HubSource) -> None:
    hub.portal = b"<html>Please log in</html>"
    error = refused(source)
    assert error.code is Code.WEIGHTS_UNREACHABLE
    assert remedy_of(error) is Remedy.AGAIN
    hub.portal = None
    assert fetch_from_hub(source, ignore, never)


def test_an_expired_token_does_not_keep_anybody_from_a_public_repository(
    hub: Hub, source: HubSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_expired")
    hub.refuses_tokens = True
    assert fetch_from_hub(source, ignore, never)


@pytest.fixture
def new_session() -> None:
    """The hub's client reads proxies and certificates when its session is created."""
    huggingface_hub.close_session()


WRONG_SETTINGS = {
    "a token with an umlaut": ({"HF_TOKEN": "hf_schlüssel"}, "HF_TOKEN"),
    "a SOCKS proxy": ({"ALL_PROXY": "socks5://127.0.0.1:9"}, "SOCKS"),
    "a proxy of no kind": ({"ALL_PROXY": "carrier://127.0.0.1:9"}, "ALL_PROXY"),
    "certificates that are gone": ({"SSL_CERT_FILE": "/nowhere/ca.pem"}, "SSL_CERT_FILE"),
}


@pytest.mark.usefixtures("new_session")
@pytest.mark.parametrize(("settings", "named"), WRONG_SETTINGS.values(), ids=WRONG_SETTINGS.keys())
def test_a_setting_that_keeps_the_client_from_asking_is_named(
    source: HubSource, monkeypatch: pytest.MonkeyPatch, settings: dict[str, str], named: str
) -> None:
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    error = refused(source)
    assert error.code is Code.WEIGHTS_SETTINGS
    assert remedy_of(error) is Remedy.STAYS
    assert named in str(error.parameters["reason"])


def test_a_cache_that_is_a_file_is_reported(source: HubSource, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    error = refused(replace(source, cache_folder=tmp_path / "file"))
    assert error.code is Code.WEIGHTS_CACHE_UNUSABLE
    assert str(tmp_path / "file") in str(error.parameters["folder"])


def test_what_nobody_foresaw_passes(source: HubSource, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("Cannot send a request, as the client has been closed.")

    monkeypatch.setattr(HfApi, "model_info", fail)
    error = refused(source)
    assert error.code is Code.WEIGHTS_UNREACHABLE
    assert remedy_of(error) is Remedy.AGAIN


def test_a_repository_that_is_no_checkout_is_reported_before_anything_is_fetched(
    hub: Hub, tmp_path: Path
) -> None:
    single = tmp_path / "single"
    single.mkdir()
    (single / "flux-2-klein-4b-fp8.safetensors").write_bytes(b"weights")
    hub.repositories["some-lab/single"] = single
    source = hub_source(CPU_SMALL, "some-lab/single", tmp_path / "cache", hub.endpoint)
    for act in (plan_download, lambda source: fetch_from_hub(source, ignore, never)):
        with pytest.raises(StartError) as raised:
            act(source)
        assert raised.value.code is Code.WEIGHTS_NO_CHECKOUT
    assert not [name for name in hub.fetched if name.endswith(".safetensors")]


def test_plain_paths() -> None:
    assert is_plain_path("text_encoder/model-00001-of-00002.safetensors")
    for name in (
        "",
        "/x",
        "x/",
        "a//b",
        "..",
        "a/..",
        ".git/config",
        "a\\b",
        "c:x",
        "nul",
        "a/b/c/d/e/f/g",
        None,
    ):
        assert not is_plain_path(name), name
