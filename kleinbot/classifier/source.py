"""Where the classifier comes from: a folder, or a repository that is downloaded once. Imports no torch."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from huggingface_hub import snapshot_download
from huggingface_hub.constants import HF_HUB_CACHE
from huggingface_hub.errors import LocalEntryNotFoundError

from kleinbot.domain.errors import Code, StartError
from kleinbot.klein.hub.listing import list_files
from kleinbot.klein.hub.published import RepoFile, verify_once, verify_published
from kleinbot.klein.hub.requests import AbandonedError, hub_errors, keep_proxy
from kleinbot.klein.hub.resumable_download import downloaded_bytes, fetch_blob, link_into_snapshot
from kleinbot.klein.weights.source import HubPart
from kleinbot.process.disk_space import free_disk_bytes

DEFAULT_REPOSITORY = "Falconsai/nsfw_image_detection"
DEFAULT_REVISION = "04367978d3474804ab1a00a9bd6548b741764069"
"""Apache-2.0; the revision of https://huggingface.co/Falconsai/nsfw_image_detection that was looked at."""

DEFAULT_BYTES = 343_223_968
"""Of its model.safetensors; its two other files have 1 kB."""

DEFAULT_LABELS = ("nsfw",)
CONFIG, PREPROCESSOR, WEIGHTS = "config.json", "preprocessor_config.json", "model.safetensors"
_FILES = (CONFIG, PREPROCESSOR, WEIGHTS)
MOST_BYTES = 4 << 30
"""More than any published image classifier that a processor could run beside the bot."""


@dataclass(frozen=True)
class ClassifierSource:
    """A folder (``Path``) or repository (``str``), and from which probability of a label on it blocks.

    ``endpoint``: the hub's address, None: the environment's or the public one.
    """

    place: Path | str = DEFAULT_REPOSITORY
    labels: tuple[str, ...] = DEFAULT_LABELS
    threshold: float = 0.5
    proxy: str | None = field(default=None, repr=False)
    cache_folder: Path | None = None
    endpoint: str | None = None

    @property
    def name(self) -> str:
        return str(self.place)

    @property
    def part(self) -> HubPart:
        revision = DEFAULT_REVISION if self.place == DEFAULT_REPOSITORY else "main"
        return HubPart(self.name, _FILES, revision)

    @property
    def cache(self) -> Path:
        return self.cache_folder or Path(HF_HUB_CACHE)


def cached_folder(source: ClassifierSource) -> Path | None:
    """Return the folder with the complete classifier, or None if something must be downloaded."""
    if isinstance(source.place, Path):
        return source.place
    part = source.part
    try:
        folder = Path(
            snapshot_download(
                part.repository, revision=part.revision, cache_dir=source.cache_folder,
                allow_patterns=list(_FILES), local_files_only=True,
            )
        )  # fmt: skip
    except LocalEntryNotFoundError:
        return None
    if not all((folder / name).is_file() for name in _FILES):
        return None
    return folder if verify_published(folder / WEIGHTS, lambda: None) else None


def obtain(source: ClassifierSource, is_abandoned: Callable[[], bool]) -> Path:
    """Return the folder with the classifier's files; download what is missing, resuming a partial download.

    Raises StartError as ``kleinbot.klein.hub.download.fetch_from_hub``; AbandonedError.
    """

    def go_on(_bytes: int = 0) -> None:
        if is_abandoned():
            raise AbandonedError

    found = cached_folder(source)
    if found is not None:
        return found
    part = source.part
    keep_proxy(source.proxy)
    with hub_errors(part.repository, source.cache):
        listing = list_files(part, source.endpoint)
    for lacking in part.lacking([file.name for file in listing.files]):
        raise StartError(Code.WEIGHTS_NO_CHECKOUT, repository=part.repository, file=lacking)
    _check_bounds(source, listing.files)
    for file in listing.files:
        with hub_errors(part.repository, source.cache):
            blob = fetch_blob(source.cache, part.repository, part.revision, source.endpoint, file, go_on)
            path = link_into_snapshot(source.cache, part.repository, part.revision, file, blob)
            verify_once(path, file, go_on)
    folder = cached_folder(source)
    if folder is None:
        raise StartError(Code.WEIGHTS_MISSING, folder=str(source.cache), file=WEIGHTS)
    return folder


def _check_bounds(source: ClassifierSource, files: Sequence[RepoFile]) -> None:
    total = sum(file.bytes for file in files)
    if total > MOST_BYTES:
        raise StartError(
            Code.WEIGHTS_DAMAGED, file=WEIGHTS, found=f"{total} bytes", wanted=f"at most {MOST_BYTES} bytes"
        )
    missing = sum(file.bytes - downloaded_bytes(source.cache, source.name, file) for file in files)
    free = free_disk_bytes(source.cache)
    if free is not None and free < missing:
        raise StartError(
            Code.WEIGHTS_NO_ROOM,
            folder=str(source.cache),
            free_gb=round(free / 1e9, 1),
            wanted_gb=round(missing / 1e9, 1),
        )
