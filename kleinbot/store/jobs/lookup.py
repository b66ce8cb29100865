"""Reads jobs from their rows as frozen values."""

import json
from collections.abc import Sequence

from kleinbot.domain.errors import Code, KleinbotError, RenderError
from kleinbot.domain.geometry import Grid
from kleinbot.domain.job import (
    DiscordReply,
    Image,
    ImageState,
    Job,
    JobState,
    Lane,
    Parent,
    RelaxedReason,
    Told,
)
from kleinbot.domain.job_spec import ImageKey
from kleinbot.domain.noise import Blend, NoiseRecipe
from kleinbot.domain.people import MemberKey
from kleinbot.domain.reference import Reference
from kleinbot.store.database import Reader, Row
from kleinbot.store.jobs import job_references
from kleinbot.store.jobs.job_rows import spec_of
from kleinbot.store.members import ledger


async def by_id(reader: Reader, job_id: str) -> Job | None:
    """Return a job with its images, or None."""
    found = await by_ids(reader, (job_id,))
    return found[0] if found else None


async def by_ids(reader: Reader, job_ids: Sequence[str]) -> list[Job]:
    """Return the jobs with these ids, in this order. Unknown ids are left out."""
    rows = await reader.all(
        "SELECT j.* FROM json_each(?) asked CROSS JOIN jobs j ON j.job_id = asked.value ORDER BY asked.key",
        json.dumps(job_ids),
    )
    return await _with_images(reader, rows)


async def by_number(reader: Reader, server_id: int, number: int) -> Job | None:
    """Return a server's job by job number, or None."""
    row = await reader.one("SELECT * FROM jobs WHERE server_id = ? AND number = ?", server_id, number)
    return None if row is None else (await _with_images(reader, [row]))[0]


async def open_of_member(reader: Reader, member: MemberKey) -> list[Job]:
    """Return a member's jobs that have not ended, oldest first."""
    rows = await reader.all(
        "SELECT * FROM jobs INDEXED BY jobs_open_of_member"
        " WHERE server_id = ? AND member_id = ? AND state IN ('queued', 'running')"
        " ORDER BY created_ms, number",
        member.server_id,
        member.member_id,
    )
    return await _with_images(reader, rows)


async def all_open(reader: Reader) -> list[Job]:
    """Return every open job in the order of admission, not of timestamps: the clock may have run ahead."""
    rows = await reader.all("SELECT * FROM jobs WHERE state IN ('queued', 'running') ORDER BY rowid")
    return await _with_images(reader, rows)


async def open_ids(reader: Reader) -> list[str]:
    """Return the ids of the open jobs, oldest first."""
    rows = await reader.all("SELECT job_id FROM jobs WHERE state IN ('queued', 'running') ORDER BY rowid")
    return [row[0] for row in rows]


async def open_ids_of_server(reader: Reader, server_id: int) -> list[str]:
    """Return the ids of a server's open jobs."""
    rows = await reader.all(
        "SELECT job_id FROM jobs WHERE state IN ('queued', 'running') AND server_id = ?", server_id
    )
    return [row[0] for row in rows]


async def reply_address(reader: Reader, job_id: str) -> DiscordReply | None:
    """Return how to edit the job's first response; None once that is deleted."""
    row = await reader.one(
        "SELECT r.*, j.channel_id FROM replies r JOIN jobs j USING (job_id) WHERE r.job_id = ?", job_id
    )
    if row is None:
        return None
    return DiscordReply(
        row["application_id"],
        row["token"],
        row["expires_ms"],
        row["channel_id"],
        row["upload_limit_bytes"],
        row["asked_id"],
    )


async def reply_expiries(reader: Reader) -> dict[str, int]:
    """Return when the first response of each open job becomes uneditable, by job id."""
    rows = await reader.all(
        "SELECT r.job_id, r.expires_ms FROM jobs j CROSS JOIN replies r USING (job_id)"
        " WHERE j.state IN ('queued', 'running')"
    )
    return {row[0]: row[1] for row in rows}


