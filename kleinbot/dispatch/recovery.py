"""Recovery: after any end of the process the rows say what is left to do."""

import logging

from kleinbot.domain.clock import Clock
from kleinbot.domain.errors import Code, RenderError
from kleinbot.domain.job import JobState
from kleinbot.domain.work import ImageKey
from kleinbot.queueing.entry import open_images
from kleinbot.queueing.line import Line
from kleinbot.store import jobs, lookup, tags
from kleinbot.store.database import Database, Transaction

_log = logging.getLogger(__name__)

MOST_LOST_ATTEMPTS = 3
"""A picture during which the process ended this often is not tried again."""


async def recover(database: Database, line: Line, clock: Clock) -> None:
    """Put what was running back in line, give up on what keeps ending the process, and rebuild the line.

    A picture that was running when the process ended runs alone from now on: it may be the one to blame.
    """
    async with database.transaction() as transaction:
        lost = await jobs.recover(transaction, clock.now_ms())
        for key in lost:
            await _give_up_where_hopeless(transaction, key, clock.now_ms())
    waiting = [image for job in await lookup.all_open(database.read) for image in open_images(job)]
    running = {image.key for image in waiting}.intersection(lost)
    line.restore(await tags.load(database.read), waiting, running)
    for key in sorted(running):
        line.returned(key, alone=True)
    if waiting:
        _log.info("%d pictures are back in line, %d of them were being drawn", len(waiting), len(running))


async def _give_up_where_hopeless(transaction: Transaction, key: ImageKey, now_ms: int) -> None:
    attempts = await jobs.lost_attempts(transaction, key)
    if attempts >= MOST_LOST_ATTEMPTS:
        error = RenderError(Code.GAVE_UP_AFTER_CRASHES, times=attempts)
        await jobs.stop(transaction, key.job_id, JobState.FAILED, now_ms, error)
