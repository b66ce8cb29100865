"""The card is the owner's first: it is freed at every stage of a job, and nothing is lost or paid twice."""

import asyncio
import re
from collections.abc import Callable

from kleinbot.domain.work import EnginePhase, EngineState
from kleinbot.hardware.card_memory import CardMemory
from kleinbot.hardware.facts import GIB
from kleinbot.sandbox import Person, ShownMessage
from tests.e2e.accounts import assert_accounted_for, record
from tests.e2e.pictures import said_alone
from tests.e2e.running_bot import LOOKS_EVERY_S, WAIT_S, BotEnvironment, RunningBot, has_pictures
from tests.scripted_engine import ScriptedEngine

QUICK_S = WAIT_S
NEEDED = "My host needs the graphics card just now. Your place is kept"


def _host(environment: BotEnvironment) -> Person:
    owner = environment.standin.world.owner
    return environment.standin.world.add_member(environment.server, owner.name, permissions=("manage_guild",))


async def _until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(QUICK_S):
        while not holds():
            await asyncio.sleep(LOOKS_EVERY_S)


async def _in_time(bot: RunningBot, most_s: float, holds: Callable[[], bool]) -> None:
    """Let up to ``most_s`` pass until something holds: a slow machine must not let Discord's tokens end."""
    async with asyncio.timeout(WAIT_S):
        while not holds():
            if most_s > 0:
                bot.clock.advance(5.0)
                most_s -= 5.0
            await asyncio.sleep(4 * LOOKS_EVERY_S)


async def _freed(host: Person, bot: RunningBot, engine: ScriptedEngine) -> None:
    handle = await host.command_with(bot.channel, "host queue pause", {"free": True})
    await said_alone(handle, "the model leaves the graphics card within seconds")
    await _in_time(bot, 30.0, lambda: engine.state.phase is EnginePhase.UNLOADED)


async def _resumed(host: Person, bot: RunningBot) -> None:
    await said_alone(await host.command(bot.channel, "host queue resume"), "Working as usual again")


async def _spent(bot: RunningBot) -> int:
    return -await bot.number("SELECT SUM(amount_tenths) FROM ledger")


async def test_a_freed_card_finishes_or_puts_back_at_every_stage(environment: BotEnvironment) -> None:
    host = _host(environment)
    engine = ScriptedEngine()
    record(environment.folder)
    last = 4
    stages: list[Callable[[asyncio.Event], None]] = [
        lambda gate: setattr(engine, "gate", gate),
        lambda gate: setattr(engine, "step_gates", {2: gate}),
        lambda gate: setattr(engine, "step_gates", {last: gate}),
    ]
    async with environment.running_bot(engine) as bot:
        for number, hold in enumerate(stages, 1):
            gate = asyncio.Event()
            hold(gate)
            engine.started.clear()
            first = await bot.ada.command(bot.channel, "imagine", prompt=f"a fox {number}")
            await engine.started.wait()
            second = await bot.bob.command(bot.channel, "imagine", prompt=f"a cat {number}")
            await second.message_where(lambda message: bool(message.buttons), timeout_s=QUICK_S)
            await _freed(host, bot, engine)
            assert engine.unloads == number
            waits = await first.message_where(lambda message: NEEDED in message.text, timeout_s=QUICK_S)
            assert not waits.pictures
            await bot.until("SELECT COUNT(*) FROM images WHERE state = 'running'", 0)
            gate.set()
            await _resumed(host, bot)
            await first.message_where(has_pictures, timeout_s=QUICK_S)
            await second.message_where(has_pictures, timeout_s=QUICK_S)
            await bot.until("SELECT COUNT(*) FROM outbox WHERE state = 'sent'", 2 * number)
            assert await _spent(bot) == 20 * number
    assert_accounted_for(environment.folder, [environment.channel])


