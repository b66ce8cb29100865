"""Several members, batches, and a process killed at each fault point: everything is accounted for."""

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
    AccountCheck,
    Seen,
    assert_accounted_for,
    numbers,
    record,
    rows,
    waiting_jobs,
)
from tests.e2e.bot_processes import Bot, BotSpawner
from tests.e2e.bots import Bots, bot_arguments
from tests.e2e.kills import play
from tests.e2e.pictures import a_png
from tests.e2e.running_bot import LOOKS_EVERY_S, BotEnvironment, has_pictures

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs fork")

WAIT_S = 60.0
SAMPLE_SEED = 4
NTH = {
    FaultPoint.AFTER_CLAIM: 2,
    FaultPoint.WITHIN_STEP: 3,
    FaultPoint.AFTER_FILE: 3,
    FaultPoint.COMMITTING: 6,
    FaultPoint.AFTER_POST: 2,
}
"""The count at which a fault point is reached in the middle of a batch, or of a job, of several pictures."""

OF_ONE_JOB = {
    FaultPoint.WITHIN_ENCODE,
    FaultPoint.WITHIN_DECODE,
    FaultPoint.BEFORE_COMMIT,
    FaultPoint.AFTER_COMMIT,
}
"""Fault points that ``test_recovery.py`` tries with one job, and ``tests.e2e.kills`` with all."""

STARTING = (FaultPoint.LOG_NOTED, FaultPoint.LOG_CLAIMED, FaultPoint.AFTER_IDENTITY)
"""Fault points that each start reaches once."""

OF_THE_CARD = (FaultPoint.UNLOADING, FaultPoint.LOADING)
"""Fault points that a card reaches which is let go and taken again."""

_PLACE = re.compile(r"^#(\d+) · .* · (?:next|#(\d+)) in line", re.MULTILINE)


@dataclass
class TwoServers:
    """Three members in two servers, and one bot after the other."""

    environment: BotEnvironment
    spawner: BotSpawner
    attic: Channel
    cleo: Person
    promised: set[str]

    def bot(self, **more: Any) -> AbstractAsyncContextManager[Bot]:
        """Run a bot until the body ends; it is online when the body begins."""
        return Bots(self.environment, self.spawner).one(**{"profile": {"largest_batch": 4}} | more)

    async def imagine(self, who: Person, prompt: str, count: int = 1) -> InteractionHandle:
        channel = self.attic if who is self.cleo else self.environment.channel
        handle = await who.command(channel, "imagine", prompt=prompt, count=count, seed=7)
        await handle.acknowledged(timeout_s=WAIT_S)
        return handle

    async def edit(self, who: Person) -> InteractionHandle:
        options: dict[str, object] = {
            "instruction": "a hat",
            "image": a_png(seed=1),
            "reference-1": a_png(seed=2),
        }
        handle = await who.command_with(self.environment.channel, "edit", options)
        await handle.acknowledged(timeout_s=WAIT_S)
        return handle

    async def killed(self, bot: Bot) -> None:
        assert await bot.wait(WAIT_S) == -signal.SIGKILL

    async def stopped(self, bot: Bot) -> None:
        bot.ask_to_stop()
        assert await bot.wait(WAIT_S) == 0

    def rows(self, sql: str) -> list[tuple[object, ...]]:
        return [tuple(row) for row in rows(self.environment.folder, sql)]

    def numbers(self, sql: str) -> dict[str, int]:
        return numbers(self.environment.folder, sql)

    def assert_accounted_for(self) -> None:
        assert_accounted_for(
            self.environment.folder, self.environment.standin.state.channels.values(), self.promised
        )

    async def until(self, sql: str, value: int) -> None:
        async with asyncio.timeout(WAIT_S):
            while (await asyncio.to_thread(self.rows, sql))[0][0] != value:
                await asyncio.sleep(LOOKS_EVERY_S)

    async def told_order(self) -> list[tuple[int, int]]:
        """Return the waiting jobs, as server and number, in the order that /queue shows."""
        places = {}
        for who, channel in (
            (self.environment.ada, self.environment.channel),
            (self.environment.bob, self.environment.channel),
            (self.cleo, self.attic),
        ):
            handle = await who.command(channel, "queue")
            bot_arguments = await handle.message_where(lambda message: bool(message.text), timeout_s=WAIT_S)
            assert channel.server is not None
            for number, place in _PLACE.findall(bot_arguments.text):
                places[channel.server.id, int(number)] = int(place or 1)
        assert len(set(places.values())) == len(places)
        return sorted(places, key=lambda name: places[name])


@pytest.fixture
def two_servers(environment: BotEnvironment, spawner: BotSpawner) -> TwoServers:
    world = environment.standin.world
    server = world.add_server("Attic")
    two_servers = TwoServers(
        environment, spawner, world.add_channel(server, "pictures"), world.add_member(server, "cleo"), set()
    )
    record(environment.folder)

    def read(event: str, message: ShownMessage) -> None:
        if event != "deleted":
            two_servers.promised.update(waiting_jobs(message))

    environment.standin.state.listeners.append(read)
    return two_servers


