"""The layout of a backup on disk, and how its files are read and written.

A backup is a folder with a copy of the database, the pictures of its rows, and the manifest that names the
copy. The manifest is written last and replaced atomically: a folder without one is no backup, and after an
interrupted update the folder is still the previous backup.
"""

import hashlib
import json
import os
import re
import secrets
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

from filelock import FileLock, Timeout

from kleinbot.archive.durable import UNFINISHED
from kleinbot.archive.names import checked
from kleinbot.domain.errors import Code, StartError
from kleinbot.process import private_files
from kleinbot.process.folder_lock import unusable
from kleinbot.upkeep.backup_failures import damaged_backup

MANIFEST = "kleinbot.backup.json"
BEGUN = "kleinbot.backup-begun.json"
"""Exists while a backup is made and names its database, so that an interrupted backup is recognised."""
ARCHIVE = "archive"
LOCK_FILE = "kleinbot.backup.lock"
MIB = 2**20

_FORMAT = "kleinbot-backup/1"
_MOST_MANIFEST_BYTES = 64 * MIB
_MOST_FILE_BYTES = 256 * MIB
"""Far above the size of any picture."""
_CHUNK_BYTES = 4 * MIB
_DATABASE = re.compile(r"kleinbot-[0-9a-f]{16}\.sqlite3")
_DATABASE_COPY = re.compile(r"kleinbot-[0-9a-f]{16}\.sqlite3(?:\.tmp)?(?:-journal|-wal|-shm)?")
_SHA256 = re.compile(r"[0-9a-f]{64}")


class BackupStep(StrEnum):
    """The steps of a backup and a restore at which a test may kill the process."""

    BEGUN = "begun"
    DATABASE_COPIED = "database-copied"
    PICTURE_COPIED = "picture-copied"
    BEFORE_MANIFEST = "before-manifest"
    MANIFEST_WRITTEN = "manifest-written"
    TIDIED = "tidied"
    RESTORE_BEGUN = "restore-begun"
    DATABASE_STAGED = "database-staged"
    PICTURE_STAGED = "picture-staged"
    STAGED = "staged"
    SWITCHING = "switching"
    PUT_ASIDE = "put-aside"
    ARCHIVE_IN_PLACE = "archive-in-place"
    DATABASE_IN_PLACE = "database-in-place"


def ignore_step(step: BackupStep) -> None:
    """Ignore a step; used in production."""
    del step


class UnfitFileError(Exception):
    """A file of a backup that cannot be used. ``reason`` is for the owner."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Manifest:
    """A backup's contents. ``left_out``: pictures with a row that were missing or damaged in the archive."""

    identity: str
    schema: int
    database: str
    database_bytes: int
    database_sha256: str
    jobs: int
    pictures: int
    picture_bytes: int
    left_out: tuple[str, ...]
    numbers: Mapping[int, int]
    made_ms: int


def new_database_name() -> str:
    return f"kleinbot-{secrets.token_hex(8)}.sqlite3"


def is_database_copy(name: str) -> bool:
    """Return whether ``name`` is a backup's copy of the database, complete or not."""
    return _DATABASE_COPY.fullmatch(name) is not None


