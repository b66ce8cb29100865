"""The weights of a source: found where they are, downloaded where they are not. No torch."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from huggingface_hub import get_session, hf_hub_url, hf_raise_for_status, snapshot_download
from huggingface_hub.constants import HF_HUB_CACHE
from huggingface_hub.errors import LocalEntryNotFoundError
from huggingface_hub.file_download import repo_folder_name
from huggingface_hub.utils import build_hf_headers  # type: ignore[attr-defined]

from kleinbot.domain.errors import Code, StartError
from kleinbot.domain.work import Checkpoint
from kleinbot.host.probe import free_disk_bytes
from kleinbot.klein.checkpoint import MODEL_INDEX, TRANSFORMER_CONFIG, checkpoint_of
from kleinbot.klein.find_weights import find_weights
from kleinbot.klein.hub_requests import (
    SILENCE_S,
    AbandonedError,
    explained,
    go_out_over,
    with_or_without_token,
)
from kleinbot.klein.json_files import MOST_CONFIG_BYTES
from kleinbot.klein.listing import list_files
from kleinbot.klein.published import RepoFile, is_published, keep_published, verify_once
from kleinbot.klein.resuming import begun_bytes, fetch_blob, lay_down
from kleinbot.klein.source import DISTILLED_REPOSITORY, FolderSource, HubPart, HubSource, Source
from kleinbot.klein.weight_set import WeightSet

_NOT_FOUND = 404
_MENDED_BY_DOWNLOADING = frozenset(
    (Code.WEIGHTS_NONE, Code.WEIGHTS_MISSING, Code.WEIGHTS_TOKENIZER_MISSING, Code.WEIGHTS_DAMAGED)
)


def asking(is_abandoned: Callable[[], bool]) -> Callable[[], None]:
    """Return what raises AbandonedError once ``is_abandoned``."""

    def ask() -> None:
        if is_abandoned():
            raise AbandonedError

    return ask


@dataclass(frozen=True)
class HubFile:
    """A file of a source, and where it is or will be: in the cache's snapshot of the present commit."""

    part: HubPart
    file: RepoFile
    path: Path


@dataclass(frozen=True)
class Download:
    """Every file of a source, and how much of them is not on this disk yet: what began to arrive is."""

    files: Sequence[HubFile]
    missing_bytes: int


def plan_download(source: HubSource) -> Download:
    """Ask the hub for ``source``'s files; nothing is written. What is asked later goes the same way out.

    Raises StartError WEIGHTS_BASE_ALONE (place) where there is no distilled transformer, WEIGHTS_NO_CHECKOUT
    (repository, file) where the repository has not what a checkout has; those of ``explained``.
    """
    go_out_over(source.proxy)
    _refuse_base_alone(source)
    files: list[HubFile] = []
    for part in source.parts:
        with explained(part.repository, cache_of(source)):
            listing = list_files(part, source.endpoint)
        for lacking in part.lacking([file.name for file in listing.files]):
            raise StartError(Code.WEIGHTS_NO_CHECKOUT, repository=part.repository, file=lacking)
        snapshot = _snapshot(source, part, listing.commit)
        files += [
            HubFile(part, file, path)
            for file in listing.files
            if (path := snapshot / file.name) not in source.gone
        ]
    return Download(files, sum(_missing_bytes(source, each) for each in files))


def _missing_bytes(source: HubSource, wanted: HubFile) -> int:
    if wanted.path.is_file():
        return 0
    return wanted.file.bytes - begun_bytes(cache_of(source), wanted.part.repository, wanted.file)


def _refuse_base_alone(source: HubSource) -> None:
    """Look into the checkout's index, so that nobody waits for 16 GB that cannot be used."""
    part = source.checkout
    if not part.holds(TRANSFORMER_CONFIG) or part.repository == DISTILLED_REPOSITORY:
        return
    cached = source.in_cache(part, MODEL_INDEX)
    if cached is not None:
        with cached.open("rb") as content:
            text = content.read(MOST_CONFIG_BYTES)
    else:
        with explained(part.repository, cache_of(source)):
            text = _read_index(part, source.endpoint)
    if checkpoint_of(text) is Checkpoint.BASE:
        raise StartError(Code.WEIGHTS_BASE_ALONE, place=part.repository)


def _read_index(part: HubPart, endpoint: str | None) -> bytes:
    """Return the index as far as it is no longer than one; nothing where the repository has none."""
    url = hf_hub_url(part.repository, MODEL_INDEX, revision=part.revision, endpoint=endpoint)

    def read(token: bool | None) -> bytes:
        headers = build_hf_headers(token=token)
        session = get_session()
        with session.stream("GET", url, headers=headers, follow_redirects=True, timeout=SILENCE_S) as answer:
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
    """Return the folder in which ``source`` is kept."""
    return source.cache_folder or Path(HF_HUB_CACHE)


def obtain(
    source: Source, on_fraction: Callable[[float], None], is_abandoned: Callable[[], bool]
) -> WeightSet:
    """Return ``source``'s weights, downloading what is missing.

    Raises StartError as ``find_weights`` and ``fetch_from_hub``; AbandonedError.
    """
    match source:
        case FolderSource(folder, base, prefer_fp8, gone):
            return find_weights(folder, base=base, prefer_fp8=prefer_fp8, gone=gone)
        case HubSource():
            return fetch_from_hub(source, on_fraction, is_abandoned)


