"""Several members, batches, and a process that is taken down at each fault point: all is accounted for."""

import asyncio
import re
import signal
import sqlite3
import sys
from contextlib import AbstractAsyncContextManager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from kleinbot.archive.mark import read_mark
from kleinbot.domain.faults import FaultPoint
from kleinbot.sandbox import Channel, InteractionHandle, Person, ShownMessage
from tests.e2e.accounts import (
    DATABASE,
    Books,
    Seen,
    assert_accounted_for,
    numbers,
    record,
    rows,
    waiting_jobs,
)
from tests.e2e.bot_processes import Bot, Nursery
from tests.e2e.bots import Bots, told
from tests.e2e.kills import play
from tests.e2e.pictures import a_png
from tests.e2e.running_bot import LOOKS_EVERY_S, Stage, has_pictures

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs fork")

WAIT_S = 60.0
SAMPLE_SEED = 4
NTH = {
    FaultPoint.AFTER_CLAIM: 2,
    FaultPoint.WITHIN_ENCODE: 2,
    FaultPoint.WITHIN_STEP: 3,
    FaultPoint.WITHIN_DECODE: 3,
    FaultPoint.AFTER_FILE: 3,
    FaultPoint.BEFORE_COMMIT: 2,
    FaultPoint.COMMITTING: 12,
    FaultPoint.AFTER_COMMIT: 5,
    FaultPoint.AFTER_POST: 2,
}
"""When each fault point is reached in the middle of a batch, or of a job, of several pictures."""

STARTING = (FaultPoint.LOG_NOTED, FaultPoint.LOG_CLAIMED, FaultPoint.AFTER_IDENTITY)
"""Those that each start reaches once."""

_PLACE = re.compile(r"^#(\d+) · .* · (?:next|#(\d+)) in line", re.MULTILINE)


@dataclass
class Town:
    """Three members in two servers, and one bot after the other."""

    stage: Stage
    nursery: Nursery
    attic: Channel
    cleo: Person
    promised: set[str]

    def bot(self, **more: Any) -> AbstractAsyncContextManager[Bot]:
        """Run a bot until the body ends; online when the body begins."""
        return Bots(self.stage, self.nursery).one(**{"profile": {"largest_batch": 4}} | more)

    async def imagine(self, who: Person, prompt: str, count: int = 1) -> InteractionHandle:
        channel = self.attic if who is self.cleo else self.stage.channel
        handle = await who.command(channel, "imagine", prompt=prompt, count=count, seed=7)
        await handle.acknowledged(timeout_s=WAIT_S)
        return handle

    async def edit(self, who: Person) -> InteractionHandle:
        options: dict[str, object] = {
            "instruction": "a hat",
            "image": a_png(seed=1),
            "reference-1": a_png(seed=2),
        }
        handle = await who.command_with(self.stage.channel, "edit", options)
        await handle.acknowledged(timeout_s=WAIT_S)
        return handle

    async def killed(self, bot: Bot) -> None:
        assert await bot.wait(WAIT_S) == -signal.SIGKILL

    async def stopped(self, bot: Bot) -> None:
        bot.ask_to_stop()
        assert await bot.wait(WAIT_S) == 0

    def rows(self, sql: str) -> list[tuple[object, ...]]:
        return [tuple(row) for row in rows(self.stage.folder, sql)]

    def numbers(self, sql: str) -> dict[str, int]:
        return numbers(self.stage.folder, sql)

    def assert_accounted_for(self) -> None:
        assert_accounted_for(self.stage.folder, self.stage.standin.state.channels.values(), self.promised)

    async def until(self, sql: str, value: int) -> None:
        async with asyncio.timeout(WAIT_S):
            while (await asyncio.to_thread(self.rows, sql))[0][0] != value:
                await asyncio.sleep(LOOKS_EVERY_S)

    async def told_order(self) -> list[tuple[int, int]]:
        """Return who waits, as server and number, in the order that everybody's /queue tells."""
        places = {}
        for who, channel in (
            (self.stage.ada, self.stage.channel),
            (self.stage.bob, self.stage.channel),
            (self.cleo, self.attic),
        ):
            handle = await who.command(channel, "queue")
            told = await handle.message_where(lambda message: bool(message.text), timeout_s=WAIT_S)
            assert channel.server is not None
            for number, place in _PLACE.findall(told.text):
                places[channel.server.id, int(number)] = int(place or 1)
        assert len(set(places.values())) == len(places)
        return sorted(places, key=lambda name: places[name])


