"""Stores a job's input pictures before the job is accepted."""

from collections.abc import Sequence

from kleinbot.archive.archive import Archive
from kleinbot.archive.names import ArchiveFolder
from kleinbot.domain.reference import Reference
from kleinbot.usecases.recipes import Input


async def store_inputs(
    archive: Archive, server_id: int, job_id: str, inputs: Sequence[Input]
) -> tuple[Reference, ...]:
    """Store a draft's input pictures and return them as references. Raises DiskFullError and OSError."""
    stored = []
    for position, each in enumerate(inputs):
        file = await archive.put(server_id, job_id, position, each.png, ArchiveFolder.REFERENCES)
        stored.append(Reference(position, each.role, file.path, file.sha256, each.grid, each.origin))
    return tuple(stored)
