"""Rebuilds the queue from the rows after the process has ended in any way."""

import logging

from kleinbot.domain.capacity import LimitsOnly
from kleinbot.domain.clock import Clock
from kleinbot.domain.errors import Code, RenderError
from kleinbot.domain.job import Job, JobState, Lane
from kleinbot.domain.job_spec import ImageKey
from kleinbot.domain.profile import Device, Profile
from kleinbot.domain.reference import Role
from kleinbot.domain.work import ModelSize
from kleinbot.scheduler.entries import WaitingImage
from kleinbot.scheduler.from_job import open_images
from kleinbot.scheduler.scheduler import Scheduler
from kleinbot.store import served_model
from kleinbot.store.database import Database, Transaction
from kleinbot.store.jobs import jobs, lookup, tags

_log = logging.getLogger(__name__)

MOST_LOST_ATTEMPTS = 2
"""An image during which the process ended this often is not tried again.

The first time other images may have been in hand too, so it is only a suspect. From then on it runs alone, so
the second time it is the cause.
"""


async def recover(
    database: Database,
    scheduler: Scheduler,
    profile: Profile,
    size: ModelSize | None,
    clock: Clock,
    *,
    ended_cleanly: bool = False,
) -> None:
    """Put running images back, give up on those that cannot be made, and rebuild the queue.

    An image cannot be made if it keeps ending the process, or if the model that is served from now on
    (``size``, as ``profile`` says) cannot make it as ordered. ``size`` None: the model is only away, and all
    jobs wait for it.

    An image that was running when the process ended runs alone from now on, also after further restarts;
    not where the process ``ended_cleanly`` and only could not write that down. Images that rested meanwhile
    are no suspects. Promises are derived again.
    """
    waiting: list[WaitingImage] = []
    async with database.transaction() as transaction:
        begun = await jobs.recover(transaction, clock.now_ms(), "returned" if ended_cleanly else "lost")
        for key in begun:
            await _give_up_where_hopeless(transaction, key, clock.now_ms())
        suspects = await jobs.suspects(transaction)
        expiries = await lookup.reply_expiries(transaction)
        came_down = await _note_served(transaction, size)
        for job in await lookup.all_open(transaction):
            if size is not None and (code := _not_as_ordered(job, profile, came_down)) is not None:
                error = RenderError(code)
                await jobs.stop(transaction, job.job_id, JobState.FAILED, clock.now_ms(), error)
                continue
            deadline_ms = scheduler.limits.deadline_ms(job.created_ms, expiries.get(job.job_id))
            waiting += open_images(job, deadline_ms if job.lane is Lane.TOKEN else None, suspects)
        running = {image.key for image in waiting}.intersection(begun)
        scheduler.queue.restore(await tags.load(transaction), waiting, running)
        for key in sorted(running):
            scheduler.queue.returned(key)
        # With the rows: otherwise a process that ends before its first claim has charged for these twice.
        await tags.replace(transaction, scheduler.queue.tags())
    if waiting:
        _log.info("%d pictures are back in line, %d of them were being drawn", len(waiting), len(running))


async def _note_served(transaction: Transaction, size: ModelSize | None) -> bool:
    """Note the model that jobs are accepted for from now on; return whether it is the smaller one.

    With the refunds: a process that ends in between would else forget what the open jobs were accepted for.
    """
    if size is None:
        return False
    before = await served_model.get(transaction)
    await served_model.note(transaction, size)
    return before is ModelSize.FULL and size is ModelSize.SMALL


def _not_as_ordered(job: Job, profile: Profile, came_down: bool) -> Code | None:
    """Return why ``job`` cannot be made as ordered; None where it can be, or is worth a try.

    A GPU that had more memory before tries: the engine has its fallbacks, and a paying member gets what they
    ordered. On a CPU nothing is counted, so the profile's limits are all there is.
    """
    if came_down:
        return Code.MODEL_CHANGED
    if job.spec.checkpoint not in profile.checkpoints:
        return Code.CHECKPOINT_GONE
    references = [each.grid for each in job.spec.references if each.role is Role.REFERENCE]
    if profile.device is Device.CPU and LimitsOnly(profile).largest_batch(job.spec.grid, references) == 0:
        return Code.MODEL_CHANGED
    return None


async def _give_up_where_hopeless(transaction: Transaction, key: ImageKey, now_ms: int) -> None:
    attempts = await jobs.lost_attempts(transaction, key)
    if attempts >= MOST_LOST_ATTEMPTS:
        error = RenderError(Code.GAVE_UP_AFTER_CRASHES, times=attempts)
        await jobs.stop(transaction, key.job_id, JobState.FAILED, now_ms, error)