def test_every_fault_point_has_its_kill() -> None:
    # tests/usecases: test_erase.py, test_gone_servers.py, test_kills_of_removals.py
    elsewhere = {
        point
        for point in FaultPoint
        if point.name.startswith(("ERASURE_", "PURGE_", "SERVER_", "RESULT_DELETED"))
    }
    assert {*NTH, *OF_ONE_JOB, *STARTING, *OF_THE_CARD} == set(FaultPoint) - elsewhere


@pytest.mark.parametrize("point", STARTING)
async def test_a_start_that_is_killed_is_made_up_by_the_next(
    two_servers: TwoServers, point: FaultPoint
) -> None:
    environment = two_servers.environment
    for _ in range(2):  # the very first run, and one that finds the log of a killed process
        bot = await two_servers.spawner.start(bot_arguments(environment, kill_at=point))
        await two_servers.killed(bot)
        async with two_servers.bot() as bot:
            handle = await two_servers.imagine(environment.ada, "a fox")
            await handle.message_where(has_pictures, timeout_s=WAIT_S)
    async with two_servers.bot() as bot:
        await two_servers.stopped(bot)
    mark = read_mark(environment.folder / "archive")
    assert mark is not None
    assert mark.database == two_servers.rows("SELECT value FROM facts WHERE name = 'database-identity'")[0][0]
    assert set(mark.numbers.values()) == {2}


@pytest.mark.parametrize(("point", "nth"), NTH.items())
async def test_a_batch_of_several_members_survives_a_kill(
    two_servers: TwoServers, point: FaultPoint, nth: int
) -> None:
    environment = two_servers.environment
    all_in = environment.folder / "all-in"
    async with two_servers.bot(kill_at=point, nth=nth, starts_after=str(all_in)) as bot:
        handles = [  # before the model loads, so that they share batches
            await two_servers.imagine(environment.ada, "a fox", 4),
            await two_servers.imagine(environment.bob, "a whale", 2),
            await two_servers.imagine(two_servers.cleo, "a lamp", 3),
            await two_servers.edit(environment.bob),
        ]
        all_in.touch()
        await two_servers.killed(bot)
    async with two_servers.bot() as bot:
        done = [await handle.message_where(has_pictures, timeout_s=WAIT_S) for handle in handles]
        handles = [
            await environment.bob.press(done[0], label="V2"),
            await environment.ada.press(done[3], label="Reroll"),
        ]
        for handle in handles:
            await handle.message_where(has_pictures, timeout_s=WAIT_S)
        await two_servers.stopped(bot)
    two_servers.assert_accounted_for()
    assert two_servers.numbers("SELECT state, COUNT(*) FROM jobs GROUP BY state") == {"done": 6}
    assert two_servers.numbers("SELECT kind, COUNT(*) FROM ledger GROUP BY kind") == {
        "reserve": 15,
        "settle": 15,
    }
    assert len(two_servers.promised) == 6
    (largest,) = two_servers.rows(
        "SELECT MAX(members) FROM (SELECT COUNT(DISTINCT member_id) AS members FROM attempts"
        " JOIN jobs USING (job_id) GROUP BY batch_id, started_ms)"
    )
    assert largest == (3,), "a batch had pictures of all three"


async def test_a_kill_while_the_card_is_freed_and_while_it_is_taken_again_loses_nothing(
    two_servers: TwoServers,
) -> None:
    environment = two_servers.environment
    owner = environment.standin.world.owner
    host = environment.standin.world.add_member(environment.server, owner.name, permissions=("manage_guild",))
    all_in = environment.folder / "all-in"
    async with two_servers.bot(kill_at=FaultPoint.UNLOADING, starts_after=str(all_in)) as bot:
        handles = [
            await two_servers.imagine(environment.ada, "a fox", 2),
            await two_servers.imagine(two_servers.cleo, "a lamp"),
        ]
        all_in.touch()
        await two_servers.until("SELECT COUNT(*) > 0 FROM attempts", 1)
        await host.command_with(environment.channel, "host queue pause", {"free": True})
        await two_servers.killed(bot)
    async with two_servers.bot(kill_at=FaultPoint.LOADING, nth=4) as bot:
        await handles[0].message_where(_reads_freed, timeout_s=WAIT_S)
        handles.append(await two_servers.imagine(environment.bob, "a whale"))
        await host.command(environment.channel, "host queue resume")
        await two_servers.killed(bot)
    async with two_servers.bot() as bot:
        for handle in handles:
            await handle.message_where(has_pictures, timeout_s=WAIT_S)
        await two_servers.stopped(bot)
    two_servers.assert_accounted_for()
    assert two_servers.numbers("SELECT kind, COUNT(*) FROM ledger GROUP BY kind") == {
        "reserve": 4,
        "settle": 4,
    }
    assert two_servers.rows("SELECT COUNT(*) FROM audit WHERE details LIKE '%frees%'") == [(1,)]


