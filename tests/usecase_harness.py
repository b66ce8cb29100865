"""The use cases and the dispatcher over a real database file and a real archive."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from kleinbot.app.builders.base import Base, MessageWakes
from kleinbot.app.builders.rendering import build_rendering
from kleinbot.app.builders.scheduling import build_scheduling
from kleinbot.app.builders.usecases import UseCasePorts, UseCases, build_usecases
from kleinbot.archive.archive import Archive
from kleinbot.dispatch.claims import Claims
from kleinbot.dispatch.dispatcher import Dispatcher
from kleinbot.dispatch.finishing import Finisher
from kleinbot.dispatch.measured_times import MeasuredTimes
from kleinbot.domain.capacity import Capacity, LimitsOnly
from kleinbot.domain.errors import Code
from kleinbot.domain.faults import Faults, NoFaults
from kleinbot.domain.geometry import Aspect
from kleinbot.domain.job import DiscordReply, Job, Lane
from kleinbot.domain.job_spec import JobKind, JobSpec
from kleinbot.domain.people import Actor, MemberKey
from kleinbot.domain.ports.look_ups import Found
from kleinbot.domain.ports.metrics_sink import NoMetrics
from kleinbot.domain.ports.picture_judge import NoJudge, PictureJudge
from kleinbot.domain.requests import ImagineRequest
from kleinbot.domain.work import JobProgress, OutOfMemory, StageSeconds
from kleinbot.images.cpu_pool import CpuPool
from kleinbot.images.fetch import Reserve
from kleinbot.images.intake.inbound import Inbound
from kleinbot.images.intake.intake import Intake
from kleinbot.klein.pipeline.prompt import KleinPromptMeter
from kleinbot.scheduler.admission import AdmissionLimits
from kleinbot.scheduler.cost import CostModel
from kleinbot.scheduler.estimates import EstimateErrors
from kleinbot.scheduler.idle_time import IdleTime
from kleinbot.scheduler.learned_limits import LearnedLimits
from kleinbot.scheduler.queue import ImageQueue
from kleinbot.scheduler.scheduler import Scheduler
from kleinbot.store.database import Database
from kleinbot.usecases.cancel import Cancel
from kleinbot.usecases.job_queries import JobQueries
from kleinbot.usecases.owner.bot_control import Health
from kleinbot.usecases.quota.quota import QuotaRule
from kleinbot.usecases.recipes import Draft, Options
from kleinbot.usecases.submit import Accepted, Submit
from tests.manual_clock import ManualClock
from tests.scripted_engine import ScriptedEngine

DAY_MS = 86_400_000
ADA = Actor(server_id=10, member_id=1, locale="en-US")
BOB = Actor(server_id=10, member_id=2, locale="en-US")
MODERATOR = Actor(server_id=10, member_id=3, locale="en-US", is_moderator=True)
OWNER = Actor(server_id=11, member_id=9, locale="en-US", is_owner=True)
STRANGER = Actor(server_id=11, member_id=1, locale="en-US", is_moderator=True)


@dataclass
class ProgressRecorder:
    """Collects the progress that the dispatcher reports."""

    reports: list[tuple[str, JobProgress]] = field(default_factory=list)

    def progress(self, job_id: str, progress: JobProgress) -> None:
        self.reports.append((job_id, progress))


class RecordingMetrics(NoMetrics):
    """Records what is reported to the metrics."""

    def __init__(self) -> None:
        self.refusals: list[Code] = []
        self.failures: list[Code] = []
        self.waits: list[tuple[Lane, float]] = []
        self.misses: list[tuple[Lane, float]] = []
        self.batches: list[int] = []
        self.suspensions = 0
        self.promises_dropped = 0
        self.memory_events: list[OutOfMemory] = []

    def refused(self, code: Code) -> None:
        self.refusals.append(code)

    def failed(self, code: Code) -> None:
        self.failures.append(code)

    def waited(self, lane: Lane, seconds: float) -> None:
        self.waits.append((lane, seconds))

    def estimate_missed(self, lane: Lane, seconds: float) -> None:
        self.misses.append((lane, seconds))

    def promise_dropped(self) -> None:
        self.promises_dropped += 1

    def batch_done(self, seconds: StageSeconds, size: int) -> None:
        del seconds
        self.batches.append(size)

    def batch_suspended(self) -> None:
        self.suspensions += 1

    def out_of_memory(self, event: OutOfMemory) -> None:
        self.memory_events.append(event)


@dataclass
class DiskSpace:
    """The free space of a test's disk; a change takes effect at the next check."""

    free_bytes: int = 2**40


