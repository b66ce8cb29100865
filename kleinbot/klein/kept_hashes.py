"""Whether files in 8 bits have the bytes that were written: hashed on the way, compared once. No torch."""

import logging
import re
from collections.abc import Callable
from pathlib import Path

from kleinbot.klein.published import is_verified, remember, sha256_of

_HASH, _VERIFIED = ".sha256", ".verified"
_HASH_CHARACTERS = 64
_log = logging.getLogger(__name__)


def note_of(path: Path) -> Path:
    """Return where the hash of the file at ``path`` stands."""
    return path.with_name(f"{path.name}{_HASH}")


def is_whole(path: Path, ask: Callable[[], None]) -> bool:
    """Tell whether the file at ``path`` has the bytes that were written; ``ask`` may raise in between.

    It is hashed once after it was written, and again only where its size or time has changed. A file of a
    version that noted no hash, or whose note a power cut has emptied, is taken as it is, and what it is now
    is noted.

    Raises OSError where it cannot be read.
    """
    note = note_of(path)
    noted = _noted(note)
    if noted is not None and is_verified(path):
        return True
    found = sha256_of(path, ask)
    if noted is not None:
        if noted != found:
            return False
    else:
        try:
            note.write_text(found, "utf-8")
        except OSError as error:
            _log.info("%s will be hashed again at the next start: %s", path, error)
    remember(path)
    return True


def _noted(note: Path) -> str | None:
    if not note.is_file():
        return None
    noted = note.read_bytes()[: _HASH_CHARACTERS + 1].decode("ascii", "replace").strip()
    return noted if re.fullmatch(f"[0-9a-f]{{{_HASH_CHARACTERS}}}", noted) else None


def remove_lone_notes(folder: Path) -> None:
    """Remove what is noted of files that are not in ``folder``: a process was killed between the two."""
    for ending in (_HASH, _VERIFIED):
        for note in folder.glob(f"*{ending}"):
            if not note.with_name(note.name.removesuffix(ending)).is_file():
                note.unlink(missing_ok=True)


def remove(path: Path) -> None:
    """Remove the file at ``path`` with what is noted of it."""
    for each in (path, note_of(path), path.with_name(f"{path.name}{_VERIFIED}")):
        each.unlink(missing_ok=True)
