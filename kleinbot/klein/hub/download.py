"""Finds the weights of a source, and downloads the missing ones. Imports no torch."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from huggingface_hub import get_session, hf_hub_url, hf_raise_for_status, snapshot_download
from huggingface_hub.constants import HF_HUB_CACHE
from huggingface_hub.errors import LocalEntryNotFoundError
from huggingface_hub.file_download import repo_folder_name
from huggingface_hub.utils import build_hf_headers  # type: ignore[attr-defined]

from kleinbot.domain.errors import Code, StartError
from kleinbot.domain.job_spec import Checkpoint
from kleinbot.klein.hub.listing import list_files
from kleinbot.klein.hub.published import RepoFile, is_published, verify_once, verify_published
from kleinbot.klein.hub.requests import (
    TIMEOUT_S,
    AbandonedError,
    hub_errors,
    use_proxy,
    with_or_without_token,
)
from kleinbot.klein.hub.resumable_download import downloaded_bytes, fetch_blob, link_into_snapshot
from kleinbot.klein.weights.checkpoint import MODEL_INDEX, TRANSFORMER_CONFIG, checkpoint_of
from kleinbot.klein.weights.find_weights import find_weights
from kleinbot.klein.weights.json_files import MOST_CONFIG_BYTES
from kleinbot.klein.weights.source import DISTILLED_REPOSITORY, FolderSource, HubPart, HubSource, Source
from kleinbot.klein.weights.weight_set import WeightSet
from kleinbot.process.disk_space import free_disk_bytes

_NOT_FOUND = 404
_FIXED_BY_DOWNLOADING = frozenset(
    (Code.WEIGHTS_NONE, Code.WEIGHTS_MISSING, Code.WEIGHTS_TOKENIZER_MISSING, Code.WEIGHTS_DAMAGED)
)


def abandon_check(is_abandoned: Callable[[], bool]) -> Callable[[], None]:
    """Return a function that raises AbandonedError once ``is_abandoned`` returns True."""

    def raise_if_abandoned() -> None:
        if is_abandoned():
            raise AbandonedError

    return raise_if_abandoned


@dataclass(frozen=True)
class HubFile:
    """A file of a source, and its path in the cache's snapshot of the current commit."""

    part: HubPart
    file: RepoFile
    path: Path


@dataclass(frozen=True)
class Download:
    """Every file of a source, and the bytes that are not on disk yet; partial downloads count as on disk."""

    files: Sequence[HubFile]
    missing_bytes: int


def plan_download(source: HubSource) -> Download:
    """Request the list of ``source``'s files from the hub; write nothing. Sets the proxy for later requests.

    Raises StartError WEIGHTS_BASE_ALONE (place) if there is no distilled transformer, WEIGHTS_NO_CHECKOUT
    (repository, file) if the repository lacks a file of a checkout; those of ``hub_errors``.
    """
    use_proxy(source.proxy)
    _check_not_base_alone(source)
    files: list[HubFile] = []
    for part in source.parts:
        with hub_errors(part.repository, cache_of(source)):
            listing = list_files(part, source.endpoint)
        for lacking in part.lacking([file.name for file in listing.files]):
            raise StartError(Code.WEIGHTS_NO_CHECKOUT, repository=part.repository, file=lacking)
        snapshot = _snapshot(source, part, listing.commit)
        files += [
            HubFile(part, file, path)
            for file in listing.files
            if (path := snapshot / file.name) not in source.missing_sources
        ]
    return Download(files, sum(_missing_bytes(source, each) for each in files))


def _missing_bytes(source: HubSource, wanted: HubFile) -> int:
    if wanted.path.is_file():
        return 0
    return wanted.file.bytes - downloaded_bytes(cache_of(source), wanted.part.repository, wanted.file)


