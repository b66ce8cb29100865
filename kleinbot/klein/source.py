"""Where the model comes from: a folder or the hub. No torch."""

import errno
import fnmatch
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from huggingface_hub import HfApi, hf_hub_download, snapshot_download, try_to_load_from_cache
from huggingface_hub.constants import HF_HUB_CACHE
from huggingface_hub.errors import (
    GatedRepoError,
    HFValidationError,
    LocalEntryNotFoundError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from kleinbot.domain.errors import Code, StartError
from kleinbot.domain.work import Checkpoint
from kleinbot.host.profile import Format, Profile
from kleinbot.klein.checkpoint import MODEL_INDEX, TOKENIZER
from kleinbot.klein.find_weights import find_tokenizer, find_weights
from kleinbot.klein.published import RepoFile, is_published, keep_published, verify_once
from kleinbot.klein.resuming import HTTP_ERROR, begun_bytes, fetch_blob
from kleinbot.klein.weight_set import WeightSet

SHARED_FILES = (
    MODEL_INDEX,
    "scheduler/scheduler_config.json",
    "text_encoder/config.json",
    "text_encoder/model*.safetensors",
    "text_encoder/model.safetensors.index.json",
    "tokenizer/*.json",
    "tokenizer/*.jinja",
    "tokenizer/merges.txt",
    "vae/config.json",
    "vae/diffusion_pytorch_model*.safetensors",
)
"""Of the published checkout, what the distilled and the base model have in common: 8.2 GB."""

TRANSFORMER_FILES = (
    "transformer/config.json",
    "transformer/diffusion_pytorch_model*.safetensors",
    "transformer/diffusion_pytorch_model.safetensors.index.json",
)
"""7.75 GB. The checkout holds the same again as one file, which is never fetched."""

CHECKOUT_FILES = SHARED_FILES + TRANSFORMER_FILES

DISTILLED_REPOSITORY = "black-forest-labs/FLUX.2-klein-4B"
BASE_REPOSITORY = "black-forest-labs/FLUX.2-klein-base-4B"
FP8_PARTS: Mapping[Checkpoint, tuple[str, str]] = {
    Checkpoint.DISTILLED: ("black-forest-labs/FLUX.2-klein-4b-fp8", "flux-2-klein-4b-fp8.safetensors"),
    Checkpoint.BASE: ("black-forest-labs/FLUX.2-klein-base-4b-fp8", "flux-2-klein-base-4b-fp8.safetensors"),
}
"""Repository and file of each checkpoint's FP8 transformer: 4.07 and 4.09 GB."""


class AbandonedError(Exception):
    """Nobody waits for the model any more; what has been downloaded is kept for the next start."""


@dataclass(frozen=True)
class FolderSource:
    """Weights that are on disk already; no network is used. See ``find_weights`` for what is meant."""

    folder: Path
    base: Path | None = None
    prefer_fp8: bool = False

    @property
    def name(self) -> str:
        return str(self.folder)

    def tokenizer_file(self) -> Path | None:
        """Return where the tokenizer is, or None where it is not on disk (yet)."""
        return find_tokenizer(self.folder)


@dataclass(frozen=True)
class HubPart:
    """Files of one repository: those that match ``patterns``."""

    repository: str
    patterns: tuple[str, ...]
    revision: str = "main"

    def holds(self, name: str) -> bool:
        """Tell whether the repository's file ``name`` is needed."""
        return any(fnmatch.fnmatch(name, pattern) for pattern in self.patterns)


@dataclass(frozen=True)
class HubSource:
    """Repositories on the Hugging Face hub, kept in the hub's own cache or in ``cache_folder``.

    ``checkout`` has the encoder, the VAE and the tokenizer; ``transformers`` are those that are somewhere
    else. ``endpoint`` is the hub's address; None takes the environment's HF_ENDPOINT or the public hub.
    """

    checkout: HubPart
    transformers: Mapping[Checkpoint, HubPart] = field(default_factory=dict)
    cache_folder: Path | None = None
    endpoint: str | None = None

    @property
    def name(self) -> str:
        return self.checkout.repository

    @property
    def parts(self) -> tuple[HubPart, ...]:
        return (self.checkout, *self.transformers.values())

    def tokenizer_file(self) -> Path | None:
        """Return where ``tokenizer.json`` is, or None where it is not on disk (yet)."""
        cached = try_to_load_from_cache(
            self.checkout.repository, TOKENIZER, cache_dir=self.cache_folder, revision=self.checkout.revision
        )
        return Path(cached) if isinstance(cached, str) else None


def hub_source(
    profile: Profile,
    repository: str = DISTILLED_REPOSITORY,
    cache_folder: Path | None = None,
    endpoint: str | None = None,
) -> HubSource:
    """Return what ``profile`` needs of the hub, and nothing that it does not use.

    ``repository`` is a checkout in the published layout. Where it is the published one and the profile keeps
    transformers in FP8, these come as the official single files; INT8 is made of the plain weights.
    """
    is_published = repository in (DISTILLED_REPOSITORY, BASE_REPOSITORY)
    own = Checkpoint.BASE if repository == BASE_REPOSITORY else Checkpoint.DISTILLED
    if is_published and profile.transformer.format is Format.FP8:
        parts = {kept: HubPart(FP8_PARTS[kept][0], (FP8_PARTS[kept][1],)) for kept in profile.checkpoints}
        return HubSource(HubPart(repository, SHARED_FILES), parts, cache_folder, endpoint)
    plain = {Checkpoint.DISTILLED: DISTILLED_REPOSITORY, Checkpoint.BASE: BASE_REPOSITORY}
    others = {
        kept: HubPart(plain[kept], (MODEL_INDEX, *TRANSFORMER_FILES))
        for kept in profile.checkpoints
        if is_published and kept is not own
    }
    files = CHECKOUT_FILES if not is_published or own in profile.checkpoints else SHARED_FILES
    return HubSource(HubPart(repository, files), others, cache_folder, endpoint)


Source = FolderSource | HubSource


def obtain(
    source: Source, on_fraction: Callable[[float], None], is_abandoned: Callable[[], bool]
) -> WeightSet:
    """Return ``source``'s weights, downloading what is missing.

    Raises StartError as ``find_weights`` and ``fetch_from_hub``; AbandonedError.
    """
    match source:
        case FolderSource(folder, base, prefer_fp8):
            return find_weights(folder, base=base, prefer_fp8=prefer_fp8)
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

    Raises StartError WEIGHTS_UNREACHABLE (repository, reason), WEIGHTS_NO_ROOM (folder, free_gb, wanted_gb),
    WEIGHTS_DAMAGED (file, found, wanted); AbandonedError.
    """

    def ask() -> None:
        if is_abandoned():
            raise AbandonedError

    def is_right(path: Path) -> bool:
        return keep_published(path, ask)

    cached = complete_in_cache(source, is_right)
    if cached is not None:
        return cached
    listed: list[tuple[HubPart, RepoFile]] = []
    for part in source.parts:
        with _told_as_unreachable(part):
            listed += [(part, file) for file in _published(part, source.endpoint)]
    _check_room(source, listed)
    progress = _Progress(sum(file.bytes for _, file in listed), on_fraction, ask)
    # The small files first: the tokenizer makes prompt lengths exact while the weights arrive.
    for part, file in sorted(listed, key=lambda item: (item[1].bytes, item[1].name)):
        _download(source, part, file, progress)
    return _cached(source, is_right)


def _download(source: HubSource, part: HubPart, file: RepoFile, progress: "_Progress") -> None:
    try:
        with _told_as_unreachable(part):
            blob = None
            if file.sha256 is not None:
                cache = source.cache_folder or Path(HF_HUB_CACHE)
                blob = fetch_blob(
                    cache, part.repository, part.revision, source.endpoint, file, progress.running
                )
            # By the branch's name, not the commit: the hub notes in its cache which commit a branch is at.
            path = hf_hub_download(
                part.repository,
                file.name,
                revision=part.revision,
                cache_dir=source.cache_folder,
                endpoint=source.endpoint,
                tqdm_class=progress.bar_class(file.bytes),
            )
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        folder = _existing(source.cache_folder or Path(HF_HUB_CACHE))
        raise _no_room(folder, shutil.disk_usage(folder).free, file.bytes) from error
    if blob is not None and Path(path).resolve() != blob.resolve():
        # Where links cannot be made (Windows), the hub's client has copied it.
        blob.unlink()
    verify_once(Path(path), file, progress.ask)
    progress.finish(file.bytes)


def complete_in_cache(
    source: HubSource, is_right: Callable[[Path], bool] = lambda path: is_published(path, lambda: None)
) -> WeightSet | None:
    """Return the cached weights where all files are there, whole, and ``is_right`` of each large one."""
    try:
        return _cached(source, is_right)
    except (LocalEntryNotFoundError, StartError):
        return None


def _cached(source: HubSource, is_right: Callable[[Path], bool]) -> WeightSet:
    folder, *others = [_in_cache(source, part, is_right) for part in source.parts]
    elsewhere = dict(zip(source.transformers, others, strict=True))
    distilled, base = elsewhere.get(Checkpoint.DISTILLED), elsewhere.get(Checkpoint.BASE)
    return find_weights(folder, distilled=distilled, base=base)


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
        if part.holds(path.relative_to(folder).as_posix()) and not is_right(path):
            raise LocalEntryNotFoundError(f"{path.name} is not the published file")
    return folder


def _check_room(source: HubSource, listed: Sequence[tuple[HubPart, RepoFile]]) -> None:
    """Raise StartError WEIGHTS_NO_ROOM where the disk cannot hold what is missing.

    What has begun to arrive counts as there.
    """
    cache = source.cache_folder or Path(HF_HUB_CACHE)
    missing_bytes = sum(
        file.bytes - begun_bytes(cache, part.repository, file)
        for part, file in listed
        if not isinstance(
            try_to_load_from_cache(
                part.repository, file.name, cache_dir=source.cache_folder, revision=part.revision
            ),
            str,
        )
    )
    folder = _existing(cache)
    if (free_bytes := shutil.disk_usage(folder).free) < missing_bytes:
        raise _no_room(folder, free_bytes, missing_bytes)


def _existing(folder: Path) -> Path:
    while not folder.exists():
        folder = folder.parent
    return folder


def _no_room(folder: Path, free_bytes: int, wanted_bytes: int) -> StartError:
    return StartError(
        Code.WEIGHTS_NO_ROOM,
        folder=str(folder),
        free_gb=round(free_bytes / 1e9, 1),
        wanted_gb=round(wanted_bytes / 1e9, 1),
    )


def _published(part: HubPart, endpoint: str | None) -> list[RepoFile]:
    info = HfApi(endpoint).model_info(part.repository, revision=part.revision, files_metadata=True)
    return [
        RepoFile(
            sibling.rfilename, sibling.size or 0, sibling.lfs.sha256 if sibling.lfs is not None else None
        )
        for sibling in info.siblings or []
        if part.holds(sibling.rfilename)
    ]


@contextmanager
def _told_as_unreachable(part: HubPart) -> Iterator[None]:
    try:
        yield
    except RevisionNotFoundError:
        reason = f"it has no revision {part.revision}"
    except GatedRepoError:
        reason = "it is gated"
    except (RepositoryNotFoundError, HFValidationError):
        reason = "there is no such repository"
    except (HTTP_ERROR, LocalEntryNotFoundError, OfflineModeIsEnabled) as error:
        reason = str(error.__cause__ or error) or type(error).__name__
    else:
        return
    raise StartError(Code.WEIGHTS_UNREACHABLE, repository=part.repository, reason=reason)


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

    def bar_class(self, size: int) -> Any:  # noqa: ANN401 - the hub's parameter is a tqdm class
        """Return what the hub takes for a class of progress bars; one file may have several."""
        progress = self

        class Bar:
            def __init__(self, *_: object, initial: float = 0, **__: object) -> None:
                self.n = initial

            def update(self, amount: float | None = 1) -> None:
                self.n += amount or 0
                progress.running(min(self.n, size))

            def __enter__(self) -> "Bar":
                return self

            def __exit__(self, *_: object) -> None:
                return

            def __getattr__(self, name: str) -> Callable[..., None]:
                return lambda *_, **__: None

        return Bar
