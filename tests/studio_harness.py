"""The use cases and the dispatcher over a real database file and a real archive."""

import random
from dataclasses import dataclass, field
from pathlib import Path

from kleinbot.archive.archive import Archive
from kleinbot.dispatch.dispatcher import Dispatcher
from kleinbot.dispatch.finishing import Finisher
from kleinbot.dispatch.tasks import TaskMaker
from kleinbot.domain.door import Door
from kleinbot.domain.faults import NoFaults
from kleinbot.domain.job import ImagineRequest, ReplyAddress
from kleinbot.domain.people import Actor
from kleinbot.domain.work import JobProgress
from kleinbot.images.cpu_pool import CpuPool
from kleinbot.klein.prompt import KleinPromptMeter
from kleinbot.queueing.admission import AdmissionLimits
from kleinbot.queueing.cost import CostModel
from kleinbot.queueing.line import Line
from kleinbot.queueing.waiting import UniformLimit
from kleinbot.store.database import Database
from kleinbot.studio.cancel import Cancel
from kleinbot.studio.operate import Doorkeeper
from kleinbot.studio.quota import QuotaRule
from kleinbot.studio.recall import Recall
from kleinbot.studio.submit import Accepted, Submit
from tests.manual_clock import ManualClock
from tests.scripted_engine import ScriptedEngine

DAY_MS = 86_400_000
ADA = Actor(server_id=10, member_id=1, locale="en-US")
BOB = Actor(server_id=10, member_id=2, locale="en-US")
MODERATOR = Actor(server_id=10, member_id=3, locale="en-US", is_moderator=True)
STRANGER = Actor(server_id=11, member_id=1, locale="en-US", is_moderator=True)


@dataclass
class Progressed:
    """Collects what the dispatcher tells the board."""

    reports: list[tuple[str, JobProgress]] = field(default_factory=list)

    def progress(self, job_id: str, progress: JobProgress) -> None:
        self.reports.append((job_id, progress))


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

    async def imagine(self, actor: Actor = ADA, prompt: str = "a fox", count: int = 1) -> Accepted:
        return await self.submit.imagine(actor, ImagineRequest(prompt, count=count), reply(self.clock))

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
) -> Studio:
    line = Line()
    doorkeeper = Doorkeeper()
    cost_model = CostModel(1.0)
    archive = Archive(folder / "archive")
    recall = Recall(database, archive, line, cost_model, lambda: engine.state, clock)
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
        archive=archive,
        engine=engine,
        line=line,
        cost_model=cost_model,
        limits=UniformLimit(1),
        tasks=TaskMaker(archive, pool),
        finisher=finisher,
        sink=progressed,
        wake_delivery=wake,
        is_paused=lambda: doorkeeper.door is Door.PAUSED,
        clock=clock,
        faults=NoFaults(),
    )
    submit = Submit(
        database=database,
        line=line,
        cost_model=cost_model,
        limits=limits or AdmissionLimits(),
        recall=recall,
        listener=dispatcher,
        meter=KleinPromptMeter(lambda: None),
        profile=engine.profile,
        rule=QuotaRule(600, DAY_MS),
        engine_state=lambda: engine.state,
        door=lambda: doorkeeper.door,
        clock=clock,
        random=random.Random(1),
        archive=archive,
    )
    cancel = Cancel(database=database, line=line, listener=dispatcher, wake_delivery=wake, clock=clock)
    return Studio(
        clock, engine, database, archive, line, recall, submit, cancel, dispatcher, finisher, progressed,
        deliveries, doorkeeper,
    )  # fmt: skip
