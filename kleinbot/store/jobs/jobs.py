"""Jobs and their images. Every state change is a compare-and-set that returns whether it happened."""

import json
from collections.abc import Mapping, Sequence

from kleinbot.domain.errors import Code, KleinbotError
from kleinbot.domain.job import (
    NO_CHANNEL_ID,
    FinishedImage,
    ImageState,
    JobState,
    NewJob,
)
from kleinbot.domain.job_spec import ImageKey
from kleinbot.domain.quota import Fund
from kleinbot.store.database import Reader, Transaction
from kleinbot.store.delivery import outbox
from kleinbot.store.jobs import job_references
from kleinbot.store.jobs.job_rows import Value, columns_of
from kleinbot.store.members import ledger, members


async def insert(transaction: Transaction, job: NewJob, funds: Sequence[Fund] | None = None) -> int:
    """Store an accepted job with its images, reply address and reservation. Return its number.

    It is paid from ``funds`` in order; None: from the allowance. Raises ValueError if they do not suffice.
    """
    member = job.member
    number = await members.next_number(transaction, job.server_id)
    values = _columns(job, number)
    await transaction.change(
        f"INSERT INTO jobs ({', '.join(values)}) VALUES ({', '.join('?' * len(values))})",  # noqa: S608
        *values.values(),
    )
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
    if job.reply is not None:
        await transaction.change(
            "INSERT INTO replies (job_id, server_id, application_id, token, expires_ms, upload_limit_bytes,"
            " asked_id) VALUES (?, ?, ?, ?, ?, ?, ?)",
            job.job_id, job.server_id, job.reply.application_id, job.reply.token, job.reply.expires_ms,
            job.reply.upload_limit_bytes, job.reply.asked_id,
        )  # fmt: skip
    await ledger.reserve(
        transaction, member, job.job_id, range(len(job.images)), job.price_tenths, job.created_ms, funds
    )
    return number


def _columns(job: NewJob, number: int) -> dict[str, Value | float]:
    return {
        "job_id": job.job_id,
        "server_id": job.server_id,
        "member_id": job.member_id,
        "number": number,
        **columns_of(job.spec),
        "seed": job.seed,
        "count": len(job.images),
        "private": job.private,
        "price_tenths": job.price_tenths,
        "lane": job.lane,
        "locale": job.locale,
        "channel_id": job.reply.channel_id if job.reply else NO_CHANNEL_ID,
        "state": JobState.QUEUED,
        "created_ms": job.created_ms,
        "cost": job.cost,
        "unhurried": job.relaxed_reason,
        "left_tenths": job.left_tenths,
        "told_end_ms": job.told_end_ms,
    }


async def claim(transaction: Transaction, key: ImageKey, batch_id: str, now_ms: int) -> bool:
    """Move an image from waiting to running and record the attempt. Returns False if it is not waiting."""
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
    """Record that a running image is on the GPU from now on; it is a suspect if the process crashes.

    An image stopped meanwhile gets no attempt, since nothing would end it.
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
    """Record that an image has left the GPU, if it was there. ``outcome``: a value that the table allows."""
    await transaction.change(
        "UPDATE attempts SET outcome = ?, ended_ms = ?"
        " WHERE job_id = ? AND position = ? AND outcome = 'running'",
        outcome,
        now_ms,
        key.job_id,
        key.position,
    )


async def put_back(transaction: Transaction, key: ImageKey, now_ms: int, outcome: str) -> bool:
    """Move a running image back to waiting. The job is queued again if none of its images is running."""
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
    """Record an archived image, settle its reservation, and end the job with its last image.

    Returns False if the image is no longer running because it was cancelled. Only the attempt has changed
    then, and the caller must remove the file.
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
    if await _end_if_complete(transaction, key.job_id, now_ms):
        await outbox.put(transaction, key.job_id, now_ms)
    return True


