"""Jobs and their images. Every change of state is a compare-and-set: it says whether it happened."""

import json
from collections.abc import Mapping, Sequence

from kleinbot.domain.errors import KleinbotError
from kleinbot.domain.job import (
    FinishedImage,
    ImageState,
    JobState,
    NewJob,
)
from kleinbot.domain.quota import Fund
from kleinbot.domain.work import ImageKey
from kleinbot.store import job_references, ledger, members, outbox
from kleinbot.store.database import Reader, Transaction
from kleinbot.store.ledger import Owner


async def insert(transaction: Transaction, job: NewJob, funds: Sequence[Fund] | None = None) -> int:
    """Store an accepted job with its images, its reply address and its reservation; return its number.

    It is paid from ``funds``, in their order; None: from the allowance. Raises ValueError where they lack.
    """
    owner = Owner(job.server_id, job.member_id)
    number = await members.next_number(transaction, job.server_id)
    await transaction.change(
        "INSERT INTO jobs (job_id, server_id, member_id, number, kind, prompt, columns, rows, steps,"
        " checkpoint, seed, count, private, price_tenths, lane, locale, channel_id, state, created_ms,"
        " parent_job, parent_position, strength, cost, unhurried, left_tenths, spoiler)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'queued', ?, ?, ?, ?, ?, ?, ?, ?)",
        job.job_id, job.server_id, job.member_id, number, job.kind, job.prompt, job.grid.columns,
        job.grid.rows, job.steps, job.checkpoint, job.seed, len(job.images), job.private, job.price_tenths,
        job.lane, job.locale, job.reply.channel_id, job.created_ms,
        job.parent.job_id if job.parent else None, job.parent.position if job.parent else None, job.strength,
        job.cost, job.unhurried, job.left_tenths, job.spoiler,
    )  # fmt: skip
    await transaction.change_each(
        "INSERT INTO images (job_id, position, server_id, base_seed, blends, columns, rows, state)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, 'waiting')",
        (
            (
                job.job_id,
                image.position,
                job.server_id,
                image.noise.base_seed,
                json.dumps([[blend.seed, blend.weight] for blend in image.noise.blends]),
                image.grid.columns,
                image.grid.rows,
            )
            for image in job.images
        ),
    )
    await job_references.insert(transaction, job)
    await transaction.change(
        "INSERT INTO replies (job_id, server_id, application_id, token, expires_ms, upload_limit_bytes,"
        " asked_id) VALUES (?, ?, ?, ?, ?, ?, ?)",
        job.job_id, job.server_id, job.reply.application_id, job.reply.token, job.reply.expires_ms,
        job.reply.upload_limit_bytes, job.reply.asked_id,
    )  # fmt: skip
    await ledger.reserve(
        transaction, owner, job.job_id, range(len(job.images)), job.price_tenths, job.created_ms, funds
    )
    return number


async def claim(transaction: Transaction, key: ImageKey, batch_id: str, now_ms: int) -> bool:
    """Move an image from waiting to running and note the attempt; False where it is no longer waiting."""
    claimed = await transaction.change(
        "UPDATE images SET state = 'running' WHERE job_id = ? AND position = ? AND state = 'waiting'",
        key.job_id,
        key.position,
    )
    if not claimed:
        return False
    await transaction.change(
        "UPDATE jobs SET state = 'running' WHERE job_id = ? AND state = 'queued'", key.job_id
    )
    await begin_attempt(transaction, key, batch_id, now_ms)
    return True


async def begin_attempt(transaction: Transaction, key: ImageKey, batch_id: str, now_ms: int) -> None:
    """Note that a running image is on the card from now on: if the process ends, it may be why.

    One that was stopped meanwhile has no attempt: nobody would end it.
    """
    await transaction.change(
        "INSERT INTO attempts (job_id, position, server_id, batch_id, started_ms, outcome)"
        " SELECT job_id, position, server_id, ?, ?, 'running' FROM images"
        " WHERE job_id = ? AND position = ? AND state = 'running'",
        batch_id,
        now_ms,
        key.job_id,
        key.position,
    )


async def end_attempt(transaction: Transaction, key: ImageKey, now_ms: int, outcome: str) -> None:
    """Note that an image has left the card, if it was there. ``outcome``: as the table allows."""
    await transaction.change(
        "UPDATE attempts SET outcome = ?, ended_ms = ?"
        " WHERE job_id = ? AND position = ? AND outcome = 'running'",
        outcome,
        now_ms,
        key.job_id,
        key.position,
    )


async def put_back(transaction: Transaction, key: ImageKey, now_ms: int, outcome: str) -> bool:
    """Move a running image back to waiting; the job is queued again where no image of it is running."""
    moved = await transaction.change(
        "UPDATE images SET state = 'waiting' WHERE job_id = ? AND position = ? AND state = 'running'",
        key.job_id,
        key.position,
    )
    await end_attempt(transaction, key, now_ms, outcome)
    await transaction.change(
        "UPDATE jobs SET state = 'queued' WHERE job_id = ? AND state = 'running' AND NOT EXISTS"
        " (SELECT 1 FROM images WHERE images.job_id = jobs.job_id AND images.state = 'running')",
        key.job_id,
    )
    return moved == 1


