"""Submit: a request becomes an accepted job, in one transaction with its reservation."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random
from typing import Protocol

from kleinbot.domain.clock import Clock
from kleinbot.domain.errors import Code, Refusal
from kleinbot.domain.job import (
    MAX_COUNT,
    TENTHS,
    ImagineRequest,
    Kind,
    Lane,
    NewImage,
    NewJob,
    ReplyAddress,
)
from kleinbot.domain.noise import SEED_COUNT, NoiseRecipe, seed_of_image
from kleinbot.domain.people import Actor
from kleinbot.domain.prompts import PromptMeter
from kleinbot.domain.work import Checkpoint, EnginePhase, EngineState
from kleinbot.host.profile import Profile
from kleinbot.queueing.admission import AdmissionLimits, Admitted, admit
from kleinbot.queueing.cost import CostModel
from kleinbot.queueing.entry import images_of_new
from kleinbot.queueing.line import Line
from kleinbot.store import jobs, lookup, members
from kleinbot.store.database import Database
from kleinbot.store.ledger import Owner
from kleinbot.studio import quota
from kleinbot.studio.quota import Balance, QuotaRule
from kleinbot.studio.recall import JobCard, Recall

DISTILLED_STEPS = 4
PRICE_TENTHS = TENTHS
"""Every picture costs 1.0 for now."""


@dataclass(frozen=True)
class Accepted:
    """The job as it stands in line, and the member's balance with its reservation taken off."""

    card: JobCard
    balance: Balance


class LineListener(Protocol):
    """Told on the event loop when the line has changed."""

    def job_added(self) -> None: ...

    def job_stopped(self, job_id: str) -> None: ...


class Submit:
    """Accepts requests, or refuses them with nothing stored and nothing charged."""

    def __init__(
        self,
        *,
        database: Database,
        line: Line,
        cost_model: CostModel,
        limits: AdmissionLimits,
        recall: Recall,
        listener: LineListener,
        meter: PromptMeter,
        profile: Profile,
        rule: QuotaRule,
        engine_state: Callable[[], EngineState],
        clock: Clock,
        random: Random,
    ) -> None:
        self._database = database
        self._line = line
        self._cost_model = cost_model
        self._limits = limits
        self._recall = recall
        self._listener = listener
        self._meter = meter
        self._profile = profile
        self._rule = rule
        self._engine_state = engine_state
        self._clock = clock
        self._random = random

    async def imagine(self, actor: Actor, request: ImagineRequest, reply: ReplyAddress) -> Accepted:
        """Accept a text-to-image request.

        Raises Refusal with the reason: the prompt, the seed, the count, the quota, or the engine's state.
        """
        self._require_open()
        job = self._complete(actor, request, reply)
        owner = Owner(actor.server_id, actor.member_id)
        async with self._database.transaction() as transaction:
            await members.remember(transaction, owner, job.created_ms)
            price = job.price_tenths * len(job.images)
            balance = await quota.require(transaction, owner, self._rule, price, job.created_ms)
            admitted = self._admit(job)
            await jobs.insert(transaction, replace(job, lane=admitted.lane), balance.funds)
            balance = await quota.balance(transaction, owner, self._rule, job.created_ms)
            stored = await lookup.by_id(transaction, job.job_id)
        if stored is None:
            raise LookupError(job.job_id)
        # No await since the lock was released: nobody was admitted on the same place in between.
        self._line.submit(admitted.images)
        self._listener.job_added()
        return Accepted(self._recall.card_of(stored), balance)

    def _require_open(self) -> None:
        match self._engine_state().phase:
            case EnginePhase.FAILED:
                raise Refusal(Code.ENGINE_FAILED)
            case EnginePhase.DRAINING:
                raise Refusal(Code.STOPPING)
            case _:
                pass

    def _admit(self, job: NewJob) -> Admitted:
        verdict = admit(images_of_new(job), self._line, self._limits, self._cost_model, job.created_ms)
        if isinstance(verdict, Refusal):
            raise verdict
        return verdict

    def _complete(self, actor: Actor, request: ImagineRequest, reply: ReplyAddress) -> NewJob:
        if not 1 <= request.count <= MAX_COUNT:
            raise Refusal(Code.COUNT_OUT_OF_RANGE, count=request.count, most=MAX_COUNT)
        seed = self._random.randrange(SEED_COUNT) if request.seed is None else request.seed
        if not 0 <= seed < SEED_COUNT:
            raise Refusal(Code.SEED_OUT_OF_RANGE, seed=str(seed))
        grid = request.aspect.grid.scaled_to(self._profile.largest_grid_tokens)
        return NewJob(
            job_id=f"{self._random.getrandbits(96):024x}",
            server_id=actor.server_id,
            member_id=actor.member_id,
            kind=Kind.IMAGINE,
            prompt=self._clean(request.prompt),
            grid=grid,
            steps=DISTILLED_STEPS,
            checkpoint=Checkpoint.DISTILLED,
            seed=seed,
            private=request.private,
            price_tenths=PRICE_TENTHS,
            lane=Lane.TOKEN,
            locale=actor.locale,
            created_ms=self._clock.now_ms(),
            images=tuple(
                NewImage(position, NoiseRecipe(seed_of_image(seed, position)), grid)
                for position in range(request.count)
            ),
            reply=reply,
        )

    def _clean(self, prompt: str) -> str:
        cleaned = self._meter.clean(prompt).strip()
        if not cleaned:
            raise Refusal(Code.PROMPT_EMPTY)
        tokens, limit = self._meter.count_tokens(cleaned), self._meter.limit_tokens
        if tokens > limit:
            # About three tokens make two words in the languages that the tokenizer knows best.
            excess = max(1, (tokens - limit) * 2 // 3)
            raise Refusal(Code.PROMPT_TOO_LONG, tokens=tokens, limit=limit, excess=excess)
        return cleaned