async def block_image(transaction: Transaction, key: ImageKey, now_ms: int) -> bool:
    """End an image that nobody may see: refund it, and end the job with its last image.

    Returns False if the image is no longer running because it was cancelled.
    """
    blocked = await transaction.change(
        "UPDATE images SET state = 'failed' WHERE job_id = ? AND position = ? AND state = 'running'",
        key.job_id,
        key.position,
    )
    await end_attempt(transaction, key, now_ms, "failed" if blocked else "cancelled")
    if not blocked:
        return False
    await ledger.refund(transaction, key.job_id, key.position, now_ms, reason=ImageState.FAILED)
    # No image of an open job fails for another reason: whatever else goes wrong ends the whole job.
    count = await transaction.number(
        "SELECT COUNT(*) FROM images WHERE job_id = ? AND state = 'failed'", key.job_id
    )
    await transaction.change(
        "UPDATE jobs SET error_code = ?, error_parameters = ? WHERE job_id = ?",
        Code.PICTURE_BLOCKED,
        json.dumps({"blocked": count}),
        key.job_id,
    )
    if await _end_if_complete(transaction, key.job_id, now_ms):
        await outbox.put(transaction, key.job_id, now_ms)
    return True


async def stop(
    transaction: Transaction,
    job_id: str,
    state: JobState,
    now_ms: int,
    error: KleinbotError | None = None,
    used_tenths: Mapping[int, int] | None = None,
) -> bool:
    """End an open job before its last image. Unfinished images are refunded; finished ones stay paid.

    ``state`` is FAILED, CANCELLED or EXPIRED. ``used_tenths``: the part that is not refunded, by position, if
    the member cancels the job while it is rendered. Returns False if the job had already ended.
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


async def make_public(transaction: Transaction, job_id: str) -> bool:
    """Let everybody see a private result. Returns False if it is not private, or deleted."""
    changed = await transaction.change(
        "UPDATE jobs SET private = 0 WHERE job_id = ? AND private = 1 AND deleted_ms IS NULL"
        " AND ended_ms IS NOT NULL",
        job_id,
    )
    return changed == 1


async def has_cancelled_late(reader: Reader, member_id: int, after_ms: int, until_ms: int) -> bool:
    """Return whether a person cancelled one of their jobs, in any server, while it was rendered."""
    row = await reader.one(
        "SELECT 1 FROM jobs WHERE member_id = ? AND ended_ms > ? AND ended_ms <= ?"
        " AND used_tenths IS NOT NULL LIMIT 1",
        member_id,
        after_ms,
        until_ms,
    )
    return row is not None


async def recover(transaction: Transaction, now_ms: int, outcome: str = "lost") -> list[ImageKey]:
    """Requeue every image that was running when the process ended, and return them.

    Attempts of images that were on the GPU or being stored get ``outcome``. A suspended image has no attempt.
    """
    running = [
        ImageKey(row[0], row[1])
        # Starts from the open jobs, since only they have running images.
        for row in await transaction.all(
            "SELECT i.job_id, i.position FROM jobs j CROSS JOIN images i USING (job_id)"
            " WHERE j.state IN ('queued', 'running') AND i.state = 'running' ORDER BY i.job_id, i.position"
        )
    ]
    for key in running:
        await put_back(transaction, key, now_ms, outcome)
    return running


async def suspects(reader: Reader) -> set[ImageKey]:
    """Return the open images during which the process crashed at least once."""
    rows = await reader.all(
        "SELECT DISTINCT a.job_id, a.position FROM jobs j CROSS JOIN images i USING (job_id)"
        " CROSS JOIN attempts a USING (job_id, position)"
        " WHERE j.state IN ('queued', 'running') AND a.outcome = 'lost'"
        " AND i.state IN ('waiting', 'running')"
    )
    return {ImageKey(row[0], row[1]) for row in rows}


async def lost_attempts(reader: Reader, key: ImageKey) -> int:
    """Return how often the process crashed while this image was running."""
    return await reader.number(
        "SELECT COUNT(*) FROM attempts WHERE job_id = ? AND position = ? AND outcome = 'lost'",
        key.job_id,
        key.position,
    )


async def _end_if_complete(transaction: Transaction, job_id: str, now_ms: int) -> bool:
    ended = await transaction.change(
        "UPDATE jobs SET state = CASE WHEN pictures > 0 THEN 'done' ELSE 'failed' END, ended_ms = ?"
        " WHERE job_id = ? AND state = 'running' AND NOT EXISTS (SELECT 1 FROM images"
        " WHERE images.job_id = jobs.job_id AND images.state NOT IN ('done', 'failed'))",
        now_ms,
        job_id,
    )
    return bool(ended)
