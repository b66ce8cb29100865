"""Pictures that take their time: the first response is the answer unless 1.5 s have passed."""

import asyncio

import pytest

from kleinbot.chat.downloads import Downloads
from kleinbot.sandbox import Answer, InteractionHandle
from tests.e2e.house import House, Stage
from tests.e2e.pictures import a_png, result, said
from tests.scripted_engine import ScriptedEngine


@pytest.fixture
def arrival(monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """Hold every download back until the test lets it go."""
    arrived = asyncio.Event()
    fetch = Downloads.fetch

    async def slow(downloads: Downloads, address: str) -> bytes:
        await arrived.wait()
        return await fetch(downloads, address)

    monkeypatch.setattr(Downloads, "fetch", slow)
    return arrived


async def deferred(house: House, **options: object) -> InteractionHandle:
    handle = await house.ada.command(house.channel, "edit", instruction="a hat", **options)
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
