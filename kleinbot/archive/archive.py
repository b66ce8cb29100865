"""The bot's own copies of pictures, since Discord's addresses expire within a day."""

import asyncio
import hashlib
import logging
import shutil
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import ParamSpec, TypeVar

from kleinbot.archive import durable
from kleinbot.archive.mark import NO_DATABASE, Mark, read_mark, write_mark
from kleinbot.archive.names import ArchiveFolder, checked, name_of
from kleinbot.domain.clock import Clock, SystemClock
from kleinbot.domain.errors import Code, KleinbotError
from kleinbot.process import private_files

P = ParamSpec("P")
T = TypeVar("T")

_log = logging.getLogger(__name__)

_NS_PER_S = 1_000_000_000

ORPHAN_AGE_S = 3600.0
"""A younger file may be about to get its row, so it is never an orphan."""

_MARK_EVERY_S = 1.0
_MARK_RETRY_S = 15.0


class PictureGoneError(LookupError):
    """The file is missing: it was deleted by hand, or a backup without files was restored."""


class DiskFullError(KleinbotError):
    """The disk is full and nothing was stored. Its code is ``DISK_FULL``, without parameters."""

    def __init__(self) -> None:
        super().__init__(Code.DISK_FULL)


@dataclass(frozen=True)
class StoredFile:
    """A stored file. ``path``: relative to the root, with forward slashes; ``sha256``: hexadecimal."""

    path: str
    sha256: str
    byte_count: int


class Archive:
    """Stores pictures and references as files under ``root``. All file access runs on its own threads."""

    def __init__(self, root: Path, executor: Executor | None = None, clock: Clock | None = None) -> None:
        self.root = root
        self._executor = executor or ThreadPoolExecutor(max_workers=2, thread_name_prefix="archive")
        self._clock = clock or SystemClock()
        self._put_s: dict[str, float] = {}
        """When this process put each picture of the last hour, by the monotonic clock."""
        self._lock = threading.Lock()
        private_files.make_folder(root)
        self._mark = read_mark(root) or Mark(NO_DATABASE)
        self._numbers = dict(self._mark.numbers)
        self._has_new_number = asyncio.Event()

    async def put(
        self,
        server_id: int,
        job_id: str,
        position: int,
        data: bytes,
        top_folder: ArchiveFolder = ArchiveFolder.IMAGES,
    ) -> StoredFile:
        """Store a PNG, which survives a power cut once this returns. The same picture may be put again.

        A cancelled call leaves the file whole or absent. Raises BadNameError, DiskFullError, OSError.
        """
        name = name_of(top_folder, server_id, job_id, position)
        return await self._off_loop(self._put, name, data)

    async def read(self, name: str) -> bytes:
        """Return the bytes of the file ``name``. Raises PictureGoneError, BadNameError, OSError."""
        return await self._off_loop(self._read, checked(name))

    async def delete(self, name: str) -> None:
        """Delete the file ``name``; a missing file is no error. Raises BadNameError, OSError."""
        await self._off_loop((self.root / checked(name)).unlink, True)

    async def discard(self, name: str) -> None:
        """Delete a file without a row. On failure it is left for the sweep. Raises BadNameError."""
        try:
            await self.delete(name)
        except OSError as error:
            _log.error("the file %s could not be deleted and stays for now: %s", name, error)

    def note_number(self, server_id: int, number: int) -> None:
        """Note an accepted job's number; ``persist_mark`` stores it a moment later."""
        if number > self._numbers.get(server_id, 0):
            self._numbers[server_id] = number
            self._has_new_number.set()

    async def persist_mark(self) -> None:
        """Store the highest noted numbers, at most once a second, until cancelled."""
        while True:
            await self._has_new_number.wait()
            pause_s = _MARK_EVERY_S
            try:
                await self._store_mark()
            except OSError as error:
                _log.error("the archive's highest job numbers could not be stored; retrying: %s", error)
                pause_s = _MARK_RETRY_S
            await self._clock.sleep(pause_s)

    def old_files(self, names: Iterable[str], failures: list[OSError]) -> list[str]:
        """Return the files that were last changed more than an hour ago by the file system's clock.

        A file that this process put within the last hour is never old, whatever the clocks state. Errors are
        added to ``failures``. Blocks.
        """
        names = [name for name in names if not self._was_put_recently(name)]
        old = []
        before_ns = self._hour_ago_ns() if names else 0
        for name in names:
            try:
                if durable.is_old(self.root / name, before_ns):
                    old.append(name)
            except FileNotFoundError:  # renamed or deleted meanwhile
                continue
            except OSError as error:
                failures.append(error)
        return old

    def remove_old(self, names: Iterable[str], failures: list[OSError]) -> tuple[int, int]:
        """Remove the files of ``names`` that are still old; return their number and bytes.

        Errors are added to ``failures``. Blocks.
        """
        files = byte_count = 0
        before_ns = self._hour_ago_ns()
        for name in names:
            try:
                removed = (
                    None
                    if self._was_put_recently(name)
                    else durable.remove_if_old(self.root / name, before_ns)
                )
            except FileNotFoundError:
                continue
            except OSError as error:
                failures.append(error)
                continue
            if removed is not None:
                files += 1
                byte_count += removed
                durable.remove_empty_folder((self.root / name).parent)
        return files, byte_count

    def free_bytes(self) -> int:
        """Return the free bytes of the archive's disk (one system call)."""
        return shutil.disk_usage(self.root).free

    async def close(self) -> None:
        """Finish running work and end the threads. Idempotent."""
        if self._has_new_number.is_set():
            try:
                await self._store_mark()
            except OSError as error:
                _log.error("the archive's highest job numbers could not be stored: %s", error)
        await asyncio.to_thread(self._executor.shutdown)

    async def _store_mark(self) -> None:
        self._has_new_number.clear()
        try:
            await self._off_loop(write_mark, self.root, Mark(self._mark.database, dict(self._numbers)))
        except OSError:
            self._has_new_number.set()
            raise

    def _hour_ago_ns(self) -> int:
        return durable.now_ns(self.root) - int(ORPHAN_AGE_S * _NS_PER_S)

    def _was_put_recently(self, name: str) -> bool:
        with self._lock:
            put_s = self._put_s.get(name)
        return put_s is not None and self._clock.monotonic_s() - put_s < ORPHAN_AGE_S

    def _note_put(self, name: str) -> None:
        now_s = self._clock.monotonic_s()
        with self._lock:
            self._put_s.pop(name, None)
            self._put_s[name] = now_s
            while now_s - (first := next(iter(self._put_s.items())))[1] >= ORPHAN_AGE_S:
                del self._put_s[first[0]]

    async def _off_loop(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._executor, lambda: work(*args, **kwargs))

    def _put(self, name: str, data: bytes) -> StoredFile:
        self._note_put(name)
        try:
            durable.write(self.root / name, data, self.root)
        except OSError as error:
            if error.errno in durable.DISK_FULL:
                raise DiskFullError from error
            raise
        return StoredFile(name, hashlib.sha256(data).hexdigest(), len(data))

    def _read(self, name: str) -> bytes:
        try:
            return (self.root / name).read_bytes()
        except FileNotFoundError:
            raise PictureGoneError(name) from None
