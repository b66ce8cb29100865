"""What hangs in some channels holds up nobody in others, however many hang."""

import asyncio
from collections import Counter, deque
from functools import partial

import pytest

from kleinbot.chat.lanes import FEW, MOST, MOST_OF_LANE, MOST_QUICK, SLOW_S, Lanes
from tests.manual_clock import ManualClock

HANGING = range(100, 106)
"""As many channels as fill all places."""


class Owner:
    """As the delivery is: keeps what is due by lane, and begins it whenever there is room."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.lanes = Lanes(self.clock, lambda: None)
        self.due: dict[int, deque[int]] = {}
        self.lane_of: dict[int, int] = {}
        self.gave_way: list[int] = []
        self.told: list[int] = []
        self._next = 0

    def orders(self, lane: int, count: int) -> None:
        for _ in range(count):
            self._next += 1
            self.lane_of[self._next] = lane
            self.due.setdefault(lane, deque()).append(self._next)

    def begin_due(self) -> None:
        for lane, keys in self.due.items():
            for key in list(keys):
                if self.lanes.begin(key, lane, partial(self._work, key), partial(self._back, key)):
                    keys.remove(key)

    async def turn(self, seconds: float = 0.0) -> None:
        """Let time pass, and begin what may begin until nothing moves."""
        self.clock.advance(seconds)
        for _ in range(20):
            self.begin_due()
            for _ in range(10):
                await asyncio.sleep(0)

    def under_way(self) -> Counter[int]:
        return Counter(self.lane_of[key] for key in self.lanes.under_way)

    async def _work(self, key: int) -> None:
        if self.lane_of[key] in HANGING:
            await asyncio.Event().wait()
        self.told.append(self.lane_of[key])

    async def _back(self, key: int) -> None:
        self.gave_way.append(self.lane_of[key])
        self.due[self.lane_of[key]].append(key)


async def all_hang(owner: Owner) -> None:
    """Let uploads hang until they have all places that they can get."""
    for lane in HANGING:
        owner.orders(lane, 20)
    for _ in range(20):
        await owner.turn(SLOW_S + 0.1)


async def test_other_channels_are_served_while_all_places_hang() -> None:
    owner = Owner()
    await all_hang(owner)
    assert owner.under_way().total() == MOST
    assert owner.gave_way == [], "there was nobody to give way to"
    for lane in range(5):
        owner.orders(lane, 10)
    await owner.turn()
    assert Counter(owner.told) == dict.fromkeys(range(5), 10), "in no time at all"
    assert owner.gave_way != []
    await owner.lanes.abandon()


async def test_whoever_gives_way_keeps_a_share() -> None:
    owner = Owner()
    await all_hang(owner)
    for lane in range(5):
        owner.orders(lane, 50)
    await owner.turn()
    assert set(owner.under_way()) == set(HANGING)
    assert min(owner.under_way().values()) >= MOST // (len(HANGING) + 1) - 1
    await owner.lanes.abandon()


async def test_where_many_channels_hang_each_has_as_much_as_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.chat.test_lanes.HANGING", range(100, 140))
    owner = Owner()
    await all_hang(owner)
    assert max(owner.under_way().values()) <= 2
    owner.orders(1, 10)
    await owner.turn(SLOW_S + 0.1)
    assert owner.told == [1] * 10
    await owner.lanes.abandon()


async def test_one_channel_alone_has_no_more_than_its_part_and_quick_places_stay_free() -> None:
    owner = Owner()
    owner.orders(HANGING[0], 40)
    for _ in range(20):
        await owner.turn(SLOW_S + 0.1)
        assert owner.under_way().total() <= MOST_OF_LANE
    assert owner.lanes.has_room
    await owner.lanes.abandon()


async def test_a_channel_that_is_slow_shows_one_at_a_time_whether_it_still_is() -> None:
    owner = Owner()
    owner.orders(HANGING[0], 40)
    await owner.turn()
    assert owner.under_way().total() == 4
    await owner.turn(SLOW_S + 0.1)
    assert owner.under_way().total() == 5
    await owner.lanes.abandon()


async def test_all_places_together_have_a_bound() -> None:
    owner = Owner()
    await all_hang(owner)
    for lane in range(200):
        owner.orders(lane, 1)
    for _ in range(3):
        owner.begin_due()
        assert len(owner.lanes.under_way) <= MOST
        await asyncio.sleep(0)
    assert FEW + MOST_QUICK == MOST
    await owner.lanes.abandon()
    assert owner.lanes.under_way == frozenset()


async def test_where_all_places_are_taken_nobody_is_asked_about_in_vain() -> None:
    """Else each delivery that ends would have all that is due looked through."""
    owner = Owner()
    await all_hang(owner)
    owner.orders(1, 1)
    had_room = [owner.lanes.has_room]
    owner.begin_due()
    had_room.append(owner.lanes.has_room)
    await owner.turn()
    had_room.append(owner.lanes.has_room)
    assert had_room == [True, False, True]
    assert owner.told == [1]
    await owner.lanes.abandon()


async def test_what_is_abandoned_has_ended() -> None:
    clock, ended = ManualClock(), list[int]()
    lanes = Lanes(clock, lambda: None)

    async def hang(key: int) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            ended.append(key)

    async def never() -> None:
        raise AssertionError("nobody needs its place")

    for key in range(3):
        assert lanes.begin(key, key, partial(hang, key), never)
    await asyncio.sleep(0)
    await lanes.abandon()
    assert sorted(ended) == [0, 1, 2]
