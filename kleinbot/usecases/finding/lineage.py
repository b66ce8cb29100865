"""What a picture was made from, and what was made from it, as far as the reader may see it."""

from dataclasses import dataclass

from kleinbot.domain.job import Job
from kleinbot.domain.people import Actor
from kleinbot.store.database import Database
from kleinbot.store.jobs import lookup
from kleinbot.store.results import children
from kleinbot.usecases.history import History
from kleinbot.usecases.visibility import sees

MOST_ANCESTORS = 5
MOST_CHILDREN = 8
_LOOKED_AT = 12
"""So many of the newest children are looked at: each takes a few questions to the database."""


@dataclass(frozen=True)
class FamilyTree:
    """A result with its ancestors, the oldest first, and the newest results that were made from it.

    ``is_cut``: it has further ancestors, or the reader may not see the next one. ``has_more``: it has, or may
    have, further children.
    """

    job: Job
    ancestors: tuple[Job, ...]
    children: tuple[Job, ...]
    is_cut: bool
    has_more: bool


class Lineage:
    """Reads family trees. What is deleted, hidden, private or in a closed channel is left out."""

    def __init__(self, database: Database, history: History) -> None:
        self._database = database
        self._history = history

    async def of(self, actor: Actor, job_id: str) -> FamilyTree:
        """Return the tree around a result. Raises as ``History.seen``."""
        job = await self._history.seen(actor, job_id)
        ancestors: list[Job] = []
        nearest: Job | None = job
        while nearest is not None and nearest.parent is not None and len(ancestors) < MOST_ANCESTORS:
            nearest = await self._seen(actor, nearest.parent.key.job_id)
            if nearest is not None:
                ancestors.insert(0, nearest)
        found = await children.newest(self._database.read, job.job_id, _LOOKED_AT)
        made = [each for each in [await self._seen(actor, job_id) for job_id in found] if each is not None]
        oldest = ancestors[0] if ancestors else job
        return FamilyTree(
            job,
            tuple(ancestors),
            tuple(made[:MOST_CHILDREN]),
            is_cut=oldest.parent is not None,
            has_more=len(made) > MOST_CHILDREN or len(found) == _LOOKED_AT,
        )

    async def _seen(self, actor: Actor, job_id: str) -> Job | None:
        job = await lookup.by_id(self._database.read, job_id)
        if job is None or job.deleted_ms is not None or not job.state.is_terminal or not job.done_images:
            return None
        return job if await sees(self._database.read, actor, job) else None
