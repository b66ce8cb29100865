"""Verifies cached 8-bit files by the hash recorded when they were written. Imports no torch."""

import logging
import re
from collections.abc import Callable
from pathlib import Path

from kleinbot.klein.hub.published import is_verified, mark_verified, sha256_of

_HASH, _VERIFIED = ".sha256", ".verified"
_HASH_CHARACTERS = 64
_log = logging.getLogger(__name__)


def hash_file_of(path: Path) -> Path:
    """Return the file with the hash of ``path``."""
    return path.with_name(f"{path.name}{_HASH}")


def is_intact(path: Path, raise_if_abandoned: Callable[[], None]) -> bool:
    """Return whether the file at ``path`` has the bytes that were written.

    It is hashed once after it was written, and again only if its size or time has changed. A file without a
    recorded hash (from an older version, or after a power cut emptied the hash file) is accepted, and its
    current hash is recorded.

    Calls ``raise_if_abandoned`` in between. Raises OSError if it cannot be read.
    """
    note = hash_file_of(path)
    recorded = _recorded_hash(note)
    if recorded is not None and is_verified(path):
        return True
    found = sha256_of(path, raise_if_abandoned)
    if recorded is not None:
        if recorded != found:
            return False
    else:
        try:
            note.write_text(found, "utf-8")
        except OSError as error:
            _log.info("%s will be hashed again at the next start: %s", path, error)
    mark_verified(path)
    return True


def _recorded_hash(note: Path) -> str | None:
    if not note.is_file():
        return None
    recorded = note.read_bytes()[: _HASH_CHARACTERS + 1].decode("ascii", "replace").strip()
    return recorded if re.fullmatch(f"[0-9a-f]{{{_HASH_CHARACTERS}}}", recorded) else None


def remove_orphaned_notes(folder: Path) -> None:
    """Remove hash files without their weight file in ``folder``, left by a killed process."""
    for ending in (_HASH, _VERIFIED):
        for note in folder.glob(f"*{ending}"):
            if not note.with_name(note.name.removesuffix(ending)).is_file():
                note.unlink(missing_ok=True)


def remove(path: Path) -> None:
    """Remove the file at ``path`` with its hash files."""
    for each in (path, hash_file_of(path), path.with_name(f"{path.name}{_VERIFIED}")):
        each.unlink(missing_ok=True)
