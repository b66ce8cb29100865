"""The input pictures of jobs."""

from kleinbot.domain.geometry import Grid
from kleinbot.domain.job import NewJob
from kleinbot.domain.reference import Reference, Role
from kleinbot.store.database import Reader, Transaction


async def insert(transaction: Transaction, job: NewJob) -> None:
    """Note the input pictures of an accepted job, which lie in the archive already."""
    await transaction.change_each(
        "INSERT INTO job_references (job_id, position, server_id, role, file, sha256, columns, rows)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
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
            )
            for reference in job.references
        ),
    )


async def of_job(reader: Reader, job_id: str) -> tuple[Reference, ...]:
    """Return a job's input pictures in their order."""
    rows = await reader.all("SELECT * FROM job_references WHERE job_id = ? ORDER BY position", job_id)
    return tuple(
        Reference(
            position=row["position"],
            role=Role(row["role"]),
            file=row["file"],
            sha256=row["sha256"],
            grid=Grid(row["columns"], row["rows"]),
        )
        for row in rows
    )