def fetch_from_hub(
    source: HubSource, on_fraction: Callable[[float], None], is_abandoned: Callable[[], bool]
) -> WeightSet:
    """Return ``source``'s weights, downloading only what is missing of what is used.

    What is complete in the cache is used without asking the hub, so that a restart needs no network and
    never changes the model by itself. A torn download goes on where it stopped. Each file is compared with
    its published size and hash once, after its download. ``on_fraction`` is told how much of the bytes are
    there, 0…1.

    Raises StartError as ``plan_download``, WEIGHTS_NO_ROOM (folder, free_gb, wanted_gb), WEIGHTS_DAMAGED
    (file, found, wanted); AbandonedError.
    """
    ask = asking(is_abandoned)

    def is_right(path: Path) -> bool:
        return keep_published(path, ask)

    cached = complete_in_cache(source, is_right)
    if cached is not None:
        return cached
    download = plan_download(source)
    _check_room(source, download)
    progress = _Progress(sum(each.file.bytes for each in download.files), on_fraction, ask)
    # The small files first: the tokenizer makes prompt lengths exact while the weights arrive.
    for wanted in sorted(download.files, key=lambda each: (each.file.bytes, each.file.name)):
        _download(source, wanted, progress)
    with explained(source.name, cache_of(source)):
        return _cached(source, is_right)


def _download(source: HubSource, wanted: HubFile, progress: "_Progress") -> None:
    """Fetch one file; what arrived with other bytes than were published is fetched once more."""
    try:
        _fetch(source, wanted, progress)
    except StartError as error:
        if error.code is not Code.WEIGHTS_DAMAGED:
            raise
        _fetch(source, wanted, progress)


def _fetch(source: HubSource, wanted: HubFile, progress: "_Progress") -> None:
    part, file, cache = wanted.part, wanted.file, cache_of(source)
    try:
        with explained(part.repository, cache):
            if not wanted.path.is_file():
                blob = fetch_blob(
                    cache, part.repository, part.revision, source.endpoint, file, progress.running
                )
                lay_down(cache, part.repository, part.revision, file, blob)
            verify_once(wanted.path, file, progress.ask)
    except OSError as error:
        # All others are explained.
        free_bytes = free_disk_bytes(cache) or 0
        raise _no_room(source, free_bytes, _missing_bytes(source, wanted)) from error
    progress.finish(file.bytes)


def complete_in_cache(
    source: HubSource, is_right: Callable[[Path], bool] = lambda path: is_published(path, lambda: None)
) -> WeightSet | None:
    """Return the cached weights where all files are there, whole, and ``is_right`` of each large one.

    Raises StartError as ``find_weights`` where they are there, but not Klein's.
    """
    try:
        return _cached(source, is_right)
    except LocalEntryNotFoundError:
        return None
    except StartError as error:
        if error.code in _MENDED_BY_DOWNLOADING:
            return None
        raise


def _cached(source: HubSource, is_right: Callable[[Path], bool]) -> WeightSet:
    folder, *others = [_in_cache(source, part, is_right) for part in source.parts]
    elsewhere = dict(zip(source.transformers, others, strict=True))
    distilled, base = elsewhere.get(Checkpoint.DISTILLED), elsewhere.get(Checkpoint.BASE)
    weights = find_weights(folder, distilled=distilled, base=base, gone=source.gone)
    weights.require_distilled(source.name)
    return weights


def _in_cache(source: HubSource, part: HubPart, is_right: Callable[[Path], bool]) -> Path:
    """Return the part's folder in the cache.

    Raises LocalEntryNotFoundError where it is not there, or a large file is not right.
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
        # A link whose file was deleted is looked at by find_weights, as what is missing.
        is_used = path.is_file() and part.holds(path.relative_to(folder).as_posix())
        if is_used and not is_right(path):
            raise LocalEntryNotFoundError(f"{path.name} is not the published file")
    return folder


def _check_room(source: HubSource, download: Download) -> None:
    """Raise StartError WEIGHTS_NO_ROOM where the disk cannot hold what is missing."""
    free_bytes = free_disk_bytes(cache_of(source))
    if free_bytes is not None and free_bytes < download.missing_bytes:
        raise _no_room(source, free_bytes, download.missing_bytes)


def _no_room(source: HubSource, free_bytes: int, wanted_bytes: int) -> StartError:
    return StartError(
        Code.WEIGHTS_NO_ROOM,
        folder=str(cache_of(source)),
        free_gb=round(free_bytes / 1e9, 1),
        wanted_gb=round(wanted_bytes / 1e9, 1),
    )


class _Progress:
    """Adds up the bytes of all files; a file's own bars are not believed beyond its size."""

    def __init__(
        self, total_bytes: int, on_fraction: Callable[[float], None], ask: Callable[[], None]
    ) -> None:
        self._total_bytes = max(1, total_bytes)
        self._finished_bytes = 0
        self._on_fraction = on_fraction
        self.ask = ask

    def finish(self, size: int) -> None:
        self._finished_bytes += size
        self.running(0)

    def running(self, bytes_of_file: float) -> None:
        """Note how much of the running file is there.

        Raises AbandonedError where nobody waits for it any more.
        """
        self.ask()
        self._on_fraction(min(1.0, (self._finished_bytes + bytes_of_file) / self._total_bytes))
