"""Finishing: pixels become a labelled file in the archive, and then a row. Runs beside the next batch."""

import asyncio
import logging
import sqlite3
from collections.abc import Awaitable, Callable, Collection, Coroutine, Sequence

from kleinbot.archive.archive import Archive, DiskFullError
from kleinbot.domain.clock import Clock, sleep_until
from kleinbot.domain.errors import Code, RenderError
from kleinbot.domain.faults import FaultPoint, Faults
from kleinbot.domain.job import FinishedImage, Job
from kleinbot.domain.pixels import Pixels
from kleinbot.domain.work import ImageKey
from kleinbot.images.cpu_pool import CpuPool
from kleinbot.images.labelled import encode_png, pixel_hash
from kleinbot.images.recipe import Recipe
from kleinbot.store import jobs
from kleinbot.store.database import Database

_log = logging.getLogger(__name__)
_AT_ONCE = 12
"""Pictures of two to three batches: while the first one's are stored, the next one is drawn."""

_RETRY_S = 15.0
_TRIES_TO_FAIL = 20
"""Then the image is put back when the process ends, and the next one makes it."""


class Finisher:
    """Owns the pictures between the engine and their rows; bounded, so that the engine waits for it."""

    def __init__(
        self,
        *,
        database: Database,
        archive: Archive,
        pool: CpuPool,
        clock: Clock,
        faults: Faults,
        wake_delivery: Callable[[], None],
        model_name: str,
        version: str,
        fail: Callable[[str, RenderError], Awaitable[None]],
    ) -> None:
        self._fail = fail
        self._database = database
        self._archive = archive
        self._pool = pool
        self._clock = clock
        self._faults = faults
        self._wake_delivery = wake_delivery
        self._model_name = model_name
        self._version = version
        self._tasks: dict[asyncio.Task[None], ImageKey] = {}
        self._closing = asyncio.Event()
        self._unstored: set[ImageKey] = set()
        self._drawn: set[ImageKey] = set()

    @property
    def is_busy(self) -> bool:
        return bool(self._tasks)

    def drawn(self, job_id: str) -> set[int]:
        """Return which pictures of a job are drawn and not recorded yet; not what could not be stored."""
        return {key.position for key in self._drawn if key.job_id == job_id}

    async def room(self) -> None:
        """Wait until another picture may be accepted."""
        while len(self._tasks) >= _AT_ONCE:
            await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)

    async def emptied(self) -> None:
        """Wait until nothing is pending."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    def accept(self, job: Job, key: ImageKey, pixels: Pixels, seconds: float) -> None:
        """Take over a rendered picture; it is recorded, whatever the disk says meanwhile."""
        self._drawn.add(key)
        self._own(key, self._finish(job, key, pixels, seconds))

    def refuse(self, key: ImageKey, error: RenderError) -> None:
        """Fail the job of an image that could not be made, once its other pictures in hand are recorded."""
        earlier = [task for task, other in self._tasks.items() if other.job_id == key.job_id]
        self._own(key, self._fail_after(earlier, key, error))

    async def close(self) -> None:
        """Wait for what was accepted; where it cannot be stored, a restart makes it again, unsuspected."""
        self._closing.set()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=_RETRY_S)
        left = dict(self._tasks)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        self._unstored.update(left.values())
        if self._unstored:
            await self._put_back(self._unstored)

    async def _put_back(self, keys: Collection[ImageKey]) -> None:
        """Take back what is still running by its row: of the others nothing is left to do."""
        try:
            async with self._database.transaction() as transaction:
                for key in keys:
                    await jobs.put_back(transaction, key, self._clock.now_ms(), "returned")
        except sqlite3.OperationalError as error:
            _log.error("%d pictures could not be put back by now: %s", len(keys), error)

    def _own(self, key: ImageKey, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(self._to_an_end(key, work))
        self._tasks[task] = key
        task.add_done_callback(self._tasks.pop)

    async def _to_an_end(self, key: ImageKey, work: Coroutine[None, None, None]) -> None:
        try:
            await work
        except Exception:  # noqa: BLE001 - the edge of a background task: the job must not hang
            _log.exception("picture %s could not be finished", key)
            self._drawn.discard(key)
            await self._fail_surely(key, RenderError(Code.RENDER_FAILED))
        finally:
            self._drawn.discard(key)

    async def _fail_surely(self, key: ImageKey, error: RenderError) -> None:
        """Fail a job, trying again where that fails too: its image would else stay "running" for good."""
        for _ in range(_TRIES_TO_FAIL):
            try:
                await self._fail(key.job_id, error)
            except Exception:  # noqa: BLE001 - the edge, once more: whatever it is, the row must not stay
                _log.exception("job %s could not be failed", key.job_id)
                if self._closing.is_set():
                    break
                await sleep_until(self._closing, self._clock, _RETRY_S)
            else:
                return
        self._unstored.add(key)

    async def _fail_after(
        self, earlier: Sequence[asyncio.Task[None]], key: ImageKey, error: RenderError
    ) -> None:
        if earlier:
            await asyncio.wait(earlier)
        if any(other.job_id == key.job_id for other in self._unstored):
            # To fail the job would throw that picture away. Both are made again.
            self._unstored.add(key)
            return
        await self._fail_surely(key, error)

    async def _finish(self, job: Job, key: ImageKey, pixels: Pixels, seconds: float) -> None:
        recipe = Recipe(
            prompt=job.prompt,
            noise=job.images[key.position].noise,
            steps=job.steps,
            width_px=pixels.width_px,
            height_px=pixels.height_px,
            model=self._model_name,
            version=self._version,
            references=len(job.references),
            cfg_scale=job.checkpoint.guidance_scale,
        )
        png = await self._pool.run(encode_png, pixels, recipe)
        digest = await self._pool.run(pixel_hash, pixels)
        while True:
            try:
                await self._store(job, key, png, digest, seconds)
            except (OSError, DiskFullError, sqlite3.OperationalError) as error:
                if self._closing.is_set():
                    _log.error("picture %s could not be stored and will be made again: %s", key, error)
                    self._unstored.add(key)
                    return
                # The picture is made: better to wait for room than to spend the card again. That its member
                # waits for it is our fault: cancelling it now is free.
                self._drawn.discard(key)
                _log.error("picture %s could not be stored, trying again: %s", key, error)
                # Closing has it tried once more at once.
                await sleep_until(self._closing, self._clock, _RETRY_S)
            else:
                return

    async def _store(self, job: Job, key: ImageKey, png: bytes, digest: str, seconds: float) -> None:
        stored = await self._archive.put(job.server_id, key.job_id, key.position, png)
        self._faults.reach(FaultPoint.AFTER_FILE)
        finished = FinishedImage(key, stored.path, stored.byte_count, stored.sha256, digest, seconds)
        async with self._database.transaction() as transaction:
            recorded = await jobs.finish_image(transaction, finished, self._clock.now_ms())
            self._faults.reach(FaultPoint.BEFORE_COMMIT)
        self._faults.reach(FaultPoint.AFTER_COMMIT)
        if not recorded:  # it was cancelled meanwhile
            await self._archive.discard(stored.path)
        self._wake_delivery()