async def test_a_freed_card_stays_free_over_a_restart_and_says_so(environment: BotEnvironment) -> None:
    host = _host(environment)
    engine = ScriptedEngine()
    record(environment.folder)
    async with environment.running_bot(engine) as bot:
        await _freed(host, bot, engine)
        handle = await bot.ada.command(bot.channel, "imagine", prompt="a fox")
        await handle.message_where(lambda message: NEEDED in message.text, timeout_s=QUICK_S)
    again = ScriptedEngine()
    again.state = engine.state
    async with environment.running_bot(again) as bot:
        await _until(lambda: bot.app.container.scheduling.scheduler.let_go is not None)
        shown = await said_alone(
            await host.command(bot.channel, "host status"), "not loaded: you freed the card"
        )
        assert "paused, the card is freed" in shown.text
        assert again.starts == 0
        mine = await said_alone(await bot.ada.command(bot.channel, "queue"), NEEDED)
        assert "#1" in mine.text
        again.load_gate.clear()
        await _resumed(host, bot)
        await _until(lambda: again.state.phase is EnginePhase.LOADING)
        shown = await said_alone(await host.command(bot.channel, "host status"), "Engine: loading (0 %)")
        again.enter(EngineState(EnginePhase.LOADING, 0.4))
        await handle.message_where(lambda message: "being loaded (40 %)" in message.text, timeout_s=QUICK_S)
        again.load_gate.set()
        await handle.message_where(has_pictures, timeout_s=QUICK_S)
        assert await _spent(bot) == 10
        await bot.until("SELECT COUNT(*) FROM outbox WHERE state = 'sent'", 1)
    assert_accounted_for(environment.folder, [environment.channel])


async def test_the_model_leaves_an_idle_card_and_a_command_brings_it_back(
    environment: BotEnvironment,
) -> None:
    engine = ScriptedEngine()
    record(environment.folder)
    async with environment.running_bot(engine, unload_idle_minutes=10) as bot:
        await _until(lambda: engine.starts == 1)
        bot.clock.advance(590)
        assert bot.app.container.scheduling.scheduler.let_go is None
        engine.unload_gate.clear()
        await _in_time(bot, 30.0, lambda: engine.state.phase is EnginePhase.UNLOADING)
        # The command comes while the model is leaving.
        handle = await bot.ada.command(bot.channel, "imagine", prompt="a fox")
        await handle.message_where(_is_waiting, timeout_s=QUICK_S)
        engine.unload_gate.set()
        await handle.message_where(has_pictures, timeout_s=QUICK_S)
        assert (engine.unloads, engine.starts) == (1, 2)
        assert await _spent(bot) == 10
        await bot.until("SELECT COUNT(*) FROM outbox WHERE state = 'sent'", 1)
    assert_accounted_for(environment.folder, [environment.channel])


async def test_another_program_gets_the_card_once_the_picture_in_hand_is_finished(
    environment: BotEnvironment,
) -> None:
    host, engine, others = _host(environment), ScriptedEngine(), 1

    def read() -> CardMemory:
        held = 0 if engine.state.phase is EnginePhase.UNLOADED else 14
        return CardMemory(24 * GIB, (24 - others - held) * GIB, held * GIB, held * GIB)

    environment.card_memory = read
    record(environment.folder)
    async with environment.running_bot(engine) as bot:
        gate = engine.gate = asyncio.Event()
        first = await bot.ada.command(bot.channel, "imagine", prompt="a fox")
        await engine.started.wait()
        second = await bot.bob.command(bot.channel, "imagine", prompt="a cat")
        await second.message_where(lambda message: bool(message.buttons), timeout_s=QUICK_S)
        await _looked_at(bot, 3)
        others = 9
        scheduler = bot.app.container.scheduling.scheduler
        await _in_time(bot, 30.0, lambda: scheduler.let_go is not None)
        assert engine.unloads == 0
        shown = await said_alone(await host.command(bot.channel, "host status"), "another program takes")
        gate.set()
        await first.message_where(has_pictures, timeout_s=QUICK_S)
        waits = await second.message_where(lambda message: NEEDED in message.text, timeout_s=QUICK_S)
        assert "I look again every minute." in waits.text
        await _until(lambda: engine.unloads == 1)
        await _looked_at(bot, 30)
        shown = await said_alone(await host.command(bot.channel, "host status"), "another program has")
        assert "looked at again every minute" in shown.text
        mine = await said_alone(await bot.bob.command(bot.channel, "queue"), NEEDED)
        assert "#2" in mine.text
        assert (engine.starts, len(engine.batches)) == (1, 1)
        others = 1
        await _in_time(bot, 90.0, lambda: engine.starts == 2)
        await second.message_where(has_pictures, timeout_s=QUICK_S)
        await bot.until("SELECT COUNT(*) FROM outbox WHERE state = 'sent'", 2)
        assert await _spent(bot) == 20
    assert_accounted_for(environment.folder, [environment.channel])


async def _looked_at(bot: RunningBot, looks: int) -> None:
    for _ in range(looks):
        bot.clock.advance(5.0)
        for _ in range(4):
            await asyncio.sleep(LOOKS_EVERY_S)


def _is_waiting(message: ShownMessage) -> bool:
    return re.search("needed for a while", message.text) is not None
