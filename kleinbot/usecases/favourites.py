"""Favourites: a member marks pictures to find them again. Marking is idempotent."""

from kleinbot.domain.clock import Clock
from kleinbot.domain.errors import Code, Refusal
from kleinbot.domain.job import Job
from kleinbot.domain.job_spec import ImageKey
from kleinbot.domain.people import Actor
from kleinbot.store.database import MEMBER_TIMEOUT_S, Database
from kleinbot.store.jobs import events
from kleinbot.store.results import favourites
from kleinbot.usecases.history import History


class Favourites:
    """Marks pictures. Anybody who may see a picture may mark it."""

    def __init__(self, database: Database, history: History, clock: Clock) -> None:
        self._database = database
        self._history = history
        self._clock = clock

    async def marked(self, actor: Actor, job_id: str) -> tuple[Job, frozenset[int]]:
        """Return a result and the positions that the actor has marked. Raises as ``History.seen``."""
        job = await self._history.seen(actor, job_id)
        return job, await favourites.positions(self._database.read, actor.member, job_id)

    async def mark(self, actor: Actor, key: ImageKey) -> tuple[Job, frozenset[int]]:
        """Mark a picture and return what is marked now. Raises as ``History.seen``."""
        job = await self._history.seen(actor, key.job_id)
        if key not in {image.key for image in job.done_images}:
            raise Refusal(Code.RESULT_UNKNOWN, job=f"#{job.number}")
        async with self._database.transaction(MEMBER_TIMEOUT_S) as transaction:
            now_ms = self._clock.now_ms()
            await events.accept(transaction, actor, now_ms)
            await favourites.add(transaction, actor.member, key, now_ms)
            marked = await favourites.positions(transaction, actor.member, key.job_id)
        if key.position not in marked:  # deleted since it was read
            raise Refusal(Code.RESULT_DELETED, number=str(job.number))
        return job, marked

    async def unmark(self, actor: Actor, key: ImageKey) -> tuple[Job, frozenset[int]]:
        """Remove the mark and return what is marked now. Raises as ``History.seen``."""
        job = await self._history.seen(actor, key.job_id)
        async with self._database.transaction(MEMBER_TIMEOUT_S) as transaction:
            await events.accept(transaction, actor, self._clock.now_ms())
            await favourites.remove(transaction, actor.member, key)
            return job, await favourites.positions(transaction, actor.member, key.job_id)
