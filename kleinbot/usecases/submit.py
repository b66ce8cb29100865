"""Turns a request into an accepted job, in one transaction with its reservation."""

import functools
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from dataclasses import dataclass, replace
from random import Random

from kleinbot.archive.archive import Archive
from kleinbot.domain.clock import Clock
from kleinbot.domain.errors import Code, Refusal, RepeatedEvent
from kleinbot.domain.job import Job, NewJob, ReplyTarget, StartCertainty
from kleinbot.domain.people import Actor, MemberKey
from kleinbot.domain.ports.metrics_sink import MetricsSink
from kleinbot.domain.requests import ImagineRequest, Press, PromptMeter
from kleinbot.scheduler.admission import Admitted
from kleinbot.scheduler.entries import shape_of
from kleinbot.scheduler.from_job import images_of_new
from kleinbot.scheduler.scheduler import Scheduler
from kleinbot.scheduler.tag_changes import TagChanges
from kleinbot.store.database import MEMBER_TIMEOUT_S, Database, Transaction
from kleinbot.store.jobs import events, jobs, lookup, presses, tags
from kleinbot.usecases.capacity_check import require_fit
from kleinbot.usecases.input_files import store_inputs
from kleinbot.usecases.job_queries import JobQueries, JobStatus
from kleinbot.usecases.moderation.access import admit, require_access
from kleinbot.usecases.prompt_check import PromptCheck
from kleinbot.usecases.quota import quota
from kleinbot.usecases.quota.quota import Balance, QuotaRule
from kleinbot.usecases.recipes import Draft, Options, complete, drawn_seed, imagine_draft, least_tenths


@dataclass(frozen=True)
class Accepted:
    """The job as it stands in the queue, and the member's balance after its reservation."""

    status: JobStatus
    balance: Balance


@dataclass(frozen=True)
class PreparedRequest:
    """A request that is fully validated except for inputs still to be downloaded.

    ``private`` is known before the download, since a deferred answer must state it. ``finish`` accepts the
    job; it raises the refusals of ``Inputs.of`` and ``Submit.accept``.
    """

    private: bool
    finish: Callable[[ReplyTarget, Press | None], Awaitable[Accepted]]