@pytest.fixture
def town(stage: Stage, nursery: Nursery) -> Town:
    world = stage.standin.world
    server = world.add_server("Attic")
    town = Town(
        stage, nursery, world.add_channel(server, "pictures"), world.add_member(server, "cleo"), set()
    )
    record(stage.folder)

    def read(event: str, message: ShownMessage) -> None:
        if event != "deleted":
            town.promised.update(waiting_jobs(message))

    stage.standin.state.listeners.append(read)
    return town


def test_every_fault_point_has_its_kill() -> None:
    assert {*NTH, *STARTING} == set(FaultPoint)


@pytest.mark.parametrize("point", STARTING)
async def test_a_start_that_is_killed_is_made_up_by_the_next(town: Town, point: FaultPoint) -> None:
    stage = town.stage
    for _ in range(2):  # the first of all, and one that finds a log that a kill has left
        bot = await town.nursery.start(told(stage, kill_at=point))
        await town.killed(bot)
        async with town.bot() as bot:
            handle = await town.imagine(stage.ada, "a fox")
            await handle.message_where(has_pictures, timeout_s=WAIT_S)
    async with town.bot() as bot:
        await town.stopped(bot)
    mark = read_mark(stage.folder / "archive")
    assert mark is not None
    assert mark.owner == town.rows("SELECT value FROM facts WHERE name = 'database-identity'")[0][0]
    assert set(mark.numbers.values()) == {2}


@pytest.mark.parametrize(("point", "nth"), NTH.items())
async def test_a_batch_of_several_members_survives_a_kill(town: Town, point: FaultPoint, nth: int) -> None:
    stage = town.stage
    all_in = stage.folder / "all-in"
    async with town.bot(kill_at=point, nth=nth, starts_after=str(all_in)) as bot:
        handles = [  # before the model loads, so that they share batches
            await town.imagine(stage.ada, "a fox", 4),
            await town.imagine(stage.bob, "a whale", 2),
            await town.imagine(town.cleo, "a lamp", 3),
            await town.edit(stage.bob),
        ]
        all_in.touch()
        await town.killed(bot)
    async with town.bot() as bot:
        done = [await handle.message_where(has_pictures, timeout_s=WAIT_S) for handle in handles]
        handles = [
            await stage.bob.press(done[0], label="V2"),
            await stage.ada.press(done[3], label="Reroll"),
        ]
        for handle in handles:
            await handle.message_where(has_pictures, timeout_s=WAIT_S)
        await town.stopped(bot)
    town.assert_accounted_for()
    assert town.numbers("SELECT state, COUNT(*) FROM jobs GROUP BY state") == {"done": 6}
    assert town.numbers("SELECT kind, COUNT(*) FROM ledger GROUP BY kind") == {"reserve": 15, "settle": 15}
    assert len(town.promised) == 6
    (largest,) = town.rows(
        "SELECT MAX(members) FROM (SELECT COUNT(DISTINCT member_id) AS members FROM attempts"
        " JOIN jobs USING (job_id) GROUP BY batch_id, started_ms)"
    )
    assert largest == (3,), "a batch had pictures of all three"