def _check_not_base_alone(source: HubSource) -> None:
    """Check the checkout's index first, so that nobody waits for 16 GB of unusable weights."""
    part = source.checkout
    if not part.holds(TRANSFORMER_CONFIG) or part.repository == DISTILLED_REPOSITORY:
        return
    cached = source.in_cache(part, MODEL_INDEX)
    if cached is not None:
        with cached.open("rb") as content:
            text = content.read(MOST_CONFIG_BYTES)
    else:
        with hub_errors(part.repository, cache_of(source)):
            text = _read_index(part, source.endpoint)
    if checkpoint_of(text) is Checkpoint.BASE:
        raise StartError(Code.WEIGHTS_BASE_ALONE, place=part.repository)


def _read_index(part: HubPart, endpoint: str | None) -> bytes:
    """Return the index, truncated at the size limit; empty if the repository has none."""
    url = hf_hub_url(part.repository, MODEL_INDEX, revision=part.revision, endpoint=endpoint)

    def read(token: bool | None) -> bytes:
        headers = build_hf_headers(token=token)
        session = get_session()
        with session.stream("GET", url, headers=headers, follow_redirects=True, timeout=TIMEOUT_S) as answer:
            if answer.status_code == _NOT_FOUND:
                return b""
            hf_raise_for_status(answer)
            text = b""
            for piece in answer.iter_bytes():
                text += piece
                if len(text) > MOST_CONFIG_BYTES:
                    break
            return text

    return with_or_without_token(read)


def _snapshot(source: HubSource, part: HubPart, commit: str) -> Path:
    folder = repo_folder_name(repo_id=part.repository, repo_type="model")
    return cache_of(source).absolute() / folder / "snapshots" / commit


def cache_of(source: HubSource) -> Path:
    """Return the cache folder of ``source``."""
    return source.cache_folder or Path(HF_HUB_CACHE)


def obtain(
    source: Source, on_fraction: Callable[[float], None], is_abandoned: Callable[[], bool]
) -> WeightSet:
    """Return ``source``'s weights, downloading missing files.

    Raises StartError like ``find_weights`` and ``fetch_from_hub``; AbandonedError.
    """
    match source:
        case FolderSource(folder, base, prefer_fp8, missing_sources):
            return find_weights(folder, base=base, prefer_fp8=prefer_fp8, missing_sources=missing_sources)
        case HubSource():
            return fetch_from_hub(source, on_fraction, is_abandoned)


def fetch_from_hub(
    source: HubSource, on_fraction: Callable[[float], None], is_abandoned: Callable[[], bool]
) -> WeightSet:
    """Return ``source``'s weights, downloading only used files that are missing.

    A complete cache is used without contacting the hub, so that a restart needs no network and never changes
    the model by itself. A partial download is resumed. Each file is verified once by its published size and
    hash, after its download. ``on_fraction`` receives the downloaded share of bytes, 0…1.

    Raises StartError like ``plan_download``, WEIGHTS_NO_ROOM (folder, free_gb, wanted_gb), WEIGHTS_DAMAGED
    (file, found, wanted); AbandonedError.
    """
    raise_if_abandoned = abandon_check(is_abandoned)

    def is_valid(path: Path) -> bool:
        return verify_published(path, raise_if_abandoned)

    cached = complete_in_cache(source, is_valid)
    if cached is not None:
        return cached
    download = plan_download(source)
    _check_disk_space(source, download)
    progress = _Progress(sum(each.file.bytes for each in download.files), on_fraction, raise_if_abandoned)
    # Small files first: the tokenizer makes prompt lengths exact while the weights download.
    for wanted in sorted(download.files, key=lambda each: (each.file.bytes, each.file.name)):
        _download(source, wanted, progress)
    with hub_errors(source.name, cache_of(source)):
        return _cached(source, is_valid)


def _download(source: HubSource, wanted: HubFile, progress: "_Progress") -> None:
    """Download one file; if its bytes differ from the published ones, download it once more."""
    try:
        _fetch(source, wanted, progress)
    except StartError as error:
        if error.code is not Code.WEIGHTS_DAMAGED:
            raise
        _fetch(source, wanted, progress)


