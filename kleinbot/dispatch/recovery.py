"""Recovery: after any end of the process the rows say what is left to do."""

import logging
from collections.abc import Collection

from kleinbot.domain.clock import Clock
from kleinbot.domain.errors import Code, RenderError
from kleinbot.domain.job import JobState, Lane
from kleinbot.domain.work import Checkpoint, ImageKey
from kleinbot.queueing.admission import AdmissionLimits
from kleinbot.queueing.entry import open_images
from kleinbot.queueing.line import Line
from kleinbot.queueing.waiting import WaitingImage
from kleinbot.store import jobs, lookup, tags
from kleinbot.store.database import Database, Transaction

_log = logging.getLogger(__name__)

MOST_LOST_ATTEMPTS = 2
"""A picture during which the process ended this often is not tried again.

The first time it may have had company: then it is only a suspect. From then on it has the card and the
finisher to itself, so the second time it is the one to blame.
"""


async def recover(
    database: Database,
    line: Line,
    limits: AdmissionLimits,
    checkpoints: Collection[Checkpoint],
    clock: Clock,
) -> None:
    """Put what was running back in line, give up on what cannot be made, and rebuild the line.

    That is what keeps ending the process, and what needs other ``checkpoints`` than this host has by now.

    A picture that was running when the process ended runs alone from now on, also after further restarts.
    Those that rested beside the card meanwhile are no suspects. Promises are derived anew.
    """
    waiting: list[WaitingImage] = []
    async with database.transaction() as transaction:
        begun = await jobs.recover(transaction, clock.now_ms())
        for key in begun:
            await _give_up_where_hopeless(transaction, key, clock.now_ms())
        suspects = await jobs.suspects(transaction)
        expiries = await lookup.reply_expiries(transaction)
        for job in await lookup.all_open(transaction):
            if job.checkpoint not in checkpoints:
                error = RenderError(Code.CHECKPOINT_GONE)
                await jobs.stop(transaction, job.job_id, JobState.FAILED, clock.now_ms(), error)
                continue
            deadline_ms = limits.deadline_ms(job.created_ms, expiries.get(job.job_id))
            waiting += open_images(job, deadline_ms if job.lane is Lane.TOKEN else None, suspects)
        running = {image.key for image in waiting}.intersection(begun)
        line.restore(await tags.load(transaction), waiting, running)
        for key in sorted(running):
            line.returned(key)
        # With the rows: a process that ends before its first claim would else have charged for these twice.
        await tags.replace(transaction, line.tags())
    if waiting:
        _log.info("%d pictures are back in line, %d of them were being drawn", len(waiting), len(running))


async def _give_up_where_hopeless(transaction: Transaction, key: ImageKey, now_ms: int) -> None:
    attempts = await jobs.lost_attempts(transaction, key)
    if attempts >= MOST_LOST_ATTEMPTS:
        error = RenderError(Code.GAVE_UP_AFTER_CRASHES, times=attempts)
        await jobs.stop(transaction, key.job_id, JobState.FAILED, now_ms, error)