async def finish_image(transaction: Transaction, image: FinishedImage, now_ms: int) -> bool:
    """Record a picture that lies in the archive, settle it, and end the job with its last image.

    False where the image is no longer running (it was cancelled meanwhile): then nothing has changed but the
    attempt, and the file is to be removed.
    """
    key = image.key
    recorded = await transaction.change(
        "UPDATE images SET state = 'done', file = ?, bytes = ?, sha256 = ?, pixel_hash = ?, seconds = ?,"
        " finished_ms = ? WHERE job_id = ? AND position = ? AND state = 'running'",
        image.file, image.byte_count, image.sha256, image.pixel_hash, image.seconds, now_ms, key.job_id,
        key.position,
    )  # fmt: skip
    await end_attempt(transaction, key, now_ms, "done" if recorded else "cancelled")
    if not recorded:
        return False
    await transaction.change("UPDATE jobs SET pictures = pictures + 1 WHERE job_id = ?", key.job_id)
    await ledger.settle(transaction, key.job_id, key.position, now_ms)
    await _end_job_if_complete(transaction, key.job_id, now_ms)
    return True


async def stop(
    transaction: Transaction,
    job_id: str,
    state: JobState,
    now_ms: int,
    error: KleinbotError | None = None,
    used_tenths: Mapping[int, int] | None = None,
) -> bool:
    """End an open job before its last image: what is not done is refunded, what is done stays paid.

    ``state`` is FAILED, CANCELLED or EXPIRED. ``used_tenths``: its member cancels it while it is drawn, and
    of the images at these positions so much is not refunded. False where the job had ended already.
    """
    ended = await transaction.change(
        "UPDATE jobs SET state = ?, ended_ms = ?, error_code = ?, error_parameters = ?"
        " WHERE job_id = ? AND state IN ('queued', 'running')",
        state,
        now_ms,
        error.code if error else None,
        json.dumps(error.parameters if error else {}),
        job_id,
    )
    if not ended:
        return False
    image_state = ImageState.FAILED if state is JobState.FAILED else ImageState.CANCELLED
    open_images = await transaction.all(
        "SELECT position FROM images WHERE job_id = ? AND state IN ('waiting', 'running')", job_id
    )
    for row in open_images:
        await transaction.change(
            "UPDATE images SET state = ? WHERE job_id = ? AND position = ?", image_state, job_id, row[0]
        )
        used = 0 if used_tenths is None else used_tenths.get(row[0], 0)
        await ledger.refund(transaction, job_id, row[0], now_ms, reason=state, used_tenths=used)
        await end_attempt(transaction, ImageKey(job_id, row[0]), now_ms, image_state)
    if used_tenths is not None:
        await transaction.change(
            "UPDATE jobs SET used_tenths = ? WHERE job_id = ?", await ledger.used(transaction, job_id), job_id
        )
    await outbox.put(transaction, job_id, now_ms)
    return True


async def has_cancelled_late(reader: Reader, member_id: int, after_ms: int, until_ms: int) -> bool:
    """Tell whether a person has cancelled a job of theirs, in any server, that was being drawn."""
    row = await reader.one(
        "SELECT 1 FROM jobs WHERE member_id = ? AND ended_ms > ? AND ended_ms <= ?"
        " AND used_tenths IS NOT NULL LIMIT 1",
        member_id,
        after_ms,
        until_ms,
    )
    return row is not None


async def recover(transaction: Transaction, now_ms: int, outcome: str = "lost") -> list[ImageKey]:
    """Put every image that was running when the process ended back in line; return them.

    The attempts of those that were on the card or being stored get ``outcome``. A suspended image has none.
    """
    running = [
        ImageKey(row[0], row[1])
        # From the open jobs: an image runs in no other.
        for row in await transaction.all(
            "SELECT i.job_id, i.position FROM jobs j CROSS JOIN images i USING (job_id)"
            " WHERE j.state IN ('queued', 'running') AND i.state = 'running' ORDER BY i.job_id, i.position"
        )
    ]
    for key in running:
        await put_back(transaction, key, now_ms, outcome)
    return running


async def suspects(reader: Reader) -> set[ImageKey]:
    """Return the open images during which the process ended at least once."""
    rows = await reader.all(
        "SELECT DISTINCT a.job_id, a.position FROM jobs j CROSS JOIN images i USING (job_id)"
        " CROSS JOIN attempts a USING (job_id, position)"
        " WHERE j.state IN ('queued', 'running') AND a.outcome = 'lost'"
        " AND i.state IN ('waiting', 'running')"
    )
    return {ImageKey(row[0], row[1]) for row in rows}


async def lost_attempts(reader: Reader, key: ImageKey) -> int:
    """Return how often the process ended while this image was running."""
    return await reader.number(
        "SELECT COUNT(*) FROM attempts WHERE job_id = ? AND position = ? AND outcome = 'lost'",
        key.job_id,
        key.position,
    )


async def _end_job_if_complete(transaction: Transaction, job_id: str, now_ms: int) -> None:
    ended = await transaction.change(
        "UPDATE jobs SET state = 'done', ended_ms = ? WHERE job_id = ? AND state = 'running' AND NOT EXISTS"
        " (SELECT 1 FROM images WHERE images.job_id = jobs.job_id AND images.state != 'done')",
        now_ms,
        job_id,
    )
    if ended:
        await outbox.put(transaction, job_id, now_ms)
