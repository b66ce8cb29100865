"""Where the model comes from: a folder or the hub. No torch."""

import fnmatch
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from huggingface_hub import HfApi, hf_hub_download, snapshot_download, try_to_load_from_cache
from huggingface_hub.constants import HF_HUB_CACHE
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    LocalEntryNotFoundError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from kleinbot.domain.errors import Code, StartError
from kleinbot.klein.checkpoint import MODEL_INDEX, TOKENIZER
from kleinbot.klein.find_weights import find_tokenizer, find_weights

FILES_USED = (
    MODEL_INDEX,
    "scheduler/scheduler_config.json",
    "text_encoder/config.json",
    "text_encoder/model*.safetensors",
    "text_encoder/model.safetensors.index.json",
    "tokenizer/*.json",
    "tokenizer/*.jinja",
    "tokenizer/merges.txt",
    "transformer/config.json",
    "transformer/diffusion_pytorch_model*.safetensors",
    "transformer/diffusion_pytorch_model.safetensors.index.json",
    "vae/config.json",
    "vae/diffusion_pytorch_model*.safetensors",
)
"""Of the published repository: all but the same transformer again as one file of 7.75 GB, and the texts."""


class AbandonedError(Exception):
    """Nobody waits for the model any more; what has been downloaded is kept for the next start."""


@dataclass(frozen=True)
class FolderSource:
    """A diffusers checkout that is on disk already; no network is used."""

    folder: Path

    def tokenizer_file(self) -> Path | None:
        """Return where the tokenizer is, or None where it is not on disk (yet)."""
        return find_tokenizer(self.folder)


@dataclass(frozen=True)
class HubSource:
    """A repository on the Hugging Face hub, kept in the hub's own cache or in ``cache_folder``.

    ``endpoint`` is the hub's address; None takes the environment's HF_ENDPOINT or the public hub.
    """

    repository: str
    revision: str = "main"
    cache_folder: Path | None = None
    endpoint: str | None = None

    def tokenizer_file(self) -> Path | None:
        """Return where ``tokenizer.json`` is, or None where it is not on disk (yet)."""
        cached = try_to_load_from_cache(
            self.repository, TOKENIZER, cache_dir=self.cache_folder, revision=self.revision
        )
        return Path(cached) if isinstance(cached, str) else None


# The base of all that the hub's HTTP client raises: httpx's or httpx2's, as this version of the hub uses.
_HTTP_ERROR: type[Exception] = HfHubHTTPError.__bases__[0]

Source = FolderSource | HubSource


def is_used(name: str) -> bool:
    """Tell whether a file of the published repository is needed."""
    return any(fnmatch.fnmatch(name, pattern) for pattern in FILES_USED)


def fetch_from_hub(
    source: HubSource, on_fraction: Callable[[float], None], is_abandoned: Callable[[], bool]
) -> Path:
    """Return the folder with ``source``'s checkout, downloading only what is missing of what is used.

    What is complete in the cache is used without asking the hub, so that a restart needs no network and
    never changes the model by itself. A torn download goes on where it stopped. ``on_fraction`` is told
    how much of the bytes are there, 0…1.

    Raises StartError WEIGHTS_UNREACHABLE (repository, reason), DISK_FULL; AbandonedError.
    """
    cached = _complete_in_cache(source)
    if cached is not None:
        return cached
    with _told_as_unreachable(source):
        info = HfApi(source.endpoint).model_info(
            source.repository, revision=source.revision, files_metadata=True
        )
        sizes = {file.rfilename: file.size or 0 for file in info.siblings or [] if is_used(file.rfilename)}
        _check_room(source, sizes)
        progress = _Progress(sum(sizes.values()), on_fraction, is_abandoned)
        # The small files first: the tokenizer makes prompt lengths exact while the weights arrive.
        for name, size in sorted(sizes.items(), key=lambda item: (item[1], item[0])):
            # By the branch's name, not the commit: the hub notes in its cache which commit a branch is at.
            hf_hub_download(
                source.repository,
                name,
                revision=source.revision,
                cache_dir=source.cache_folder,
                endpoint=source.endpoint,
                tqdm_class=progress.bar_class(size),
            )
            progress.finish(size)
    folder = _complete_in_cache(source, raising=True)
    assert folder is not None  # noqa: S101 - raising
    return folder


def _complete_in_cache(source: HubSource, *, raising: bool = False) -> Path | None:
    """Return the cached checkout where all its files are there and whole."""
    try:
        folder = Path(
            snapshot_download(
                source.repository,
                revision=source.revision,
                cache_dir=source.cache_folder,
                allow_patterns=list(FILES_USED),
                local_files_only=True,
            )
        )
        find_weights(folder)
    except (LocalEntryNotFoundError, StartError):
        if raising:
            raise
        return None
    return folder


def _check_room(source: HubSource, sizes: Mapping[str, int]) -> None:
    missing_bytes = sum(
        size
        for name, size in sizes.items()
        if not isinstance(
            try_to_load_from_cache(
                source.repository, name, cache_dir=source.cache_folder, revision=source.revision
            ),
            str,
        )
    )
    folder = source.cache_folder or Path(HF_HUB_CACHE)
    while not folder.exists():
        folder = folder.parent
    if (free_bytes := shutil.disk_usage(folder).free) < missing_bytes:
        raise StartError(Code.DISK_FULL, folder=str(folder), found=free_bytes, wanted=missing_bytes)


@contextmanager
def _told_as_unreachable(source: HubSource) -> Iterator[None]:
    try:
        yield
    except RevisionNotFoundError:
        reason = f"it has no revision {source.revision}"
    except GatedRepoError:
        reason = "it is gated"
    except (RepositoryNotFoundError, HFValidationError):
        reason = "there is no such repository"
    except (_HTTP_ERROR, LocalEntryNotFoundError, OfflineModeIsEnabled) as error:
        reason = str(error.__cause__ or error) or type(error).__name__
    else:
        return
    raise StartError(Code.WEIGHTS_UNREACHABLE, repository=source.repository, reason=reason)


class _Progress:
    """Adds up the bytes of all files; a file's own bars are not believed beyond its size."""

    def __init__(
        self, total_bytes: int, on_fraction: Callable[[float], None], is_abandoned: Callable[[], bool]
    ) -> None:
        self._total_bytes = max(1, total_bytes)
        self._finished_bytes = 0
        self._on_fraction = on_fraction
        self._is_abandoned = is_abandoned

    def finish(self, size: int) -> None:
        self._finished_bytes += size
        self.running(0)

    def running(self, bytes_of_file: float) -> None:
        """Note how much of the running file is there.

        Raises AbandonedError where nobody waits for it any more.
        """
        if self._is_abandoned():
            raise AbandonedError
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
