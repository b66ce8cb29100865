"""The bot's own copies of pictures: Discord's addresses expire within a day, these do not."""

import asyncio
import errno
import hashlib
import logging
import shutil
from collections.abc import Callable, Set
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import ParamSpec, TypeVar

from kleinbot.archive import durable
from kleinbot.archive.names import Shelf, checked, is_picture, is_temporary, name_of
from kleinbot.domain.errors import Code, KleinbotError

P = ParamSpec("P")
T = TypeVar("T")

_log = logging.getLogger(__name__)

_NS_PER_MS = 1_000_000
_DISK_FULL = (errno.ENOSPC, errno.EDQUOT)


class PictureGoneError(LookupError):
    """The file is not there any more: somebody deleted it by hand, or a backup without files was restored."""


class DiskFullError(KleinbotError):
    """Nothing was stored. Its code is ``DISK_FULL``, without parameters."""

    def __init__(self) -> None:
        super().__init__(Code.DISK_FULL)


@dataclass(frozen=True)
class StoredFile:
    """``path`` is relative to the archive's root, with forward slashes; ``sha256`` is hexadecimal."""

    path: str
    sha256: str
    byte_count: int


@dataclass(frozen=True)
class Swept:
    """What a sweep removed. ``failures``: how many files and folders it had to leave."""

    files: int
    byte_count: int
    failures: int


class Archive:
    """Pictures and references as files under ``root``. All file work runs on threads of its own."""

    def __init__(self, root: Path, executor: Executor | None = None) -> None:
        self._root = root
        self._executor = executor or ThreadPoolExecutor(max_workers=2, thread_name_prefix="archive")
        root.mkdir(parents=True, exist_ok=True)

    async def put(
        self, server_id: int, job_id: str, position: int, data: bytes, shelf: Shelf = Shelf.IMAGES
    ) -> StoredFile:
        """Store a PNG; once this returns it survives a power cut. The same picture may be put again.

        A caller that is cancelled leaves the file whole or absent.
        Raises BadNameError, DiskFullError, OSError.
        """
        name = name_of(shelf, server_id, job_id, position)
        return await self._off_loop(self._put, name, data)

    async def read(self, name: str) -> bytes:
        """Return the bytes of the file ``name``. Raises PictureGoneError, BadNameError, OSError."""
        return await self._off_loop(self._read, checked(name))

    async def delete(self, name: str) -> None:
        """Delete the file ``name``; one that is gone already is no error. Raises BadNameError, OSError."""
        await self._off_loop((self._root / checked(name)).unlink, True)

    async def sweep(self, known: Set[str], older_than_ms: int, now_ms: int) -> Swept:
        """Remove pictures that no row knows and what interrupted writes left, and folders this empties.

        Only files last changed more than ``older_than_ms`` before ``now_ms``: a younger one may be about
        to get its row. Files of other forms are not ours and are left alone. What cannot be read or removed
        is left too, counted, and said once.
        """
        return await self._off_loop(self._sweep, known, now_ms - older_than_ms)

    def free_bytes(self) -> int:
        """Bytes that can still be written to the archive's disk (one system call)."""
        return shutil.disk_usage(self._root).free

    async def close(self) -> None:
        """Finish what was begun and end the threads. Idempotent."""
        await asyncio.to_thread(self._executor.shutdown)

    async def _off_loop(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._executor, lambda: work(*args, **kwargs))

    def _put(self, name: str, data: bytes) -> StoredFile:
        try:
            durable.write(self._root / name, data)
        except OSError as error:
            if error.errno in _DISK_FULL:
                raise DiskFullError from error
            raise
        return StoredFile(name, hashlib.sha256(data).hexdigest(), len(data))

    def _read(self, name: str) -> bytes:
        try:
            return (self._root / name).read_bytes()
        except FileNotFoundError:
            raise PictureGoneError(name) from None

    def _sweep(self, known: Set[str], before_ms: int) -> Swept:
        files = byte_count = 0
        failures: list[OSError] = []
        for folder in (folder for shelf in Shelf for folder in _inside(self._root / shelf, failures)):
            for file in _inside(folder, failures):
                try:
                    removed = self._remove_orphan(file, known, before_ms)
                except OSError as error:
                    failures.append(error)
                    continue
                if removed is not None:
                    files += 1
                    byte_count += removed
            durable.remove_empty_folder(folder)
        if failures:
            _log.warning(
                "%d files or folders of the archive could not be looked at or removed, the first: %s",
                len(failures), failures[0],
            )  # fmt: skip
        return Swept(files, byte_count, len(failures))

    def _remove_orphan(self, file: Path, known: Set[str], before_ms: int) -> int | None:
        """Remove ``file`` if nobody knows it and it is old; return its bytes, else None. Raises OSError."""
        name = file.relative_to(self._root).as_posix()
        if not is_temporary(name) and (name in known or not is_picture(name)):
            return None
        try:
            return durable.remove_if_old(file, before_ms * _NS_PER_MS)
        except FileNotFoundError:  # renamed or deleted meanwhile
            return None


def _inside(folder: Path, failures: list[OSError]) -> list[Path]:
    """Return what lies in ``folder``, by name; nothing where it is none. What goes wrong is added."""
    try:
        return sorted(folder.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        failures.append(error)
        return []