def _fetch(source: HubSource, wanted: HubFile, progress: "_Progress") -> None:
    part, file, cache = wanted.part, wanted.file, cache_of(source)
    try:
        with hub_errors(part.repository, cache):
            if not wanted.path.is_file():
                blob = fetch_blob(
                    cache, part.repository, part.revision, source.endpoint, file, progress.running
                )
                link_into_snapshot(cache, part.repository, part.revision, file, blob)
            verify_once(wanted.path, file, progress.raise_if_abandoned)
    except OSError as error:
        # ``hub_errors`` has converted all other errors.
        free_bytes = free_disk_bytes(cache) or 0
        raise _no_disk_space(source, free_bytes, _missing_bytes(source, wanted)) from error
    progress.finish(file.bytes)


def complete_in_cache(
    source: HubSource, is_valid: Callable[[Path], bool] = lambda path: is_published(path, lambda: None)
) -> WeightSet | None:
    """Return the cached weights if all files are complete and ``is_valid`` accepts each large one.

    Raises StartError like ``find_weights`` if they exist but are not Klein's.
    """
    try:
        return _cached(source, is_valid)
    except LocalEntryNotFoundError:
        return None
    except StartError as error:
        if error.code in _FIXED_BY_DOWNLOADING:
            return None
        raise


def _cached(source: HubSource, is_valid: Callable[[Path], bool]) -> WeightSet:
    folder, *others = [_in_cache(source, part, is_valid) for part in source.parts]
    elsewhere = dict(zip(source.transformers, others, strict=True))
    distilled, base = elsewhere.get(Checkpoint.DISTILLED), elsewhere.get(Checkpoint.BASE)
    weights = find_weights(folder, distilled=distilled, base=base, missing_sources=source.missing_sources)
    weights.require_distilled(source.name)
    return weights


def _in_cache(source: HubSource, part: HubPart, is_valid: Callable[[Path], bool]) -> Path:
    """Return the part's folder in the cache.

    Raises LocalEntryNotFoundError if it does not exist, or a large file is not valid.
    """
    folder = Path(
        snapshot_download(
            part.repository,
            revision=part.revision,
            cache_dir=source.cache_folder,
            allow_patterns=list(part.patterns),
            local_files_only=True,
        )
    )
    for path in folder.rglob("*.safetensors"):
        # A link to a deleted file is left to find_weights, which reports it as missing.
        is_used = path.is_file() and part.holds(path.relative_to(folder).as_posix())
        if is_used and not is_valid(path):
            raise LocalEntryNotFoundError(f"{path.name} is not the published file")
    return folder


def _check_disk_space(source: HubSource, download: Download) -> None:
    """Raise StartError WEIGHTS_NO_ROOM if the disk cannot hold the missing files."""
    free_bytes = free_disk_bytes(cache_of(source))
    if free_bytes is not None and free_bytes < download.missing_bytes:
        raise _no_disk_space(source, free_bytes, download.missing_bytes)


def _no_disk_space(source: HubSource, free_bytes: int, wanted_bytes: int) -> StartError:
    return StartError(
        Code.WEIGHTS_NO_ROOM,
        folder=str(cache_of(source)),
        free_gb=round(free_bytes / 1e9, 1),
        wanted_gb=round(wanted_bytes / 1e9, 1),
    )


class _Progress:
    """Adds up the progress of all files, limited to the total size."""

    def __init__(
        self, total_bytes: int, on_fraction: Callable[[float], None], raise_if_abandoned: Callable[[], None]
    ) -> None:
        self._total_bytes = max(1, total_bytes)
        self._finished_bytes = 0
        self._on_fraction = on_fraction
        self.raise_if_abandoned = raise_if_abandoned

    def finish(self, size: int) -> None:
        self._finished_bytes += size
        self.running(0)

    def running(self, bytes_of_file: float) -> None:
        """Report the downloaded bytes of the current file.

        Raises AbandonedError if the start was abandoned.
        """
        self.raise_if_abandoned()
        self._on_fraction(min(1.0, (self._finished_bytes + bytes_of_file) / self._total_bytes))
