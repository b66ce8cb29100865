"""What the host does, asked of the use case itself."""

import asyncio
from dataclasses import replace

import pytest

from kleinbot.domain.door import Door
from kleinbot.domain.errors import Code, Refusal
from kleinbot.queueing.estimates import ErrorSpread
from kleinbot.queueing.line import Line
from kleinbot.queueing.waiting import UniformLimit
from kleinbot.studio.operate import Doorkeeper, Operate, Tallies
from kleinbot.studio.quota import QuotaRule
from kleinbot.studio.shares import Shares
from tests.queueing.making import job
from tests.studio_harness import ADA, DAY_MS, Studio

HOST = replace(ADA, is_host=True)
ADMIN = replace(ADA, is_admin=True)


class _Desk:
    """The use case with what it moves."""

    def __init__(self, studio: Studio) -> None:
        self.shares = Shares()
        self.moves = 0
        self.operate = Operate(
            database=studio.database,
            line=studio.line,
            shares=self.shares,
            doorkeeper=studio.doorkeeper,
            rule=QuotaRule(600, DAY_MS),
            profile=studio.engine.profile,
            engine_state=lambda: studio.engine.state,
            clock_ahead_ms=lambda: None,
            archive_problem=lambda: None,
            free_bytes=lambda: 2**30,
            loop_late_s=lambda: None,
            tallies=lambda: Tallies(0.0, ErrorSpread(0, 0.0, 0.0), {}, {}),
            door_moved=self._moved,
            clock=studio.clock,
        )

    def _moved(self) -> None:
        self.moves += 1


@pytest.fixture
def desk(studio: Studio) -> _Desk:
    return _Desk(studio)


async def test_nobody_but_the_host_may(studio: Studio, desk: _Desk) -> None:
    operate = desk.operate
    for deed in (operate.pause, operate.resume, operate.drain, operate.status):
        with pytest.raises(Refusal) as caught:
            await deed(ADMIN)
        assert caught.value.code is Code.NOT_THE_HOST
    with pytest.raises(Refusal):
        await operate.servers(ADMIN, [])
    with pytest.raises(Refusal):
        await operate.share(ADMIN, 10, [10], 2.0, None)
    assert await studio.database.read.number("SELECT COUNT(*) FROM audit") == 0
    assert (studio.doorkeeper.door, desk.moves) == (Door.OPEN, 0)


async def test_the_door_is_kept_over_a_restart(studio: Studio, desk: _Desk) -> None:
    for deed, door in (
        (desk.operate.pause, Door.PAUSED),
        (desk.operate.drain, Door.DRAINING),
        (desk.operate.resume, Door.OPEN),
    ):
        await deed(HOST)
        after = Doorkeeper()
        await after.load(studio.database.read)
        assert studio.doorkeeper.door is after.door is door
    assert desk.moves == 3
    assert await studio.database.read.number("SELECT COUNT(*) FROM audit WHERE server_id IS NULL") == 3


async def test_a_share_reaches_the_line_at_once_and_after_a_restart(studio: Studio, desk: _Desk) -> None:
    await desk.operate.share(HOST, 1, [1], 3.0, None)
    again = Shares()
    await again.load(studio.database.read)
    for shares in (desk.shares, again):
        line = Line(shares)
        line.submit(job("a", 1, 40, server_id=1))
        line.submit(job("b", 2, 40, server_id=2))
        turns = [line.next_batch(UniformLimit(1))[0].server_id for _ in range(16)]
        assert turns.count(1) == 12


async def test_an_unknown_server_has_no_share(studio: Studio, desk: _Desk) -> None:
    with pytest.raises(Refusal) as caught:
        await desk.operate.share(HOST, 12, [10], 2.0, None)
    assert caught.value.code is Code.SERVER_UNKNOWN
    await studio.imagine()
    row = await desk.operate.share(HOST, ADA.server_id, [], None, 70)
    assert (row.share, row.most_tenths, row.open_jobs) == (1.0, 70, 1)


async def test_status_counts_what_waits(studio: Studio, desk: _Desk) -> None:
    await studio.imagine(count=3)
    found = await desk.operate.status(HOST)
    assert (found.waiting_images, found.running_images, found.free_bytes) == (3, 0, 2**30)


async def test_nothing_is_accepted_while_draining(studio: Studio, desk: _Desk) -> None:
    await desk.operate.drain(HOST)
    with pytest.raises(Refusal) as caught:
        await studio.imagine()
    assert caught.value.code is Code.DRAINING
    assert await studio.spent_tenths() == 0


async def test_of_racing_decisions_the_last_in_the_rows_is_the_one_that_holds(
    studio: Studio, desk: _Desk
) -> None:
    operate = desk.operate
    await asyncio.gather(*(deed(HOST) for _ in range(5) for deed in (operate.pause, operate.drain)))
    after = Doorkeeper()
    await after.load(studio.database.read)
    assert studio.doorkeeper.door is after.door
    row = await studio.database.read.one("SELECT action FROM audit ORDER BY audit_id DESC")
    assert row is not None
    assert row[0] == {Door.PAUSED: "pause", Door.DRAINING: "drain"}[after.door]
