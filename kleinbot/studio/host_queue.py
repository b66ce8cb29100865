"""The whole line as the host sees it: who waits where and at what cost, never what they asked for."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from kleinbot.domain.door import Door
from kleinbot.domain.job import Kind, Lane, Told
from kleinbot.domain.people import Actor
from kleinbot.domain.work import Checkpoint, EngineState
from kleinbot.queueing.line import Line
from kleinbot.store import lookup
from kleinbot.store.database import Database
from kleinbot.studio.operate import Doorkeeper
from kleinbot.studio.power import require_host
from kleinbot.studio.recall import JobCard, Recall

ROWS = 8
"""On one page: each is a section with three components, and a message holds 40."""


@dataclass(frozen=True)
class HostRow:
    """One open job, as in ``JobCard``.

    ``cost``: what it still takes of the card, in pictures; 0 once all is made and only has to be stored.
    """

    job_id: str
    number: int
    server_id: int
    member_id: int
    kind: Kind
    checkpoint: Checkpoint
    lane: Lane
    is_drawn: bool
    place: int | None
    starts_at_ms: int | None
    cost: float
    told: Told = Told.STARTS


@dataclass(frozen=True)
class HostPage:
    """Some of the open jobs, in the order in which they run. ``page`` counts from 0, ``cost`` all jobs."""

    rows: tuple[HostRow, ...]
    page: int
    pages: int
    jobs: int
    waiting_images: int
    running_images: int
    cost: float
    door: Door
    engine: EngineState


class HostQueue:
    """Reads; changes nothing. Every method raises Refusal NOT_THE_HOST for anybody else."""

    def __init__(
        self,
        database: Database,
        line: Line,
        recall: Recall,
        doorkeeper: Doorkeeper,
        engine_state: Callable[[], EngineState],
    ) -> None:
        self._database = database
        self._line = line
        self._recall = recall
        self._doorkeeper = doorkeeper
        self._engine_state = engine_state

    async def page(self, actor: Actor, page: int) -> HostPage:
        """Return a page of the line, or the last one where there are not so many any more."""
        require_host(actor)
        ordered = await self._ordered()
        pages = max(1, -(-len(ordered) // ROWS))
        page = min(max(0, page), pages - 1)
        return HostPage(
            rows=await self._rows(ordered[page * ROWS : (page + 1) * ROWS]),
            page=page,
            pages=pages,
            jobs=len(ordered),
            waiting_images=self._line.waiting_count,
            running_images=len(self._line.running),
            cost=self._line.outstanding.cost(),
            door=self._doorkeeper.door,
            engine=self._engine_state(),
        )

    async def first(self, actor: Actor, most: int) -> tuple[HostRow, ...]:
        """Return the ``most`` jobs that run first."""
        require_host(actor)
        return await self._rows((await self._ordered())[:most])

    async def _ordered(self) -> list[str]:
        """Return every open job: those of which no picture waits first, then by whose turn comes first.

        Last are those of servers that have removed the bot: they have no turn.
        """
        turns: dict[str, int] = {}
        for turn, image in enumerate(self._line.order()):
            turns.setdefault(image.key.job_id, turn)
        begun = {image.key.job_id for image in self._line.running}
        waiting = {image.key.job_id for image in self._line.waiting}
        found = await lookup.open_ids(self._database.read)

        def turn_of(job_id: str) -> int:
            if job_id in begun or job_id not in waiting:
                return -1
            return turns.get(job_id, len(turns))

        return sorted(found, key=turn_of)

    async def _rows(self, job_ids: Sequence[str]) -> tuple[HostRow, ...]:
        costs = self._costs()
        cards = [await self._recall.card(job_id) for job_id in job_ids]
        return tuple(
            _row(card, costs.get(card.job.job_id, 0.0))
            for card in cards
            if card is not None and not card.job.state.is_terminal
        )

    def _costs(self) -> dict[str, float]:
        costs: dict[str, float] = {}
        for image in (*self._line.waiting, *self._line.running):
            costs[image.key.job_id] = costs.get(image.key.job_id, 0.0) + image.cost
        return costs


def _row(card: JobCard, cost: float) -> HostRow:
    job = card.job
    return HostRow(
        job_id=job.job_id,
        number=job.number,
        server_id=job.server_id,
        member_id=job.member_id,
        kind=job.kind,
        checkpoint=job.checkpoint,
        lane=job.lane,
        is_drawn=card.is_drawn,
        place=card.place,
        starts_at_ms=card.shown_start_ms,
        cost=cost,
        told=card.told,
    )
