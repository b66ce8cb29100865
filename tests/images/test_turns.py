"""Whose picture is read next: by what members took lately, with a reader kept for those who are quick."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from kleinbot.images import turns as bounds
from kleinbot.images.pixel_budget import PixelBudget
from kleinbot.images.turns import HALF_LIFE_S, QUICK_S, NoPlaceError, Turn, Turns
from tests.manual_clock import ManualClock

QUICK, SLOW = 0.1, 7.0


class Readers:
    """Turns whose pictures begin and end as the test says; ``begun`` is in which order they began."""

    def __init__(self, at_once: int, waiting: int = 32) -> None:
        self.clock = ManualClock()
        self.turns = Turns(at_once, waiting, self.clock)
        self.begun: list[str] = []
        self._turns: dict[str, Turn] = {}
        self._ends: dict[str, asyncio.Event] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    async def ask(self, *pictures: str) -> None:
        """Let pictures be asked for: their name without its figures is their member's."""
        for picture in pictures:
            self._ends[picture] = asyncio.Event()
            self._tasks[picture] = asyncio.create_task(self._read(picture))
            await settled()

    async def _read(self, picture: str) -> None:
        async with self.turns.take(hash(picture.rstrip("0123456789"))) as turn:
            self.begun.append(picture)
            self._turns[picture] = turn
            await self._ends[picture].wait()

    async def end(self, picture: str, after_s: float = 0.0) -> None:
        self.clock.advance(after_s)
        self._ends[picture].set()
        await self._tasks[picture]
        await settled()

    async def overruns(self, picture: str) -> None:
        """Let a picture take longer than a quick one does."""
        self.clock.advance(QUICK_S)
        self.turns.note_slow(self._turns[picture])
        await settled()

    async def cancel(self, picture: str) -> None:
        self._tasks[picture].cancel()
        await asyncio.gather(self._tasks[picture], return_exceptions=True)
        await settled()

    async def know(self, **took_s: float) -> None:
        """Let one picture of each member be read, which took so long."""
        for member, seconds in took_s.items():
            await self.ask(member)
            await self.end(member, seconds)
        self.begun.clear()

    async def close(self) -> None:
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)


async def settled() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


@asynccontextmanager
async def readers(at_once: int, waiting: int = 32) -> AsyncIterator[Readers]:
    made = Readers(at_once, waiting)
    try:
        yield made
    finally:
        await made.close()


async def test_slow_members_leave_a_reader_to_those_who_are_quick() -> None:
    """Four members send the slowest files that there are; whoever is known as quick never waits for one."""
    async with readers(3) as house:
        await house.know(a=SLOW, b=SLOW, c=SLOW, d=SLOW, ada=QUICK)
        await house.ask("a", "b", "c", "d")
        assert house.begun == ["a", "b"]
        for number in range(5):
            await house.ask(f"ada{number}")
            assert house.begun[-1] == f"ada{number}"
            await house.end(f"ada{number}", QUICK)
        assert "c" not in house.begun


async def test_a_slow_picture_of_whoever_was_quick_is_passed_by_others() -> None:
    async with readers(3) as house:
        await house.know(a=SLOW, b=SLOW, c=QUICK, d=QUICK, e=QUICK, ada=QUICK)
        await house.ask("a", "b", "c", "ada1")
        assert house.begun == ["a", "b", "c"]
        await house.overruns("c")
        assert house.begun == ["a", "b", "c", "ada1"]
        await house.end("ada1")
        await house.ask("d")
        await house.overruns("d")
        await house.ask("e", "ada2")
        await house.overruns("e")
        assert house.begun[4:] == ["d", "e"], "so many may be slow beside the others and no more"
        await house.end("d", SLOW)
        assert house.begun[-1] == "ada2"
        await house.ask("d2")
        await house.end("ada2", QUICK)
        assert house.begun[-1] == "ada2", "d is not quick any more"


async def test_of_whom_nothing_was_read_goes_before_slow_members_but_not_on_the_kept_reader() -> None:
    async with readers(3) as house:
        await house.know(a=SLOW, b=SLOW, c=SLOW, ada=QUICK)
        await house.ask("a", "b", "c", "new", "newer", "ada")
        assert house.begun == ["a", "b", "ada"]
        await house.end("b", SLOW)
        assert house.begun == ["a", "b", "ada", "new"]
        await house.end("new", QUICK)
        await house.ask("new2")
        assert house.begun[4:] == ["newer"]
        await house.end("ada", QUICK)
        assert house.begun[4:] == ["newer", "new2"], "which is quick by now"


async def test_whoever_took_least_goes_first_and_equals_in_their_order() -> None:
    async with readers(1) as house:
        await house.know(much=0.9, some=0.5, little=0.2)
        await house.ask("first", "much", "other", "some", "little", "another")
        for _ in range(6):
            await house.end(house.begun[-1])
        assert house.begun == ["first", "other", "another", "little", "some", "much"]


async def test_many_quick_pictures_count_as_much_as_a_slow_one() -> None:
    async with readers(1) as house:
        await house.know(ada=0.9, bob=0.5)
        for number in range(3):
            await house.ask(f"bob{number}")
            await house.end(f"bob{number}", 0.5)
        await house.ask("x", "bob", "ada")
        await house.end("x")
        assert house.begun[-1] == "ada"