def read_manifest(folder: Path) -> Manifest | None:
    """Return the manifest of the backup in ``folder``, or None.

    Raises StartError BACKUP_DAMAGED if it is invalid, OSError.
    """
    file = folder / MANIFEST
    try:
        content = json.loads(read_plain(folder, MANIFEST, _MOST_MANIFEST_BYTES))
        _matching(_FORMAT, content["format"])
        return Manifest(
            identity=_matching(r"[0-9a-f]{1,64}", content["identity"]),
            schema=_count(content["schema"]),
            database=_matching(_DATABASE.pattern, content["database"]),
            database_bytes=_count(content["database_bytes"]),
            database_sha256=_matching(_SHA256.pattern, content["database_sha256"]),
            jobs=_count(content["jobs"]),
            pictures=_count(content["pictures"]),
            picture_bytes=_count(content["picture_bytes"]),
            left_out=tuple(checked(str(name)) for name in content["left_out"]),
            numbers={int(server): _count(number) for server, number in content["numbers"].items()},
            made_ms=_count(content["made_ms"]),
        )
    except FileNotFoundError:
        return None
    except UnfitFileError as error:
        raise damaged_backup(file, error.reason) from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise damaged_backup(file, str(error)) from error


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write the manifest, which completes the backup in ``folder``. Raises OSError."""
    content = {"format": _FORMAT, **asdict(manifest)}
    content["numbers"] = {str(server): number for server, number in manifest.numbers.items()}
    private_files.write_durably(folder / MANIFEST, json.dumps(content, indent=1).encode())


@contextmanager
def one_at_a_time(data_folder: Path) -> Iterator[None]:
    """Let one process at a time back up or restore ``data_folder``. Raises StartError BACKUP_RUNNING."""
    lock = FileLock(data_folder / LOCK_FILE, blocking=False, mode=private_files.FILE_MODE)
    try:
        lock.acquire()
    except Timeout:
        raise StartError(Code.BACKUP_RUNNING, folder=str(data_folder)) from None
    except (OSError, NotImplementedError) as error:
        raise unusable(data_folder, error) from error
    try:
        yield
    finally:
        lock.release()


def plain_file(root: Path, name: str) -> os.stat_result:
    """Return the status of the file ``name`` below ``root``, without following links.

    Raises UnfitFileError if it is no plain file or a folder is a link, FileNotFoundError, OSError.
    """
    place = root
    *folders, _ = parts = name.split("/")
    for part in parts:
        if part in ("", ".", "..") or "\\" in part or ":" in part:
            raise UnfitFileError("its name leads elsewhere")
    for part in folders:
        place /= part
        if not stat.S_ISDIR(place.lstat().st_mode) or _is_junction(place):
            raise UnfitFileError(f"{place.name} is no folder")
    status = (root / name).lstat()
    if not stat.S_ISREG(status.st_mode):
        raise UnfitFileError("it is no plain file")
    return status


def read_plain(root: Path, name: str, most_bytes: int = _MOST_FILE_BYTES) -> bytes:
    """Return the content of the file ``name`` below ``root``. Raises as ``plain_file``."""
    if (size := plain_file(root, name).st_size) > most_bytes:
        raise UnfitFileError(f"it has {size} bytes")
    return (root / name).read_bytes()


def put(target: Path, data: bytes) -> None:
    """Write a file atomically and durably. Raises OSError."""
    private_files.make_folder(target.parent)
    unfinished = target.with_name(f"{target.name}.{secrets.token_hex(8)}{UNFINISHED}")
    try:
        with open(unfinished, "xb", opener=private_files.opener) as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)


def sha256_of(file: Path) -> str:
    """Return the sha256 of a large file. Raises OSError."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def copy_hashed(source: Path, target: Path) -> str:
    """Copy a large file to ``target`` durably; return its sha256. Raises OSError."""
    digest = hashlib.sha256()
    with source.open("rb") as opened, open(target, "wb", opener=private_files.opener) as copy:
        while chunk := opened.read(_CHUNK_BYTES):
            digest.update(chunk)
            copy.write(chunk)
        copy.flush()
        os.fsync(copy.fileno())
    return digest.hexdigest()


def sync_tree(folder: Path) -> None:
    """Sync the directory entries of ``folder`` and the folders below it. Raises OSError."""
    for place, _, _ in os.walk(folder):
        private_files.sync_folder(Path(place))


def _is_junction(place: Path) -> bool:
    # Windows' junctions look like folders to lstat; Python 3.12 and newer detect them.
    tell = getattr(os.path, "isjunction", None)
    return tell is not None and bool(tell(place))


def _matching(pattern: str, value: object) -> str:
    if not isinstance(value, str) or re.fullmatch(pattern, value) is None:
        raise ValueError(f"{value!r} has not the form that is expected")
    return value


def _count(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**63:
        raise ValueError(f"{value!r} is no count")
    return value
