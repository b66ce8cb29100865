"""What a member sees of a picture while it is drawn, on the wire."""

import asyncio
import itertools
import re

from kleinbot.domain.pictures import Pixels
from kleinbot.domain.work import StageSeconds
from kleinbot.sandbox import InteractionHandle, ShownMessage
from tests.e2e.pictures import result, said
from tests.e2e.running_bot import BotEnvironment, RunningBot, has_pictures
from tests.scripted_engine import ScriptedEngine

QUICK_S = 10.0
STEPS = 4


def _slow_engine() -> ScriptedEngine:
    """Return an engine that takes 24 s for a picture and previews each step; steps wait for the test."""
    engine = ScriptedEngine()
    engine.seconds = StageSeconds(2.0, 20.0, 2.0)
    engine.preview = lambda _task, step: Pixels(2, 2, bytes([60 * step] * 12))
    return engine


def _hold(engine: ScriptedEngine) -> dict[int, asyncio.Event]:
    engine.step_gates = {step: asyncio.Event() for step in range(1, STEPS + 1)}
    return dict(engine.step_gates)


async def _ask(bot: RunningBot, **options: object) -> InteractionHandle:
    return await bot.ada.command(bot.channel, "imagine", prompt="a fox", **options)


async def _until(bot: RunningBot, handle: InteractionHandle, words: str) -> ShownMessage:
    """Let the bot's time pass until the message says ``words``."""
    waiting = asyncio.ensure_future(handle.message_where(lambda m: words in m.text, timeout_s=QUICK_S))
    while not waiting.done():
        bot.clock.advance(0.25)
        await asyncio.wait({waiting}, timeout=0.01)
    return await waiting


async def test_a_slow_picture_is_previewed_every_three_seconds_at_most_and_its_end_replaces_it(
    environment: BotEnvironment,
) -> None:
    engine = _slow_engine()
    async with environment.running_bot(engine) as bot:
        first = await result(await _ask(bot))
        assert "in all" not in first.text
        began = len(bot.standin.exchanges_of("PATCH", "/webhooks/*"))
        gates = _hold(engine)
        handle = await _ask(bot)
        for step in range(1, STEPS):
            seen = await _until(bot, handle, f"Preview, step {step} of 4")
            assert re.search(r"About \d+ s in all\.", seen.text)
            assert [picture.filename for picture in seen.pictures] == ["preview.webp"]
            gates[step].set()
        gates[STEPS].set()
        done = await handle.message_where(lambda m: "Preview" not in m.text and has_pictures(m), timeout_s=20)
        assert len(done.pictures) == 1
        assert not done.pictures[0].filename.startswith("preview")
        times = [edit.started_at for edit in bot.standin.exchanges_of("PATCH", "/webhooks/*")[began:-1]]
        assert len(times) >= 3
        assert min(later - earlier for earlier, later in itertools.pairwise(times)) >= 2.9
        status = await bot.app.container.status.health()
        assert status.activity.ends.count == 1


async def test_previews_are_as_private_and_spoilered_as_their_result_and_go_with_a_cancellation(
    environment: BotEnvironment,
) -> None:
    engine = _slow_engine()
    async with environment.running_bot(engine) as bot:
        await result(await _ask(bot))
        gates = _hold(engine)
        handle = await _ask(bot, private=True)
        seen = await _until(bot, handle, "Preview, step 1 of 4")
        assert seen.is_ephemeral
        pressed = await bot.ada.press(seen, label="Cancel")
        await pressed.acknowledged(timeout_s=QUICK_S)
        for gate in gates.values():
            gate.set()
        ended = await handle.message_where(lambda m: "Cancelled" in m.text, timeout_s=QUICK_S)
        assert not ended.pictures
        assert "Preview" not in ended.text


async def test_who_switched_previews_off_sees_none(environment: BotEnvironment) -> None:
    engine = _slow_engine()
    async with environment.running_bot(engine) as bot:
        await result(await _ask(bot))
        settings = await bot.ada.command(bot.channel, "settings")
        shown = await said(settings, "while they are drawn?** Yes")
        await said(await bot.ada.press(shown, label="No previews"), "while they are drawn?** No")
        gates = _hold(engine)
        handle = await _ask(bot)
        await _until(bot, handle, "25 %")
        assert not engine.batches[-1][0].previews
        for gate in gates.values():
            gate.set()
        await handle.message_where(has_pictures, timeout_s=QUICK_S)


async def test_what_a_start_after_a_kill_does_takes_the_preview_away(environment: BotEnvironment) -> None:
    engine = _slow_engine()
    async with environment.running_bot(engine) as bot:
        await result(await _ask(bot))
        gates = _hold(engine)
        handle = await _ask(bot)
        await _until(bot, handle, "Preview, step 1 of 4")
        live_messages = bot.app.container.delivery.live_messages
        live_messages._live.clear()
        await live_messages.resume()
        without = asyncio.ensure_future(handle.message_where(lambda m: not m.pictures, timeout_s=QUICK_S))
        while not without.done():
            bot.clock.advance(0.25)
            await asyncio.wait({without}, timeout=0.01)
        assert "Preview" not in (await without).text
        for gate in gates.values():
            gate.set()
        assert len((await result(handle)).pictures) == 1