async def _with_images(reader: Reader, rows: Sequence[Row]) -> list[Job]:
    """Complete rows of ``jobs``, with few queries for all, since each is a round trip to a thread."""
    if not rows:
        return []
    job_ids = [row["job_id"] for row in rows]
    images = await _images(reader, job_ids)
    references = await job_references.of_jobs(reader, job_ids)
    refunds = await ledger.refunded(reader, [row["job_id"] for row in rows if row["ended_ms"] is not None])
    parents = await _parents(reader, rows)
    return [
        _job(
            row,
            images.get(row["job_id"], ()),
            references.get(row["job_id"], ()),
            refunds.get(row["job_id"], 0),
            parents.get(row["parent_job"]),
        )
        for row in rows
    ]


def _job(
    row: Row,
    images: Sequence[Row],
    references: tuple[Reference, ...],
    refunded_tenths: int,
    parent: Row | None,
) -> Job:
    found = tuple(_image(image, row["deleted_ms"] is not None) for image in images)
    return Job(
        job_id=row["job_id"],
        server_id=row["server_id"],
        member_id=row["member_id"],
        number=row["number"],
        spec=spec_of(row, references, found[0].noise if found else None),
        seed=row["seed"],
        count=row["count"],
        private=bool(row["private"]),
        price_tenths=row["price_tenths"],
        lane=Lane(row["lane"]),
        locale=row["locale"],
        channel_id=row["channel_id"],
        state=JobState(row["state"]),
        error=_error(row),
        created_ms=row["created_ms"],
        ended_ms=row["ended_ms"],
        deleted_ms=row["deleted_ms"],
        cost=row["cost"],
        refunded_tenths=refunded_tenths,
        used_tenths=row["used_tenths"],
        images=found,
        parent=None if parent is None else _parent(row, parent),
        relaxed_reason=None if row["unhurried"] is None else RelaxedReason(row["unhurried"]),
        told=Told(row["left_tenths"], row["told_end_ms"]),
    )


async def _images(reader: Reader, job_ids: Sequence[str]) -> dict[str, list[Row]]:
    """Return the rows of the jobs' images, by job id, ordered by position."""
    rows = await reader.all(
        "SELECT i.* FROM json_each(?) asked CROSS JOIN images i ON i.job_id = asked.value"
        " ORDER BY asked.key, i.position",
        json.dumps(job_ids),
    )
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row["job_id"], []).append(row)
    return found


async def _parents(reader: Reader, rows: Sequence[Row]) -> dict[str, Row]:
    """Return the number and member of each parent job of ``rows``, by job id."""
    wanted = {row["parent_job"] for row in rows if row["parent_job"] is not None}
    if not wanted:
        return {}
    found = await reader.all(
        "SELECT j.job_id, j.number, j.member_id"
        " FROM json_each(?) asked CROSS JOIN jobs j ON j.job_id = asked.value",
        json.dumps(sorted(wanted)),
    )
    return {row["job_id"]: row for row in found}


def _parent(row: Row, parent: Row) -> Parent:
    return Parent(ImageKey(row["parent_job"], row["parent_position"]), parent["number"], parent["member_id"])


def _error(row: Row) -> KleinbotError | None:
    if row["error_code"] is None:
        return None
    return RenderError(Code(row["error_code"]), **json.loads(row["error_parameters"]))


def _image(row: Row, is_deleted: bool) -> Image:
    return Image(
        key=ImageKey(row["job_id"], row["position"]),
        server_id=row["server_id"],
        noise=NoiseRecipe(
            row["base_seed"], tuple(Blend(seed, weight) for seed, weight in json.loads(row["blends"]))
        ),
        grid=Grid(row["columns"], row["rows"]),
        state=ImageState(row["state"]),
        file=None if is_deleted or row["gone_ms"] is not None else row["file"],
        sha256=row["sha256"],
        seconds=row["seconds"],
    )


async def count_open(reader: Reader) -> int:
    """Return the number of open jobs."""
    return await reader.number("SELECT COUNT(*) FROM jobs WHERE state IN ('queued', 'running')")