@dataclass
class Presences:
    """Who is where. ``left``: servers that removed the bot; ``absent``: people who left their server.

    ``sees``: servers as the gateway lists them, where that differs. ``is_silent``: Discord cannot be asked.
    ``asked`` counts the look-ups.
    """

    left: set[int] = field(default_factory=set)
    absent: set[MemberKey] = field(default_factory=set)
    sees: dict[int, bool | None] = field(default_factory=dict)
    is_silent: bool = False
    asked: int = 0

    def is_member_of(self, server_id: int) -> bool | None:
        return self.sees.get(server_id, server_id not in self.left)

    async def server(self, server_id: int) -> Found:
        return self._found(server_id in self.left)

    async def member(self, server_id: int, member_id: int) -> Found:
        return self._found(MemberKey(server_id, member_id) in self.absent)

    def _found(self, is_gone: bool) -> Found:
        self.asked += 1
        if self.is_silent:
            return Found.UNKNOWN
        return Found.GONE if is_gone else Found.THERE


@dataclass
class UseCaseHarness:
    clock: ManualClock
    engine: ScriptedEngine
    database: Database
    archive: Archive
    scheduler: Scheduler
    queries: JobQueries
    submit: Submit
    cancel: Cancel
    dispatcher: Dispatcher
    finisher: Finisher
    progress: ProgressRecorder
    deliveries: list[int]
    metrics: RecordingMetrics
    measured_times: MeasuredTimes
    claims: Claims
    disk: DiskSpace
    chance: random.Random
    usecases: UseCases
    there: Presences

    @property
    def queue(self) -> ImageQueue:
        return self.scheduler.queue

    @property
    def cost_model(self) -> CostModel:
        return self.scheduler.cost_model

    @property
    def errors(self) -> EstimateErrors:
        return self.scheduler.estimate_errors

    @property
    def idle(self) -> IdleTime:
        return self.scheduler.engines[0].idle_time

    @property
    def limits(self) -> LearnedLimits:
        return self.scheduler.engines[0].limits

    async def imagine(self, actor: Actor = ADA, prompt: str = "a fox", count: int = 1) -> Accepted:
        return await self.submit.imagine(actor, ImagineRequest(prompt, count=count), reply(self.clock))

    async def steps(self, steps: int, actor: Actor = ADA) -> Accepted:
        """Accept one image of ``steps`` steps, for a long job."""
        grid = Aspect.SQUARE.grid.scaled_to(self.engine.profile.largest_grid_tokens)
        draft = Draft(JobSpec(JobKind.IMAGINE, "a long story", grid, steps))
        return await self.submit.accept(actor, draft, Options(1, None, private=False), reply(self.clock))

    async def job(self, job_id: str) -> Job:
        job = await self.queries.job(job_id)
        assert job is not None
        return job

    async def spent_tenths(self, actor: Actor = ADA) -> int:
        return -await self.database.read.number(
            "SELECT SUM(amount_tenths) FROM ledger WHERE server_id = ? AND member_id = ?",
            actor.server_id,
            actor.member_id,
        )


def reply(clock: ManualClock) -> DiscordReply:
    return DiscordReply(99, "token", clock.now_ms() + 900_000, 5, 10 * 2**20)


def build(
    folder: Path,
    database: Database,
    clock: ManualClock,
    engine: ScriptedEngine,
    limits: AdmissionLimits | None = None,
    capacity: Capacity | None = None,
    chance: random.Random | None = None,
    further_engines: Sequence[ScriptedEngine] = (),
    faults: Faults | None = None,
    judge: PictureJudge | None = None,
) -> UseCaseHarness:
    chance = chance or random.Random(1)
    metrics, disk, progress = RecordingMetrics(), DiskSpace(), ProgressRecorder()
    deliveries: list[int] = []
    there = Presences()

    def wake() -> None:
        deliveries.append(clock.now_ms())

    base = Base(
        clock,
        chance,
        faults or NoFaults(),
        database,
        Archive(folder / "archive"),
        CpuPool(),
        Inbound(),
        Intake(clock),
        metrics,
        judge or NoJudge(),
    )
    capacity = capacity or LimitsOnly(engine.profile)
    engines = [(each, capacity) for each in (engine, *further_engines)]
    scheduling = build_scheduling(base, engines, 1.0, limits=limits)
    rendering = build_rendering(
        base,
        scheduling,
        progress,
        wake,
        model_name="test",
        version="0",
        free_bytes=lambda: disk.free_bytes,
    )
    ports = UseCasePorts(
        used=rendering.dispatcher.used,
        fetch=never_fetched,
        wake_delivery=wake,
        wake_remover=lambda: None,
        wakes=MessageWakes(wake, lambda: None, lambda: None, lambda: None, lambda: None),
        is_member_of=there.is_member_of,
        look_ups=there,
        health=never_asked,
        service_mode_changed=lambda: None,
    )
    usecases = build_usecases(
        base, scheduling, KleinPromptMeter(lambda: None), QuotaRule(600, DAY_MS), engine.profile, ports
    )
    return UseCaseHarness(
        clock, engine, database, base.archive, scheduling.scheduler, scheduling.queries, usecases.submit,
        usecases.cancel, rendering.dispatcher, rendering.finisher, progress, deliveries, metrics,
        scheduling.measured_times, rendering.claims, disk, chance, usecases, there,
    )  # fmt: skip


async def never_fetched(address: str, reserve: Reserve) -> bytes:
    raise AssertionError(address)


async def never_asked() -> Health:
    raise AssertionError
