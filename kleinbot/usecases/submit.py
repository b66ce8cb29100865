"""Submit: a request becomes an accepted job, in one transaction with its reservation."""

import functools
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, contextmanager
from dataclasses import dataclass, replace
from random import Random

from kleinbot.archive.archive import Archive
from kleinbot.archive.names import ArchiveFolder
from kleinbot.domain.clock import Clock
from kleinbot.domain.errors import Code, Refusal, RepeatedEvent
from kleinbot.domain.job import ImagineRequest, Job, NewJob, Quality, ReplyAddress, Told
from kleinbot.domain.job_spec import BASE_STEPS, DISTILLED_STEPS, Checkpoint, JobKind, JobSpec
from kleinbot.domain.metrics_sink import MetricsSink
from kleinbot.domain.noise import SEED_COUNT
from kleinbot.domain.people import Actor, MemberKey
from kleinbot.domain.plain_text import is_visible
from kleinbot.domain.prompts import PromptMeter
from kleinbot.domain.reference import Reference, Role
from kleinbot.domain.requests import Press
from kleinbot.scheduler.admission import Admitted
from kleinbot.scheduler.from_job import images_of_new, shape_of
from kleinbot.scheduler.queue import TagChanges
from kleinbot.scheduler.scheduler import Scheduler
from kleinbot.store.database import MEMBER_PATIENCE_S, Database, Transaction
from kleinbot.store.jobs import events, jobs, lookup, presses, tags
from kleinbot.store.members import members
from kleinbot.usecases.capacity_check import require_fit
from kleinbot.usecases.job_queries import JobQueries, JobStatus
from kleinbot.usecases.quota import quota
from kleinbot.usecases.quota.quota import Balance, QuotaRule
from kleinbot.usecases.recipes import Draft, Input, Options, complete, least_tenths


@dataclass(frozen=True)
class Accepted:
    """The job as it stands in line, and the member's balance with its reservation taken off."""

    status: JobStatus
    balance: Balance


@dataclass(frozen=True)
class PreparedRequest:
    """A request of which all is checked but what must be fetched first.

    ``private`` is known before that, since an answer that is deferred must say it. ``finish`` accepts the
    job; it raises the refusals of ``Inputs.of`` and ``Submit.accept``.
    """

    private: bool
    finish: Callable[[ReplyAddress, Press | None], Awaitable[Accepted]]


