"""Posts a result that only its member has seen, because it was made from somebody else's picture."""

from collections.abc import Callable

from kleinbot.domain.clock import Clock
from kleinbot.domain.errors import Code, Refusal
from kleinbot.domain.people import Actor
from kleinbot.store.database import MEMBER_TIMEOUT_S, Database
from kleinbot.store.delivery import outbox
from kleinbot.store.jobs import events, jobs
from kleinbot.usecases.history import History
from kleinbot.usecases.moderation.access import require_access
from kleinbot.usecases.sources import Sources


class Post:
    """For the result's member alone."""

    def __init__(
        self,
        database: Database,
        history: History,
        sources: Sources,
        wake_delivery: Callable[[], None],
        clock: Clock,
    ) -> None:
        self._database = database
        self._history = history
        self._sources = sources
        self._wake_delivery = wake_delivery
        self._clock = clock

    async def post(self, actor: Actor, job_id: str) -> int:
        """Deliver the result to its channel for everybody, as any other; return its number.

        Raises Refusal RESULT_UNSEEN, RESULT_DELETED, RESULT_NOT_YOURS, EDITING_NOT_WANTED or
        ALREADY_POSTED, and as ``require_access``.
        """
        job = await self._history.seen(actor, job_id)
        if job.member_id != actor.member_id:
            raise Refusal(Code.RESULT_NOT_YOURS, number=str(job.number))
        await self._sources.repeated(actor, job_id)
        async with self._database.transaction(MEMBER_TIMEOUT_S) as transaction:
            now_ms = self._clock.now_ms()
            await events.accept(transaction, actor, now_ms)
            await require_access(transaction, actor, now_ms)
            if not await jobs.make_public(transaction, job_id):
                raise Refusal(Code.ALREADY_POSTED, number=str(job.number))
            await outbox.put_again(transaction, job_id, now_ms)
            transaction.after_commit(self._wake_delivery)
        return job.number
