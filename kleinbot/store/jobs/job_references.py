"""The input pictures of jobs."""

import json
from collections.abc import Sequence

from kleinbot.domain.geometry import Grid
from kleinbot.domain.job import NewJob
from kleinbot.domain.reference import Origin, Reference, Role
from kleinbot.store.database import Reader, Row, Transaction


async def insert(transaction: Transaction, job: NewJob) -> None:
    """Record the input pictures of an accepted job, which are already in the archive."""
    await transaction.change_each(
        "INSERT INTO job_references (job_id, position, server_id, role, file, sha256, columns, rows,"
        " author_id, message_id, attachment_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            (
                job.job_id,
                reference.position,
                job.server_id,
                reference.role,
                reference.file,
                reference.sha256,
                reference.grid.columns,
                reference.grid.rows,
                reference.origin.author_id,
                reference.origin.message_id,
                reference.origin.attachment_id,
            )
            for reference in job.spec.references
        ),
    )


async def of_jobs(reader: Reader, job_ids: Sequence[str]) -> dict[str, tuple[Reference, ...]]:
    """Return the jobs' input pictures in order, by job id. Jobs without any are left out."""
    rows = await reader.all(
        "SELECT r.* FROM json_each(?) asked CROSS JOIN job_references r ON r.job_id = asked.value"
        " ORDER BY asked.key, r.position",
        json.dumps(job_ids),
    )
    found: dict[str, tuple[Reference, ...]] = {}
    for row in rows:
        found[row["job_id"]] = (*found.get(row["job_id"], ()), _reference(row))
    return found


def _reference(row: Row) -> Reference:
    return Reference(
        position=row["position"],
        role=Role(row["role"]),
        file=row["file"],
        sha256=row["sha256"],
        grid=Grid(row["columns"], row["rows"]),
        origin=Origin(row["author_id"], row["message_id"], row["attachment_id"]),
    )
