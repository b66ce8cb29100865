"""Judges pixels and turns them into a labelled file in the archive and a row, beside the next batch."""

import asyncio
import logging
import sqlite3
from collections.abc import Awaitable, Callable, Collection, Coroutine, Sequence
from functools import partial

from kleinbot.archive.archive import Archive, DiskFullError
from kleinbot.domain.clock import Clock, sleep_until
from kleinbot.domain.errors import Code, RenderError
from kleinbot.domain.faults import FaultPoint, Faults
from kleinbot.domain.job import FinishedImage, Job
from kleinbot.domain.job_spec import ImageKey
from kleinbot.domain.pictures import Pixels
from kleinbot.domain.ports.picture_judge import PictureJudge, PictureVerdict
from kleinbot.domain.quota import AuditAction
from kleinbot.images.cpu_pool import CpuPool
from kleinbot.images.embedded_recipe import EmbeddedRecipe
from kleinbot.images.labelled import encode_png, pixel_hash
from kleinbot.store.database import Database, Transaction
from kleinbot.store.jobs import jobs
from kleinbot.store.members import audit

_log = logging.getLogger(__name__)
_AT_ONCE = 12
"""The images of two to three batches: the next batch is drawn while those of the first are stored."""

_RETRY_S = 15.0
_TRIES_TO_FAIL = 20
"""After as many attempts the image is put back when the process ends, and the next process makes it."""


class Finisher:
    """Owns the images between the engines and their rows. It is bounded, so the engines wait for it."""

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
        fail: Callable[[str, RenderError], Awaitable[object]],
        keep_tags: Callable[[Transaction], Awaitable[None]],
        judge: PictureJudge,
    ) -> None:
        """Take ``keep_tags``: it stores what an image that ends is charged."""
        self._judge = judge
        self._fail = fail
        self._keep_tags = keep_tags
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
        """Return the positions of a job's images that are drawn and not recorded yet.

        Images that could not be stored are left out.
        """
        return {key.position for key in self._drawn if key.job_id == job_id}

    async def room(self) -> None:
        """Wait until another image may be accepted."""
        while len(self._tasks) >= _AT_ONCE:
            await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)

    async def emptied(self) -> None:
        """Wait until nothing is pending."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    def accept(self, job: Job, key: ImageKey, pixels: Pixels, seconds: float) -> None:
        """Take over a rendered image; it is recorded however long the disk refuses it."""
        self._drawn.add(key)
        self._own(key, self._finish(job, key, pixels, seconds))

    def refuse(self, key: ImageKey, error: RenderError) -> None:
        """Fail the job of an image that could not be made, once its other drawn images are recorded."""
        earlier = [task for task, other in self._tasks.items() if other.job_id == key.job_id]
        self._own(key, self._fail_after(earlier, key, error))

    async def close(self) -> None:
        """Wait for what was accepted. A restart makes the rest again, without suspicion."""
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
        """Put back the images whose rows say that they run; the others have ended."""
        try:
            async with self._database.transaction() as transaction:
                for key in keys:
                    await jobs.put_back(transaction, key, self._clock.now_ms(), "returned")
        except sqlite3.OperationalError as error:
            _log.error("%d pictures could not be put back by now: %s", len(keys), error)

    def _own(self, key: ImageKey, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks[task] = key
        task.add_done_callback(self._tasks.pop)

    async def _fail_surely(self, key: ImageKey, error: RenderError) -> None:
        """Fail a job, and repeat that where it fails too: otherwise its image stays "running" for good."""
        for _ in range(_TRIES_TO_FAIL):
            try:
                await self._fail(key.job_id, error)
            except Exception:  # noqa: BLE001 - the edge again: the row must not stay, whatever it is
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
            # To fail the job would discard that image. Both are made again.
            self._unstored.add(key)
            return
        await self._fail_surely(key, error)

    async def _finish(self, job: Job, key: ImageKey, pixels: Pixels, seconds: float) -> None:
        """Archive and record an image, again and again until both succeed or the process ends."""
        try:
            if await self._judge.judge(pixels) is PictureVerdict.BLOCKED:
                record = partial(self._block, job, key)
            else:
                png, digest = await self._encoded(job, key, pixels)
                record = partial(self._store, job, key, png, digest, seconds)
            del pixels
            while True:
                try:
                    await record()
                except (OSError, DiskFullError, sqlite3.OperationalError) as error:
                    if not await self._may_try_again(key, error):
                        return
                else:
                    return
        except Exception:  # noqa: BLE001 - the edge of a background task: the job must not hang
            _log.exception("picture %s could not be finished", key)
            self._drawn.discard(key)
            await self._fail_surely(key, RenderError(Code.RENDER_FAILED))
        finally:
            self._drawn.discard(key)

    async def _store(self, job: Job, key: ImageKey, png: bytes, digest: str, seconds: float) -> None:
        """Write the file, and record the image in one transaction with what it costs."""
        stored = await self._archive.put(job.server_id, key.job_id, key.position, png)
        self._faults.reach(FaultPoint.AFTER_FILE)
        done = FinishedImage(key, stored.path, stored.byte_count, stored.sha256, digest, seconds)
        async with self._database.transaction() as transaction:
            recorded = await jobs.finish_image(transaction, done, self._clock.now_ms())
            await self._keep_tags(transaction)
            self._faults.reach(FaultPoint.BEFORE_COMMIT)
        self._faults.reach(FaultPoint.AFTER_COMMIT)
        if not recorded:  # it was cancelled meanwhile
            await self._archive.discard(stored.path)
        self._wake_delivery()

    async def _block(self, job: Job, key: ImageKey) -> None:
        """Refund an image that nobody may see; moderators read that there was one, and not what was asked."""
        async with self._database.transaction() as transaction:
            now_ms = self._clock.now_ms()
            if await jobs.block_image(transaction, key, now_ms):
                await audit.note(
                    transaction, AuditAction.PICTURE_BLOCKED, job.member_id, now_ms,
                    server_id=job.server_id, member_id=job.member_id,
                )  # fmt: skip
            await self._keep_tags(transaction)
            self._faults.reach(FaultPoint.BEFORE_COMMIT)
        self._faults.reach(FaultPoint.AFTER_COMMIT)
        self._wake_delivery()

    async def _may_try_again(self, key: ImageKey, error: Exception) -> bool:
        """Wait after a failed attempt to store an image; False once the process is ending."""
        if self._closing.is_set():
            _log.error("picture %s could not be stored and will be made again: %s", key, error)
            self._unstored.add(key)
            return False
        # The image is made: better wait for room than spend the GPU again. Its member waits through no fault
        # of theirs, so cancelling it now is free.
        self._drawn.discard(key)
        _log.error("picture %s could not be stored, trying again: %s", key, error)
        # Closing repeats it once more at once.
        await sleep_until(self._closing, self._clock, _RETRY_S)
        return True

    async def _encoded(self, job: Job, key: ImageKey, pixels: Pixels) -> tuple[bytes, str]:
        """Return an image as a PNG with its recipe, and the hash of its pixels."""
        recipe = EmbeddedRecipe(
            prompt=job.spec.prompt,
            noise=job.images[key.position].noise,
            steps=job.spec.steps,
            width_px=pixels.width_px,
            height_px=pixels.height_px,
            model=self._model_name,
            version=self._version,
            references=len(job.spec.references),
            cfg_scale=job.spec.checkpoint.guidance_scale,
        )
        png = await self._pool.run(encode_png, pixels, recipe)
        return png, await self._pool.run(pixel_hash, pixels)
