"""Pictures that take their time: the first response is the answer unless 1.5 s have passed."""

import asyncio
import logging

import pytest

from kleinbot.chat.downloads import Downloads
from kleinbot.images.fetch import Reserve
from kleinbot.sandbox import Answer, InteractionHandle, Person
from tests.e2e.house import House, Stage
from tests.e2e.pictures import a_png, result, said
from tests.scripted_engine import ScriptedEngine


@pytest.fixture
def arrival(monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """Hold every download back until the test lets it go."""
    arrived = asyncio.Event()
    fetch = Downloads.fetch

    async def slow(downloads: Downloads, address: str, reserve: Reserve) -> bytes:
        await arrived.wait()
        return await fetch(downloads, address, reserve)

    monkeypatch.setattr(Downloads, "fetch", slow)
    return arrived


async def deferred(house: House, *, who: Person | None = None, **options: object) -> InteractionHandle:
    handle = await (who or house.ada).command(house.channel, "edit", instruction="a hat", **options)
    answer = asyncio.ensure_future(handle.acknowledged(timeout_s=30))
    while not answer.done():
        await asyncio.wait({answer}, timeout=0.02)
        house.clock.advance(0.1)
    assert await answer is Answer.DEFERRED
    return handle


@pytest.mark.parametrize("private", [True, False])
async def test_a_slow_picture_is_waited_for_as_privately_as_it_was_asked(
    stage: Stage, arrival: asyncio.Event, private: bool
) -> None:
    async with stage.house(ScriptedEngine()) as house:
        handle = await deferred(house, image=a_png(), private=private)
        assert handle.is_ephemeral == private
        arrival.set()
        done = await result(handle)
        assert len(handle.messages) == 1
        assert done.is_ephemeral == private


async def test_a_refusal_after_a_deferral_takes_the_place_of_the_answer(
    stage: Stage, arrival: asyncio.Event
) -> None:
    async with stage.house(ScriptedEngine()) as house:
        handle = await deferred(house, image=b"nothing to see")
        arrival.set()
        await said(handle, "That file is not a picture")
        assert len(handle.messages) == 1
        assert await house.number("SELECT COUNT(*) FROM jobs") == 0


async def test_a_stop_while_a_picture_is_coming_leaves_nothing(stage: Stage, arrival: asyncio.Event) -> None:
    async with stage.house(ScriptedEngine()) as house:
        await deferred(house, image=a_png())
        assert await house.number("SELECT COUNT(*) FROM jobs") == 0
    assert list(stage.folder.rglob("references/*/*.png")) == []
    arrival.set()


async def test_who_is_not_answered_by_the_end_of_a_stop_leaves_no_error(
    stage: Stage, arrival: asyncio.Event, caplog: pytest.LogCaptureFixture
) -> None:
    async with stage.house(ScriptedEngine()) as house:
        await house.ada.command(house.channel, "edit", instruction="a hat", image=a_png())
        await deferred(house, who=house.bob, image=a_png())
    arrival.set()
    for _ in range(100):
        await asyncio.sleep(0)
    assert [each.getMessage() for each in caplog.records if each.levelno >= logging.ERROR] == []


async def test_a_fourth_file_of_a_member_is_refused_before_it_is_fetched(
    stage: Stage, arrival: asyncio.Event
) -> None:
    async with stage.house(ScriptedEngine()) as house:
        coming = [await deferred(house, image=a_png(seed=seed)) for seed in range(3)]
        refused = await house.ada.command(house.channel, "edit", instruction="a hat", image=a_png(seed=9))
        await said(
            refused,
            "You already have 3 files on their way to me; wait until one is in. Nothing was charged.",
        )
        others = await deferred(house, who=house.bob, image=a_png(seed=4))
        assert house.app.inbound.requests == 4
        arrival.set()
        for handle in (*coming, others):
            await result(handle)
        assert (house.app.inbound.requests, house.app.inbound.bytes) == (0, 0)
        await result(await house.ada.command(house.channel, "edit", instruction="a hat", image=a_png(seed=9)))