async def test_the_order_that_was_told_holds_after_a_kill_and_after_a_stop(town: Town) -> None:
    stage = town.stage
    drawing = "SELECT COUNT(DISTINCT batch_id) FROM attempts WHERE outcome = 'running'"
    async with town.bot(holds=True) as bot:
        for turn in range(3):
            for who in (stage.ada, stage.bob, town.cleo):
                await town.imagine(who, f"fox {turn}", 1 + turn)
            await town.imagine(stage.ada, "another")
        await town.until(drawing, 1)
        told = await town.told_order()
        assert len(told) > 6
        bot.kill()
        await town.killed(bot)
    for ends in (town.stopped, None):
        async with town.bot(holds=True, settings={"grace_s": 1}) as bot:
            await town.until(drawing, 1)
            now_told = await town.told_order()
            assert [name for name in now_told if name in told] == told
            if ends is not None:
                await ends(bot)


async def test_who_takes_the_process_down_again_and_again_fails_alone(town: Town) -> None:
    stage = town.stage
    poison, all_in = {"kill_prompt": "poison"}, stage.folder / "all-in"
    async with town.bot(starts_after=str(all_in), **poison) as bot:
        fine = [await town.imagine(stage.ada, "a fox", 2)]
        culprit = await town.imagine(stage.bob, "poison")
        fine.append(await town.imagine(town.cleo, "a lamp"))
        all_in.touch()
        await town.killed(bot)
    assert town.rows("SELECT COUNT(*), COUNT(DISTINCT batch_id) FROM attempts") == [(4, 1)]
    async with town.bot(**poison) as bot:
        await town.killed(bot)
    async with town.bot(**poison) as bot:
        for handle in fine:
            await handle.message_where(has_pictures, timeout_s=WAIT_S)
        told = await culprit.message_where(lambda message: not message.buttons, timeout_s=WAIT_S)
        await town.stopped(bot)
    assert "The bot stopped 2 times while making this picture" in told.text
    town.assert_accounted_for()
    assert town.numbers(
        "SELECT prompt, SUM(amount_tenths) FROM ledger JOIN jobs USING (job_id) GROUP BY prompt"
    ) == {"a fox": -20, "poison": 0, "a lamp": -10}
    assert town.numbers(
        "SELECT prompt, SUM(outcome = 'lost') FROM attempts JOIN jobs USING (job_id) GROUP BY prompt"
    ) == {"a fox": 2, "poison": 2, "a lamp": 1}


async def test_a_first_response_edited_just_before_a_kill_is_not_followed_by_a_message(town: Town) -> None:
    async with town.bot(kill_at=FaultPoint.AFTER_POST) as bot:
        await town.imagine(town.stage.ada, "a fox", 2)
        await town.killed(bot)
    assert town.rows("SELECT state FROM outbox") == [("pending",)]
    quarter_of_an_hour_s = 16 * 60
    town.stage.clock.advance(quarter_of_an_hour_s)  # Discord forgets the token
    async with town.bot(ahead_s=quarter_of_an_hour_s) as bot:
        await town.until("SELECT COUNT(*) FROM outbox WHERE state = 'sent'", 1)
        await town.stopped(bot)
    town.assert_accounted_for()


async def test_a_sample_of_the_campaign_is_accounted_for(nursery: Nursery, tmp_path: Path) -> None:
    told = await play(nursery, kills=2, seed=SAMPLE_SEED, place=tmp_path, haste=8.0)
    assert told["findings"] == []
    assert told["kills"] >= 2
    for name in ("jobs", "events sent again", "uploads that hung", "times the database was held"):
        assert told[name], name


async def test_a_job_that_a_repeated_event_makes_is_a_finding(town: Town) -> None:
    async with town.bot() as bot:
        handle = await town.imagine(town.stage.ada, "a fox")
        await handle.message_where(has_pictures, timeout_s=WAIT_S)
        await town.stopped(bot)
    town.assert_accounted_for()
    again = "INSERT INTO recorded_events SELECT event_id, 'another' FROM recorded_events WHERE job_id IS NULL"
    with closing(sqlite3.connect(town.stage.folder / DATABASE)) as connection, connection:
        connection.execute(again)
    (finding,) = Books(town.stage.folder, Seen()).check()
    assert finding == f"event {handle.interaction.id} was accepted 1 times and made 2 jobs"