class Submit:
    """Accepts requests, or refuses them with nothing stored and nothing charged."""

    def __init__(
        self,
        *,
        database: Database,
        archive: Archive,
        scheduler: Scheduler,
        queries: JobQueries,
        meter: PromptMeter,
        rule: QuotaRule,
        clock: Clock,
        random: Random,
        metrics: MetricsSink,
    ) -> None:
        self.prompts = PromptCheck(meter, database, clock)
        self._database = database
        self._archive = archive
        self._scheduler = scheduler
        self._queries = queries
        self._rule = rule
        self._clock = clock
        self._random = random
        self._metrics = metrics

    async def imagine(self, actor: Actor, request: ImagineRequest, reply: ReplyTarget) -> Accepted:
        """Accept a text-to-image request.

        Raises Refusal with the reason: a ban, the channel, the prompt, its content, the seed, the count, the
        quota, the memory, the queue, or the engines' state.
        """
        with self.counting_refusals():
            return await self._imagine(actor, request, reply)

    async def _imagine(self, actor: Actor, request: ImagineRequest, reply: ReplyTarget) -> Accepted:
        prompt, style = await self.prompts.styled(actor, request.prompt, request.style)
        draft = imagine_draft(request, prompt, self._scheduler.largest_grid_tokens, style)
        options = Options(request.count, request.seed, request.private)
        return await self.accept(actor, draft, options, reply)

    async def accept(
        self,
        actor: Actor,
        draft: Draft,
        options: Options,
        reply: ReplyTarget,
        press: Press | None = None,
    ) -> Accepted:
        """Accept a request of a command, button, modal or menu; the caller counts the refusals.

        Input pictures are stored before the row that names them, so an accepted job always has its inputs.
        Files without a row are swept. Raises the refusals of ``imagine``, and DiskFullError.
        """
        self._scheduler.require_open()
        if draft.spec.checkpoint not in self._scheduler.checkpoints:
            raise Refusal(Code.CHECKPOINT_NOT_HERE)
        require_fit(self._scheduler, draft.spec.grid, draft.reference_grids)
        draft = await self.prompts.judged(actor, draft)
        job_id = f"{self._random.getrandbits(96):024x}"
        references = await store_inputs(self._archive, actor.server_id, job_id, draft.inputs)
        try:
            spec = replace(draft.spec, references=references)
            draw_seed = functools.partial(drawn_seed, self._random)
            job = complete(spec, options, actor, reply, job_id, draw_seed, self._clock.now_ms())
            return await self._insert(actor, job, press)
        except (Refusal, RepeatedEvent):
            for reference in references:
                await self._archive.discard(reference.file)
            raise

    async def prepare(
        self,
        actor: Actor,
        options: Options,
        draft: Callable[[], AbstractAsyncContextManager[Draft]],
        *,
        downloads: bool,
    ) -> PreparedRequest:
        """Return a prepared request whose draft is still to be made.

        ``draft`` is exited once the job is stored; until then its pictures are in memory. ``downloads``: it
        downloads a file, which requires a balance for the cheapest image that starts from a picture.

        Raises Refusal DRAINING, ENGINE_FAILED, STOPPING, BANNED, CHANNEL_CLOSED or QUOTA_EXHAUSTED.
        """
        with self.counting_refusals():
            self._scheduler.require_open()
            await require_access(self._database.read, actor, self._clock.now_ms())
            if downloads:
                least, now_ms = options.count * least_tenths(), self._clock.now_ms()
                await quota.require(
                    self._database.read, actor.member, self._rule, least, now_ms, actor.role_ids
                )

        async def finish(reply: ReplyTarget, press: Press | None) -> Accepted:
            with self.counting_refusals():
                async with draft() as finished:
                    return await self.accept(actor, finished, options, reply, press)

        return PreparedRequest(options.private, finish)

    async def _insert(self, actor: Actor, job: NewJob, press: Press | None) -> Accepted:
        member = job.member
        async with self._database.transaction(MEMBER_TIMEOUT_S) as transaction:
            await events.accept(transaction, actor, job.created_ms)
            await admit(transaction, actor, job.spec.parent, job.created_ms)
            if press is not None:
                await self._require_new(transaction, member, press)
            price = job.price_tenths * len(job.images)
            balance = await quota.require(
                transaction, member, self._rule, price, job.created_ms, actor.role_ids
            )
            job = replace(job, cost=self._scheduler.cost_model.expected_cost(shape_of(job.spec)))
            token_dies_ms = job.reply.expires_ms if job.reply else None
            admitted = self._scheduler.admit(images_of_new(job), job.created_ms, token_dies_ms)
            job = replace(
                job,
                lane=admitted.lane,
                relaxed_reason=admitted.relaxed_reason,
                left_tenths=balance.left_tenths - price,
                told_end_ms=self._scheduler.told_end_ms(admitted),
            )
            await jobs.insert(transaction, job, balance.funds)
            balance = await quota.own_balance(transaction, member, self._rule, job.created_ms, actor.role_ids)
            if press is not None:
                await presses.note(transaction, member, press, job.job_id, job.created_ms)
            changes = self._scheduler.queue.unkept(admitted.images)
            await tags.keep(transaction, changes.tags)
            stored = await lookup.by_id(transaction, job.job_id)
            if stored is None:
                raise LookupError(job.job_id)
            # Runs before another job is admitted to the same place, and even if the caller is cancelled
            # during COMMIT, so that a charged job is always in the queue.
            transaction.after_commit(functools.partial(self._enqueue, admitted, stored, changes))
        status = self._queries.status_of(stored)
        if status.starts_at_ms is not None and status.certainty is StartCertainty.STARTS:
            self._scheduler.estimate_errors.note_estimate(job.job_id, status.starts_at_ms)
        return Accepted(status, balance)

    def _enqueue(self, admitted: Admitted, job: Job, changes: TagChanges) -> None:
        self._archive.note_number(job.server_id, job.number)
        self._scheduler.queue.kept(changes)
        self._scheduler.submit(admitted.images)
        self._metrics.accepted(admitted.lane, len(admitted.images))

    @contextmanager
    def counting_refusals(self) -> Iterator[None]:
        """Count the refusals that the body raises."""
        try:
            yield
        except Refusal as refusal:
            self._metrics.refused(refusal.code)
            raise

    async def _require_new(self, transaction: Transaction, member: MemberKey, press: Press) -> None:
        found = await presses.earlier(transaction, member, press, self._clock.now_ms())
        if found is not None:
            state = "open" if found.is_open else "ended"
            raise Refusal(Code.ALREADY_PRESSED, number=str(found.number), state=state)

    @property
    def is_open(self) -> bool:
        """Whether new jobs are accepted at present."""
        try:
            self._scheduler.require_open()
        except Refusal:
            return False
        return True