async def test_what_was_slow_is_forgotten_in_time() -> None:
    async with readers(3) as house:
        await house.know(a=QUICK_S + 0.8)
        await house.ask("x", "y", "a1")
        assert house.begun == ["x", "y"]
        await house.cancel("a1")
        house.clock.advance(2 * HALF_LIFE_S)
        await house.ask("a2")
        assert house.begun == ["x", "y"]
        await house.cancel("a2")
        house.clock.advance(2 * HALF_LIFE_S)
        await house.ask("a3")
        assert house.begun == ["x", "y", "a3"]


async def test_a_picture_that_could_not_be_read_makes_nobody_quick() -> None:
    clock = ManualClock()
    turns = Turns(3, 32, clock)
    for _ in range(3):
        with pytest.raises(ValueError, match="no picture"):
            async with turns.take(1):
                raise ValueError("no picture")
    async with turns.take(1) as turn:
        assert not turn.is_quick
    async with turns.take(1) as turn:
        assert turn.is_quick


async def test_what_is_waited_for_others_is_not_counted() -> None:
    clock = ManualClock()
    turns = Turns(3, 32, clock)
    async with turns.take(1) as turn:
        clock.advance(SLOW)
        turn.waited_s = SLOW - QUICK
    async with turns.take(1) as turn:
        assert turn.is_quick


async def test_a_member_has_one_turn_at_a_time() -> None:
    async with readers(3) as house:
        await house.know(ada=QUICK)
        await house.ask("ada1", "ada2", "bob")
        assert house.begun == ["ada1", "bob"]
        await house.end("ada1")
        assert house.begun == ["ada1", "bob", "ada2"]


async def test_a_full_line_is_refused_and_a_cancelled_place_is_free() -> None:
    async with readers(1, waiting=1) as house:
        await house.ask("a", "b")
        with pytest.raises(NoPlaceError):
            async with house.turns.take(99):
                pass
        await house.cancel("b")
        assert house.turns.waiting == 0
        await house.ask("c")
        await house.end("a")
        assert house.begun == ["a", "c"]


async def test_every_turn_comes_back_whenever_its_caller_leaves() -> None:
    turns = Turns(3, 32, ManualClock())

    async def read(member_id: int, steps: int) -> None:
        async with turns.take(member_id):
            for _ in range(steps):
                await asyncio.sleep(0)

    for steps in range(30):
        tasks = [asyncio.create_task(read(member, 3)) for member in (1, 1, 2, 3, 4, 5)]
        for _ in range(steps):
            await asyncio.sleep(0)
        tasks[steps % 6].cancel()
        tasks[steps % 5].cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    assert turns.waiting == 0
    async with AsyncExitStack() as stack:
        taken: list[Turn] = [await stack.enter_async_context(turns.take(member)) for member in (1, 2, 3)]
        assert len(taken) == 3


async def test_no_more_members_are_remembered_than_may_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "MOST_REMEMBERED", 2)
    turns = Turns(2, 32, ManualClock())
    for member in (1, 2, 3):
        async with turns.take(member):
            pass
    assert [(await _is_quick(turns, member)) for member in (3, 2, 1)] == [True, True, False]


async def _is_quick(turns: Turns, member_id: int) -> bool:
    async with turns.take(member_id) as turn:
        return turn.is_quick


class Decoders:
    """Pictures that hold pixels until the test ends them; ``begun`` is in which order they got them."""

    def __init__(self, shared: int, kept: int) -> None:
        self.budget = PixelBudget(shared, kept)
        self.begun: list[str] = []
        self._tasks: dict[str, asyncio.Task[None]] = {}

    async def ask(self, name: str, pixels: int, *, is_quick: bool) -> None:
        self._tasks[name] = asyncio.create_task(self._hold(name, pixels, is_quick=is_quick))
        await settled()

    async def _hold(self, name: str, pixels: int, *, is_quick: bool) -> None:
        async with self.budget.hold(pixels, is_quick=is_quick):
            self.begun.append(name)
            await asyncio.Event().wait()

    async def end(self, *names: str) -> None:
        for name in names:
            self._tasks[name].cancel()
            await asyncio.gather(self._tasks[name], return_exceptions=True)
            await settled()


async def test_slow_large_pictures_do_not_hold_up_a_usual_one() -> None:
    house = Decoders(shared=40, kept=20)
    for name, pixels, is_quick in (
        ("a", 40, False), ("b", 40, False), ("c", 1, False), ("ada", 12, True), ("bob", 8, True),
    ):  # fmt: skip
        await house.ask(name, pixels, is_quick=is_quick)
    assert house.begun == ["a", "ada", "bob"], "nobody passes b, but on what is kept"
    await house.end("a", "b", "c", "ada", "bob")
    assert house.budget.free == 60


async def test_quick_members_go_first_in_what_is_shared_too() -> None:
    house = Decoders(shared=40, kept=20)
    await house.ask("a", 40, is_quick=False)
    await house.ask("b", 40, is_quick=False)
    await house.ask("large", 40, is_quick=True)
    await house.end("a")
    assert house.begun == ["a", "large"]
    await house.end("large")
    assert house.begun == ["a", "large", "b"]
    await house.end("b")


async def test_pixels_come_back_whenever_their_holder_leaves() -> None:
    budget = PixelBudget(shared=4, kept=2)

    async def hold(pixels: int, *, is_quick: bool) -> None:
        async with budget.hold(pixels, is_quick=is_quick):
            for _ in range(3):
                await asyncio.sleep(0)

    for steps in range(30):
        kinds = [(4, False), (2, True), (3, True), (1, False), (2, True)]
        tasks = [asyncio.create_task(hold(pixels, is_quick=quick)) for pixels, quick in kinds]
        for _ in range(steps):
            await asyncio.sleep(0)
        tasks[steps % 5].cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert budget.free == 6