class Submit:
    """Accepts requests, or refuses them with nothing stored and nothing charged."""

    def __init__(
        self,
        *,
        database: Database,
        archive: Archive,
        scheduler: Scheduler,
        recall: JobQueries,
        meter: PromptMeter,
        rule: QuotaRule,
        clock: Clock,
        random: Random,
        metrics: MetricsSink,
    ) -> None:
        self._database = database
        self._archive = archive
        self._scheduler = scheduler
        self._recall = recall
        self._meter = meter
        self._rule = rule
        self._clock = clock
        self._random = random
        self._metrics = metrics

    async def imagine(self, actor: Actor, request: ImagineRequest, reply: ReplyAddress) -> Accepted:
        """Accept a text-to-image request.

        Raises Refusal with the reason: the prompt, the seed, the count, the quota, the memory, the line, or
        the engine's state.
        """
        with self.counting_refusals():
            return await self._imagine(actor, request, reply)

    async def _imagine(self, actor: Actor, request: ImagineRequest, reply: ReplyAddress) -> Accepted:
        grid = request.aspect.grid.scaled_to(self._scheduler.largest_grid_tokens)
        is_best = request.quality is Quality.BEST
        spec = JobSpec(
            JobKind.IMAGINE,
            self.clean(request.prompt),
            grid,
            steps=BASE_STEPS if is_best else DISTILLED_STEPS,
            checkpoint=Checkpoint.BASE if is_best else Checkpoint.DISTILLED,
        )
        options = Options(request.count, request.seed, request.private)
        return await self.accept(actor, Draft(spec), options, reply)

    async def accept(
        self,
        actor: Actor,
        draft: Draft,
        options: Options,
        reply: ReplyAddress,
        press: Press | None = None,
    ) -> Accepted:
        """Accept what any command, button, form or menu asks for; whoever calls it counts the refusals.

        The input pictures are stored before the row that names them, so that an accepted job has what it
        needs whatever happens next; files without a row are swept. Raises the refusals of ``imagine``, and
        DiskFullError.
        """
        self._scheduler.require_open()
        if draft.spec.checkpoint not in self._scheduler.checkpoints:
            raise Refusal(Code.CHECKPOINT_NOT_HERE)
        require_fit(
            self._scheduler,
            draft.spec.grid,
            [each.grid for each in draft.inputs if each.role is Role.REFERENCE],
        )
        job_id = f"{self._random.getrandbits(96):024x}"
        references = await self._stored(actor.server_id, job_id, draft.inputs)
        try:
            spec = replace(draft.spec, references=references)
            job = complete(spec, options, actor, reply, job_id, self._draw_seed, self._clock.now_ms())
            return await self._insert(actor, job, press)
        except (Refusal, RepeatedEvent):
            for reference in references:
                await self._archive.discard(reference.file)
            raise

    async def begun(
        self,
        actor: Actor,
        options: Options,
        draft: Callable[[], AbstractAsyncContextManager[Draft]],
        *,
        downloads: bool,
    ) -> PreparedRequest:
        """Return the rest of a request whose draft takes a while. Raises ENGINE_FAILED or STOPPING.

        ``draft`` is left once the job is stored: until then its pictures are in memory.

        ``downloads``: it fetches somebody's file, which is not done for who could not even pay the cheapest
        picture that begins with one: that raises QUOTA_EXHAUSTED.
        """
        with self.counting_refusals():
            self._scheduler.require_open()
            if downloads:
                owner, least = actor.member, options.count * least_tenths()
                await quota.require(self._database.read, owner, self._rule, least, self._clock.now_ms())

        async def finish(reply: ReplyAddress, press: Press | None) -> Accepted:
            with self.counting_refusals():
                async with draft() as complete:
                    return await self.accept(actor, complete, options, reply, press)

        return PreparedRequest(options.private, finish)

    async def _insert(self, actor: Actor, job: NewJob, press: Press | None) -> Accepted:
        owner = job.member
        async with self._database.transaction(MEMBER_PATIENCE_S) as transaction:
            await events.accept(transaction, actor, job.created_ms)
            await members.remember(transaction, owner, job.created_ms)
            if press is not None:
                await self._require_new(transaction, owner, press)
            price = job.price_tenths * len(job.images)
            balance = await quota.require(transaction, owner, self._rule, price, job.created_ms)
            job = replace(job, cost=self._scheduler.cost_model.expected_cost(shape_of(job.spec)))
            admitted = self._scheduler.admit(images_of_new(job), job.created_ms, job.reply.expires_ms)
            job = replace(
                job,
                lane=admitted.lane,
                unhurried=admitted.unhurried,
                left_tenths=balance.left_tenths - price,
            )
            await jobs.insert(transaction, job, balance.funds)
            balance = await quota.own_balance(transaction, owner, self._rule, job.created_ms)
            if press is not None:
                await presses.note(transaction, owner, press, job.job_id, job.created_ms)
            changes = self._scheduler.queue.unkept(admitted.images)
            await tags.keep(transaction, changes.tags)
            stored = await lookup.by_id(transaction, job.job_id)
            if stored is None:
                raise LookupError(job.job_id)
            # Before anybody else is admitted on the same place; and what is charged is in line, also where
            # whoever asked is cancelled during COMMIT.
            transaction.once_committed(functools.partial(self._take_in, admitted, stored, changes))
        status = self._recall.status_of(stored)
        if status.starts_at_ms is not None and status.told is Told.STARTS:
            self._scheduler.estimate_errors.told(job.job_id, status.starts_at_ms)
        return Accepted(status, balance)

    def _take_in(self, admitted: Admitted, job: Job, changes: TagChanges) -> None:
        self._archive.note_number(job.server_id, job.number)
        self._scheduler.queue.kept(changes)
        self._scheduler.submit(admitted.images)
        self._metrics.accepted(admitted.lane, len(admitted.images))

    @contextmanager
    def counting_refusals(self) -> Iterator[None]:
        """Count what the body refuses."""
        try:
            yield
        except Refusal as refusal:
            self._metrics.refused(refusal.code)
            raise

    async def _require_new(self, transaction: Transaction, owner: MemberKey, press: Press) -> None:
        number = await presses.earlier(transaction, owner, press, self._clock.now_ms())
        if number is not None:
            raise Refusal(Code.ALREADY_PRESSED, number=str(number))

    async def _stored(self, server_id: int, job_id: str, inputs: Sequence[Input]) -> tuple[Reference, ...]:
        stored = []
        for position, each in enumerate(inputs):
            file = await self._archive.put(server_id, job_id, position, each.png, ArchiveFolder.REFERENCES)
            stored.append(Reference(position, each.role, file.path, file.sha256, each.grid))
        return tuple(stored)

    def _draw_seed(self) -> int:
        return self._random.randrange(SEED_COUNT)

    @property
    def is_open(self) -> bool:
        """Whether new jobs are accepted at present."""
        try:
            self._scheduler.require_open()
        except Refusal:
            return False
        return True

    def clean(self, prompt: str) -> str:
        """Return a prompt as the model gets it.

        Raises Refusal PROMPT_BLANK, PROMPT_EMPTY or PROMPT_TOO_LONG.
        """
        if not is_visible(prompt):
            raise Refusal(Code.PROMPT_BLANK)
        cleaned = self._meter.clean(prompt).strip()
        if not is_visible(cleaned):
            raise Refusal(Code.PROMPT_EMPTY)
        tokens, limit = self._meter.count_tokens(cleaned), self._meter.limit_tokens
        if tokens > limit:
            # About three tokens make two words in the languages that the tokenizer knows best.
            excess = max(1, (tokens - limit) * 2 // 3)
            raise Refusal(Code.PROMPT_TOO_LONG, tokens=tokens, limit=limit, excess=excess)
        return cleaned