def _reads_freed(message: ShownMessage) -> bool:
    return has_pictures(message) or "needs the graphics card just now" in message.text


async def test_the_order_that_was_shown_holds_after_a_kill_and_after_a_stop(two_servers: TwoServers) -> None:
    environment = two_servers.environment
    drawing = "SELECT COUNT(DISTINCT batch_id) FROM attempts WHERE outcome = 'running'"
    async with two_servers.bot(holds=True) as bot:
        for turn in range(3):
            for who in (environment.ada, environment.bob, two_servers.cleo):
                await two_servers.imagine(who, f"fox {turn}", 1 + turn)
            await two_servers.imagine(environment.ada, "another")
        await two_servers.until(drawing, 1)
        bot_arguments = await two_servers.told_order()
        assert len(bot_arguments) > 6
        bot.kill()
        await two_servers.killed(bot)
    for ends in (two_servers.stopped, None):
        async with two_servers.bot(holds=True, settings={"grace_s": 1}) as bot:
            await two_servers.until(drawing, 1)
            now_told = await two_servers.told_order()
            assert [name for name in now_told if name in bot_arguments] == bot_arguments
            if ends is not None:
                await ends(bot)


async def test_who_takes_the_process_down_again_and_again_fails_alone(two_servers: TwoServers) -> None:
    environment = two_servers.environment
    poison, all_in = {"kill_prompt": "poison"}, environment.folder / "all-in"
    async with two_servers.bot(starts_after=str(all_in), **poison) as bot:
        fine = [await two_servers.imagine(environment.ada, "a fox", 2)]
        culprit = await two_servers.imagine(environment.bob, "poison")
        fine.append(await two_servers.imagine(two_servers.cleo, "a lamp"))
        all_in.touch()
        await two_servers.killed(bot)
    assert two_servers.rows("SELECT COUNT(*), COUNT(DISTINCT batch_id) FROM attempts") == [(4, 1)]
    async with two_servers.bot(**poison) as bot:
        await two_servers.killed(bot)
    async with two_servers.bot(**poison) as bot:
        for handle in fine:
            await handle.message_where(has_pictures, timeout_s=WAIT_S)
        bot_arguments = await culprit.message_where(lambda message: not message.buttons, timeout_s=WAIT_S)
        await two_servers.stopped(bot)
    assert "The bot stopped 2 times while making this picture" in bot_arguments.text
    two_servers.assert_accounted_for()
    assert two_servers.numbers(
        "SELECT prompt, SUM(amount_tenths) FROM ledger JOIN jobs USING (job_id) GROUP BY prompt"
    ) == {"a fox": -20, "poison": 0, "a lamp": -10}
    assert two_servers.numbers(
        "SELECT prompt, SUM(outcome = 'lost') FROM attempts JOIN jobs USING (job_id) GROUP BY prompt"
    ) == {"a fox": 2, "poison": 2, "a lamp": 1}


async def test_a_first_response_edited_just_before_a_kill_is_not_followed_by_a_message(
    two_servers: TwoServers,
) -> None:
    async with two_servers.bot(kill_at=FaultPoint.AFTER_POST) as bot:
        await two_servers.imagine(two_servers.environment.ada, "a fox", 2)
        await two_servers.killed(bot)
    assert two_servers.rows("SELECT state FROM outbox") == [("pending",)]
    quarter_of_an_hour_s = 16 * 60
    two_servers.environment.clock.advance(quarter_of_an_hour_s)  # Discord forgets the token
    async with two_servers.bot(ahead_s=quarter_of_an_hour_s) as bot:
        await two_servers.until("SELECT COUNT(*) FROM outbox WHERE state = 'sent'", 1)
        await two_servers.stopped(bot)
    two_servers.assert_accounted_for()


async def test_a_sample_of_the_campaign_is_accounted_for(spawner: BotSpawner, tmp_path: Path) -> None:
    bot_arguments = await play(spawner, kills=2, seed=SAMPLE_SEED, place=tmp_path, speed_up=8.0)
    assert bot_arguments["findings"] == []
    assert bot_arguments["kills"] >= 2
    for name in ("jobs", "events sent again", "uploads that hung", "times the database was held"):
        assert bot_arguments[name], name


async def test_a_job_that_a_repeated_event_makes_is_a_finding(two_servers: TwoServers) -> None:
    async with two_servers.bot() as bot:
        handle = await two_servers.imagine(two_servers.environment.ada, "a fox")
        await handle.message_where(has_pictures, timeout_s=WAIT_S)
        await two_servers.stopped(bot)
    two_servers.assert_accounted_for()
    again = "INSERT INTO recorded_events SELECT event_id, 'another' FROM recorded_events WHERE job_id IS NULL"
    with closing(sqlite3.connect(two_servers.environment.folder / DATABASE)) as connection, connection:
        connection.execute(again)
    (finding,) = AccountCheck(two_servers.environment.folder, Seen()).check()
    assert finding == f"event {handle.interaction.id} was accepted 1 times and made 2 jobs"
