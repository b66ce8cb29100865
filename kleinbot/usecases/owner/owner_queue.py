"""The owner's view of the whole queue: who waits, where and at what cost, but no prompts."""

from collections.abc import Sequence
from dataclasses import dataclass

from kleinbot.domain.job import Lane, StartCertainty
from kleinbot.domain.job_spec import Checkpoint, JobKind
from kleinbot.domain.people import Actor
from kleinbot.domain.service_mode import ServiceMode
from kleinbot.domain.work import EngineState
from kleinbot.scheduler.scheduler import Scheduler
from kleinbot.store.database import Database
from kleinbot.store.jobs import lookup
from kleinbot.usecases.job_queries import JobQueries, JobStatus
from kleinbot.usecases.permissions import require_owner

ROWS = 8
"""Per page: each is a section with three components, and a message holds 40 components."""


@dataclass(frozen=True)
class OwnerQueueRow:
    """One open job, as in ``JobStatus``.

    ``cost``: the remaining work, in pictures; 0 once all images are rendered and only have to be stored.
    """

    job_id: str
    number: int
    server_id: int
    member_id: int
    kind: JobKind
    checkpoint: Checkpoint
    lane: Lane
    is_drawn: bool
    place: int | None
    starts_at_ms: int | None
    cost: float
    certainty: StartCertainty = StartCertainty.STARTS


@dataclass(frozen=True)
class OwnerQueuePage:
    """One page of the open jobs, in the order in which they run.

    ``page`` counts from 0. ``cost``: the sum over all open jobs.
    """

    rows: tuple[OwnerQueueRow, ...]
    page: int
    pages: int
    jobs: int
    waiting_images: int
    running_images: int
    cost: float
    service_mode: ServiceMode
    engine: EngineState


class OwnerQueue:
    """Read-only. Every method raises Refusal NOT_THE_HOST unless the actor is the owner."""

    def __init__(
        self,
        database: Database,
        scheduler: Scheduler,
        queries: JobQueries,
    ) -> None:
        self._database = database
        self._scheduler = scheduler
        self._queue = scheduler.queue
        self._queries = queries

    async def page(self, actor: Actor, page: int) -> OwnerQueuePage:
        """Return a page of the queue, or the last one if there are fewer pages."""
        require_owner(actor)
        ordered = await self._ordered()
        pages = max(1, -(-len(ordered) // ROWS))
        page = min(max(0, page), pages - 1)
        return OwnerQueuePage(
            rows=await self._rows(ordered[page * ROWS : (page + 1) * ROWS]),
            page=page,
            pages=pages,
            jobs=len(ordered),
            waiting_images=self._queue.waiting_count,
            running_images=len(self._queue.running),
            cost=self._queue.outstanding.cost(),
            service_mode=self._scheduler.service_mode,
            engine=self._scheduler.engine_state(),
        )

    async def first(self, actor: Actor, most: int) -> tuple[OwnerQueueRow, ...]:
        """Return the first ``most`` jobs."""
        require_owner(actor)
        return await self._rows((await self._ordered())[:most])

    async def _ordered(self) -> list[str]:
        """Return every open job: first those without a waiting image, then in the order of their turns.

        Jobs of servers that have removed the bot have no turn and come last.
        """
        turns: dict[str, int] = {}
        for turn, image in enumerate(self._queue.order()):
            turns.setdefault(image.key.job_id, turn)
        begun = {image.key.job_id for image in self._queue.running}
        waiting = {image.key.job_id for image in self._queue.waiting}
        found = await lookup.open_ids(self._database.read)

        def turn_of(job_id: str) -> int:
            if job_id in begun or job_id not in waiting:
                return -1
            return turns.get(job_id, len(turns))

        return sorted(found, key=turn_of)

    async def _rows(self, job_ids: Sequence[str]) -> tuple[OwnerQueueRow, ...]:
        costs = self._costs()
        statuses = [await self._queries.status(job_id) for job_id in job_ids]
        return tuple(
            _row(status, costs.get(status.job.job_id, 0.0))
            for status in statuses
            if status is not None and not status.job.state.is_terminal
        )

    def _costs(self) -> dict[str, float]:
        costs: dict[str, float] = {}
        for image in (*self._queue.waiting, *self._queue.running):
            costs[image.key.job_id] = costs.get(image.key.job_id, 0.0) + image.cost
        return costs


def _row(status: JobStatus, cost: float) -> OwnerQueueRow:
    job = status.job
    return OwnerQueueRow(
        job_id=job.job_id,
        number=job.number,
        server_id=job.server_id,
        member_id=job.member_id,
        kind=job.spec.kind,
        checkpoint=job.spec.checkpoint,
        lane=job.lane,
        is_drawn=status.is_drawn,
        place=status.place,
        starts_at_ms=status.shown_start_ms,
        cost=cost,
        certainty=status.certainty,
    )
