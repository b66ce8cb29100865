"""Whether a downloaded file is the published one: by size and hash, once. No torch."""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from kleinbot.domain.errors import Code, StartError

_MARK = ".verified"
_PIECE_BYTES = 1 << 24


@dataclass(frozen=True)
class RepoFile:
    """A file of a repository; ``sha256`` is published for large files only."""

    name: str
    bytes: int
    sha256: str | None


def verify_once(path: Path, file: RepoFile, ask: Callable[[], None]) -> None:
    """Compare ``path`` with what was published, and remember that it is so; ``ask`` may raise in between.

    A file that is not what was published is deleted, so that the next start downloads it again.

    Raises StartError WEIGHTS_DAMAGED (file, found, wanted).
    """
    if file.sha256 is None or is_verified(path):
        return
    blob = path.resolve()
    size = blob.stat().st_size
    found, wanted = f"{size} bytes", f"{file.bytes} bytes"
    if size == file.bytes:
        found, wanted = f"sha256 {_sha256(blob, ask)}", f"sha256 {file.sha256}"
    if found != wanted:
        blob.unlink()
        path.unlink(missing_ok=True)
        raise StartError(Code.WEIGHTS_DAMAGED, file=file.name, found=found, wanted=wanted)
    _mark_of(path).write_text(_state(path), "utf-8")


def verify_by_name(path: Path) -> bool:
    """Verify a file that came into the hub's cache by other ways, where its blob is named by its hash.

    Raises StartError WEIGHTS_DAMAGED.
    """
    blob = path.resolve()
    if not is_verified(path) and re.fullmatch("[0-9a-f]{64}", blob.name):
        verify_once(path, RepoFile(path.name, blob.stat().st_size, blob.name), lambda: None)
    return is_verified(path)


def is_verified(path: Path) -> bool:
    """Tell whether ``path`` was found to be the published file, and has not changed since."""
    try:
        return _mark_of(path).read_text("utf-8") == _state(path)
    except OSError:
        return False


def _mark_of(path: Path) -> Path:
    blob = path.resolve()
    return blob.with_name(f"{blob.name}{_MARK}")


def _state(path: Path) -> str:
    facts = path.resolve().stat()
    return f"{facts.st_size} {facts.st_mtime_ns}"


def _sha256(path: Path, ask: Callable[[], None]) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_PIECE_BYTES):
            ask()
            digest.update(piece)
    return digest.hexdigest()
