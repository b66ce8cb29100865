"""One of ten members cancels each picture in its last step: what they get of the card, and pay for it.

Through use cases, dispatcher and a database, since the line knows no quota; only the engine is scripted.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from kleinbot.domain.people import Actor
from kleinbot.domain.work import RenderTask
from kleinbot.store.database import Database
from tests.dispatch.running import running, until_true
from tests.manual_clock import START_MS, ManualClock
from tests.new_database import make_new
from tests.scripted_engine import ScriptedEngine
from tests.studio_harness import ADA, Studio, build

STEPS = 4
PRICE_TENTHS = 10
_HONEST = tuple(replace(ADA, member_id=member) for member in range(2, 11))


@dataclass(frozen=True)
class Got:
    """What the one got: ``of_card`` is a part of all steps made, ``paid`` a part of what these cost."""

    of_card: float
    paid: float


@dataclass
class _Ten:
    """Everybody always has one picture in line; the last step of the one's waits for its cancel."""

    studio: Studio
    owner: dict[str, Actor]
    began: Counter[int]

    async def ask(self, actor: Actor) -> str:
        job_id = (await self.studio.imagine(actor)).card.job.job_id
        self.owner[job_id] = actor
        return job_id

    def begins(self, batch: Sequence[RenderTask]) -> None:
        actor = self.owner[batch[0].key.job_id]
        self.began[actor.member_id] += 1
        self.studio.engine.within_gates = {STEPS: asyncio.Event()} if actor == ADA else {}

    async def round(self) -> None:
        """Let nine honest members ask, and the one; cancel what the one has on the card in its last step."""
        honest = [await self.ask(actor) for actor in _HONEST]
        theirs = await self.ask(ADA)
        await until_true(lambda: self.studio.dispatcher.used(theirs) == {0: 1})
        await self.studio.cancel.by_id(ADA, theirs)
        self.studio.engine.within_gates[STEPS].set()
        await until_true(self._none_of(honest))
        self.studio.clock.advance(1)

    def _none_of(self, jobs: Sequence[str]) -> Callable[[], bool]:
        line = self.studio.line
        return lambda: not line.running and not any(line.holds(job_id) for job_id in jobs)


async def late_cancelling(folder: Path, rounds: int) -> Got:
    """Play ``rounds`` within an hour in a new database in ``folder``."""
    clock = ManualClock(START_MS)
    file = folder / "kleinbot.sqlite3"
    make_new(file)
    database = await Database.open(file)
    studio = build(folder, database, clock, ScriptedEngine())
    try:
        ten = _Ten(studio, {}, Counter())
        studio.engine.before = ten.begins
        async with running(studio):
            for _ in range(rounds):
                await ten.round()
            await studio.finisher.emptied()
        cost = ten.began[ADA.member_id] * PRICE_TENTHS
        of_card = ten.began[ADA.member_id] / ten.began.total()
        return Got(of_card, await studio.spent_tenths() / cost)
    finally:
        await studio.finisher.close()
        await studio.archive.close()
        await database.close()
