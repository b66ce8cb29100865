"""Whether a downloaded file is the published one: by size and hash, once. No torch."""

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
    """A file of a repository at ``commit``, as ``klein.listing`` has checked it.

    ``sha256`` is published for large files, ``git_id`` (git's hash of a blob) for small ones; a mirror may
    publish neither.
    """

    name: str
    bytes: int
    sha256: str | None
    git_id: str | None = None
    commit: str = ""

    @property
    def blob(self) -> str:
        """What the file is called among the cache's blobs: its hash, else where it is."""
        place = hashlib.sha256(f"{self.commit}/{self.name}".encode()).hexdigest()
        return self.sha256 or self.git_id or f"{place[:40]}-unpublished"


def verify_once(path: Path, file: RepoFile, ask: Callable[[], None]) -> None:
    """Compare ``path`` with what was published, and remember that it is so; ``ask`` may raise in between.

    A file that is not what was published leaves the cache, so that the next start downloads it again.

    Raises StartError WEIGHTS_DAMAGED (file, found, wanted).
    """
    if is_verified(path):
        return
    try:
        check(path, file, ask)
    except StartError as damaged:
        _log.warning("%s is taken out of the cache: %s", path, damaged)
        _forget(path)
        raise
    remember(path)


def is_published(path: Path, ask: Callable[[], None]) -> bool:
    """Tell whether a snapshot's file has the hash by which the cache knows it; change nothing."""
    return _passes(check, path, ask)


def keep_published(path: Path, ask: Callable[[], None]) -> bool:
    """Tell it as ``is_published``; remember that it is so, and take what is damaged out of the cache."""
    return _passes(verify_once, path, ask)


def _passes(
    examine: Callable[[Path, RepoFile, Callable[[], None]], None], path: Path, ask: Callable[[], None]
) -> bool:
    if is_verified(path):
        return True
    published = published_of(path)
    if published is None:
        # No hash is known (a mirror, or a cache without links): only what was right once can have changed.
        return not _mark_of(path).is_file()
    try:
        examine(path, published, ask)
    except StartError:
        return False
    return True


def check(path: Path, file: RepoFile, ask: Callable[[], None]) -> None:
    """Raise StartError WEIGHTS_DAMAGED (file, found, wanted) where ``path`` has other bytes than ``file``."""
    size = path.stat().st_size
    found, wanted = f"{size} bytes", f"{file.bytes} bytes"
    if size == file.bytes and file.sha256 is not None:
        found, wanted = f"sha256 {sha256_of(path, ask)}", f"sha256 {file.sha256}"
    elif size == file.bytes and file.git_id is not None:
        found, wanted = f"git {_git_id(path)}", f"git {file.git_id}"
    if found != wanted:
        raise StartError(Code.WEIGHTS_DAMAGED, file=file.name, found=found, wanted=wanted)


def is_verified(path: Path) -> bool:
    """Tell whether ``path`` was found to be the published file, and has not changed since."""
    try:
        return _mark_of(path).read_text("utf-8") == stamp_of(path)
    except OSError:
        return False


def stamp_of(path: Path) -> str:
    """Return what changes whenever somebody writes the file at ``path``."""
    facts = path.stat()
    return f"{facts.st_size} {facts.st_mtime_ns}"


def own_entry(path: Path) -> Path:
    """Return what the repository itself keeps of a snapshot's file: ``blobs/<hash>``.

    This may be a link too, to a file that several repositories share and whose name is another hash
    (huggingface_hub 2.4, ``utils/_shared_blobs``), so only one step is followed. Where links cannot be made,
    it is the snapshot's file itself.
    """
    return path.parent / path.readlink() if path.is_symlink() else path


def published_of(path: Path) -> RepoFile | None:
    """Return what the cache says of a snapshot's file; None where it has no sha256, or no file."""
    name = own_entry(path).name
    if re.fullmatch("[0-9a-f]{64}", name) is None or not path.is_file():
        return None
    return RepoFile(path.name, path.stat().st_size, name)


def _forget(path: Path) -> None:
    """Take the file out of its repository; what other repositories share of it is theirs."""
    own_entry(path).unlink(missing_ok=True)
    path.unlink(missing_ok=True)


def remember(path: Path) -> None:
    """Note that ``path``, as it is now, is what it should be."""
    try:
        _mark_of(path).write_text(stamp_of(path), "utf-8")
    except OSError as error:
        _log.info("%s will be hashed again at the next start: %s", path, error)


def _mark_of(path: Path) -> Path:
    entry = own_entry(path)
    return entry.with_name(f"{entry.name}{_MARK}")


def sha256_of(path: Path, ask: Callable[[], None]) -> str:
    """Return the hash of ``path``; ``ask`` may raise in between. Raises OSError."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(PIECE_BYTES):
            ask()
            digest.update(piece)
    return digest.hexdigest()


def _git_id(path: Path) -> str:
    """Return git's id of a small file: the SHA-1 of its kind, size and bytes (git's object format)."""
    content = path.read_bytes()
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()
