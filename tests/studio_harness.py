"""The use cases and the dispatcher over a real database file and a real archive."""

import random
from dataclasses import dataclass, field
from pathlib import Path

from kleinbot.archive.archive import Archive
from kleinbot.dispatch.disk_room import DiskRoom
from kleinbot.dispatch.dispatcher import Dispatcher
from kleinbot.dispatch.finishing import Finisher
from kleinbot.dispatch.idle import IdleShare
from kleinbot.dispatch.learning import Learning
from kleinbot.dispatch.limits import LearnedLimits
from kleinbot.dispatch.starts import Starts
from kleinbot.dispatch.tasks import TaskMaker
from kleinbot.domain.door import Door
from kleinbot.domain.errors import Code
from kleinbot.domain.faults import NoFaults
from kleinbot.domain.geometry import Aspect
from kleinbot.domain.job import ImagineRequest, Job, Kind, Lane, ReplyAddress
from kleinbot.domain.meters import NoMeters
from kleinbot.domain.people import Actor
from kleinbot.domain.work import JobProgress, OutOfMemory, StageSeconds
from kleinbot.host.capacity import Capacity, LimitsOnly
from kleinbot.images.cpu_pool import CpuPool
from kleinbot.klein.prompt import KleinPromptMeter
from kleinbot.queueing.admission import AdmissionLimits
from kleinbot.queueing.cost import CostModel
from kleinbot.queueing.estimates import EstimateErrors
from kleinbot.queueing.line import Line
from kleinbot.store.database import Database
from kleinbot.studio.cancel import Cancel
from kleinbot.studio.operate import Doorkeeper
from kleinbot.studio.quota import QuotaRule
from kleinbot.studio.recall import Recall
from kleinbot.studio.recipes import Options, Recipe
from kleinbot.studio.submit import Accepted, Submit
from tests.manual_clock import ManualClock
from tests.scripted_engine import ScriptedEngine

DAY_MS = 86_400_000
ADA = Actor(server_id=10, member_id=1, locale="en-US")
BOB = Actor(server_id=10, member_id=2, locale="en-US")
MODERATOR = Actor(server_id=10, member_id=3, locale="en-US", is_moderator=True)
HOST = Actor(server_id=11, member_id=9, locale="en-US", is_host=True)
STRANGER = Actor(server_id=11, member_id=1, locale="en-US", is_moderator=True)


@dataclass
class Progressed:
    """Collects what the dispatcher tells the board."""

    reports: list[tuple[str, JobProgress]] = field(default_factory=list)

    def progress(self, job_id: str, progress: JobProgress) -> None:
        self.reports.append((job_id, progress))


class Counted(NoMeters):
    """Writes down what the meters are told."""

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
class Room:
    """How much room a test's disk has; what it changes holds from the next look on."""

    free_bytes: int = 2**40


@dataclass
class Studio:
    clock: ManualClock
    engine: ScriptedEngine
    database: Database
    archive: Archive
    line: Line
    recall: Recall
    submit: Submit
    cancel: Cancel
    dispatcher: Dispatcher
    finisher: Finisher
    progressed: Progressed
    deliveries: list[int]
    doorkeeper: Doorkeeper
    meters: Counted
    errors: EstimateErrors
    idle: IdleShare
    learning: Learning
    cost_model: CostModel
    limits: LearnedLimits
    host: Room
    admission: AdmissionLimits
    chance: random.Random

    async def imagine(self, actor: Actor = ADA, prompt: str = "a fox", count: int = 1) -> Accepted:
        return await self.submit.imagine(actor, ImagineRequest(prompt, count=count), reply(self.clock))

    async def steps(self, steps: int, actor: Actor = ADA) -> Accepted:
        """Accept one picture of so many steps: long work."""
        grid = Aspect.SQUARE.grid.scaled_to(self.engine.profile.largest_grid_tokens)
        recipe = Recipe(Kind.IMAGINE, "a long story", grid, steps)
        return await self.submit.accept(actor, recipe, Options(1, None, private=False), reply(self.clock))

    async def job(self, job_id: str) -> Job:
        job = await self.recall.job(job_id)
        assert job is not None
        return job

    async def spent_tenths(self, actor: Actor = ADA) -> int:
        return -await self.database.read.number(
            "SELECT SUM(amount_tenths) FROM ledger WHERE server_id = ? AND member_id = ?",
            actor.server_id,
            actor.member_id,
        )


def reply(clock: ManualClock) -> ReplyAddress:
    return ReplyAddress(99, "token", clock.now_ms() + 900_000, 5, 10 * 2**20)


def build(
    folder: Path,
    database: Database,
    clock: ManualClock,
    engine: ScriptedEngine,
    limits: AdmissionLimits | None = None,
    capacity: Capacity | None = None,
    chance: random.Random | None = None,
) -> Studio:
    line = Line()
    doorkeeper = Doorkeeper()
    cost_model = CostModel(1.0)
    archive = Archive(folder / "archive")
    chance = chance or random.Random(1)
    learning = Learning(cost_model, engine.profile.name, clock)
    capacity = capacity or LimitsOnly(engine.profile)
    learnt = LearnedLimits(capacity)
    admission = limits or AdmissionLimits()
    meters = Counted()
    errors = EstimateErrors()
    idle = IdleShare(clock)
    host = Room()
    recall = Recall(
        database,
        archive,
        line,
        cost_model,
        lambda: engine.state,
        lambda job_id: dispatcher.draws(job_id),
        clock,
    )
    deliveries: list[int] = []
    progressed = Progressed()

    def wake() -> None:
        deliveries.append(clock.now_ms())

    pool = CpuPool()
    finisher = Finisher(
        database=database,
        archive=archive,
        pool=pool,
        clock=clock,
        faults=NoFaults(),
        wake_delivery=wake,
        model_name="test",
        version="0",
        fail=lambda job_id, error: dispatcher.fail(job_id, error),
    )
    dispatcher = Dispatcher(
        database=database,
        engine=engine,
        line=line,
        cost_model=cost_model,
        learning=learning,
        limits=learnt,
        tasks=TaskMaker(archive, pool),
        finisher=finisher,
        sink=progressed,
        starts=Starts(errors, meters, clock),
        disk=DiskRoom(lambda: host.free_bytes),
        idle=idle,
        meters=meters,
        wake_delivery=wake,
        is_paused=lambda: doorkeeper.door is Door.PAUSED,
        clock=clock,
        faults=NoFaults(),
    )
    submit = Submit(
        database=database,
        line=line,
        cost_model=cost_model,
        limits=admission,
        recall=recall,
        listener=dispatcher,
        meter=KleinPromptMeter(lambda: None),
        profile=engine.profile,
        rule=QuotaRule(600, DAY_MS),
        engine_state=lambda: engine.state,
        door=lambda: doorkeeper.door,
        clock=clock,
        random=chance,
        archive=archive,
        capacity=capacity,
        errors=errors,
        meters=meters,
    )
    cancel = Cancel(
        database=database,
        line=line,
        listener=dispatcher,
        used=dispatcher.used,
        wake_delivery=wake,
        clock=clock,
    )
    return Studio(
        clock, engine, database, archive, line, recall, submit, cancel, dispatcher, finisher, progressed,
        deliveries, doorkeeper, meters, errors, idle, learning, cost_model, learnt, host, admission,
        chance,
    )  # fmt: skip
