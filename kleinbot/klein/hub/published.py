"""Verifies a downloaded file once, by its published size and hash. Imports no torch."""

import hashlib
import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from kleinbot.domain.errors import Code, StartError

_MARK = ".verified"
PIECE_BYTES = 1 << 24
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class RepoFile:
    """A file of a repository at ``commit``, validated by ``klein.hub.listing``.

    ``sha256`` is published for large files, ``git_id`` (git's blob hash) for small ones; a mirror may publish
    neither.
    """

    name: str
    bytes: int
    sha256: str | None
    git_id: str | None = None
    commit: str = ""

    @property
    def blob(self) -> str:
        """The file's name among the cache's blobs: its hash, otherwise a hash of its location."""
        place = hashlib.sha256(f"{self.commit}/{self.name}".encode()).hexdigest()
        return self.sha256 or self.git_id or f"{place[:40]}-unpublished"


def verify_once(path: Path, file: RepoFile, raise_if_abandoned: Callable[[], None]) -> None:
    """Compare ``path`` with the published file and record the result.

    A different file is removed from the cache, so that the next start downloads it again. Calls
    ``raise_if_abandoned`` in between.

    Raises StartError WEIGHTS_DAMAGED (file, found, wanted).
    """
    if is_verified(path):
        return
    try:
        check(path, file, raise_if_abandoned)
    except StartError as damaged:
        _log.warning("%s is removed from the cache: %s", path, damaged)
        _remove_from_cache(path)
        raise
    mark_verified(path)


def is_published(path: Path, raise_if_abandoned: Callable[[], None]) -> bool:
    """Return whether a snapshot's file has the hash of its cache entry; change nothing."""
    return _passes(check, path, raise_if_abandoned)


def verify_published(path: Path, raise_if_abandoned: Callable[[], None]) -> bool:
    """Like ``is_published``, but record the result, and remove a damaged file from the cache."""
    return _passes(verify_once, path, raise_if_abandoned)


def _passes(
    examine: Callable[[Path, RepoFile, Callable[[], None]], None],
    path: Path,
    raise_if_abandoned: Callable[[], None],
) -> bool:
    if is_verified(path):
        return True
    published = published_of(path)
    if published is None:
        # Without a known hash (a mirror, or a cache without links), only a previously verified file can
        # be found changed.
        return not _mark_of(path).is_file()
    try:
        examine(path, published, raise_if_abandoned)
    except StartError:
        return False
    return True


def check(path: Path, file: RepoFile, raise_if_abandoned: Callable[[], None]) -> None:
    """Raise StartError WEIGHTS_DAMAGED (file, found, wanted) if ``path`` has other bytes than ``file``."""
    size = path.stat().st_size
    found, wanted = f"{size} bytes", f"{file.bytes} bytes"
    if size == file.bytes and file.sha256 is not None:
        found, wanted = f"sha256 {sha256_of(path, raise_if_abandoned)}", f"sha256 {file.sha256}"
    elif size == file.bytes and file.git_id is not None:
        found, wanted = f"git {_git_id(path)}", f"git {file.git_id}"
    if found != wanted:
        raise StartError(Code.WEIGHTS_DAMAGED, file=file.name, found=found, wanted=wanted)


def is_verified(path: Path) -> bool:
    """Return whether ``path`` was verified before and has not changed since."""
    try:
        return _mark_of(path).read_text("utf-8") == stamp_of(path)
    except OSError:
        return False


def stamp_of(path: Path) -> str:
    """Return the size and time of ``path``, which change whenever the file is written."""
    facts = path.stat()
    return f"{facts.st_size} {facts.st_mtime_ns}"


def blob_of(path: Path) -> Path:
    """Return the repository's own blob of a snapshot's file: ``blobs/<hash>``.

    The blob may itself be a link to a file shared by several repositories under another hash (huggingface_hub
    2.4, ``utils/_shared_blobs``), so only one link is followed. Without support for links it is the
    snapshot's file itself.
    """
    return path.parent / path.readlink() if path.is_symlink() else path


def published_of(path: Path) -> RepoFile | None:
    """Return the cache's hash of a snapshot's file; None if it has no sha256 or does not exist."""
    name = blob_of(path).name
    if re.fullmatch("[0-9a-f]{64}", name) is None or not path.is_file():
        return None
    return RepoFile(path.name, path.stat().st_size, name)


def _remove_from_cache(path: Path) -> None:
    """Remove the file from its repository; blobs shared with other repositories stay."""
    blob_of(path).unlink(missing_ok=True)
    path.unlink(missing_ok=True)


def mark_verified(path: Path) -> None:
    """Record that ``path`` in its current state is verified."""
    try:
        _mark_of(path).write_text(stamp_of(path), "utf-8")
    except OSError as error:
        _log.info("%s will be hashed again at the next start: %s", path, error)


def _mark_of(path: Path) -> Path:
    entry = blob_of(path)
    return entry.with_name(f"{entry.name}{_MARK}")


def sha256_of(path: Path, raise_if_abandoned: Callable[[], None]) -> str:
    """Return the hash of ``path``; calls ``raise_if_abandoned`` in between. Raises OSError."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(PIECE_BYTES):
            raise_if_abandoned()
            digest.update(piece)
    return digest.hexdigest()


def _git_id(path: Path) -> str:
    """Return git's id of a small file: the SHA-1 of its type, size and bytes (git's object format)."""
    content = path.read_bytes()
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()
