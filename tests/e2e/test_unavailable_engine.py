"""What members read while nothing can be drawn, and what happens to their places."""

import asyncio
import sqlite3
from contextlib import closing

import pytest
from aiohttp import TCPConnector
from aiohttp.abc import AbstractResolver, ResolveResult

from kleinbot.app.container import Externals
from kleinbot.app.opening import opened
from kleinbot.config.settings import Settings
from kleinbot.dispatch.watchdog import SLICE_S, UNKNOWN_S
from kleinbot.domain.errors import Code, StartError
from kleinbot.domain.faults import NoFaults
from kleinbot.domain.work import EnginePhase
from kleinbot.process.supervisor import RESTART_CODE
from kleinbot.store.migrations import load_migrations, migrate
from kleinbot.texts import Texts
from tests.e2e.running_bot import BotEnvironment, RunningBot, has_pictures
from tests.scripted_engine import ScriptedEngine

QUICK_S = 15.0


class HangingEngine(ScriptedEngine):
    """A GPU whose thread never returns once a step hangs, not even to be closed."""

    def __init__(self) -> None:
        super().__init__()
        self.step_gates = {2: asyncio.Event()}

    async def close(self) -> None:
        await asyncio.Event().wait()


async def test_a_gpu_that_hangs_is_reported_and_the_process_ends_at_once_with_every_place_kept(
    environment: BotEnvironment,
) -> None:
    engine = HangingEngine()
    chosen = Settings(data_folder=environment.folder, weights=environment.weights, device="cpu", grace_s=5)
    externals = Externals(
        environment.clock, environment.chance, NoFaults(), {"connector": environment.standin.connector()}
    )
    async with asyncio.timeout(40):
        async with opened(chosen, externals, engine) as app:
            running = asyncio.create_task(app.run(environment.standin.token))
            await environment.standin.registered("imagine", timeout_s=QUICK_S)
            await environment.standin.online(timeout_s=QUICK_S)
            drawn = await environment.ada.command(environment.channel, "imagine", prompt="a fox")
            await engine.started.wait()
            waiting = await environment.bob.command(environment.channel, "imagine", prompt="an owl")
            await waiting.acknowledged(timeout_s=QUICK_S)
            for _ in range(round(UNKNOWN_S / SLICE_S)):
                environment.clock.advance(SLICE_S)
                await waiting.acknowledged(timeout_s=QUICK_S)
                for _ in range(5):
                    await asyncio.sleep(0)
            for handle in (drawn, waiting):
                await handle.message_where(lambda m: "about to restart" in m.text, timeout_s=QUICK_S)
            assert await running == RESTART_CODE
    async with environment.running_bot(ScriptedEngine()) as bot:
        for handle in (drawn, waiting):
            await handle.message_where(has_pictures, timeout_s=QUICK_S)
        assert await bot.number("SELECT -SUM(amount_tenths) FROM ledger") == 20


async def test_a_clean_stop_lets_the_batch_in_hand_be_finished(
    environment: BotEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For the grace period, however short the remaining timeouts are."""
    monkeypatch.setattr("kleinbot.app.lifecycle._CLOSING_S", 0.01)
    engine = ScriptedEngine()
    engine.gate.clear()

    async def finish_once_stopping(bot: RunningBot) -> None:
        while bot.app.container.scheduling.scheduler.engine_state().phase is not EnginePhase.DRAINING:
            await bot.number("SELECT 1")
        for _ in range(1_000):
            await bot.number("SELECT 1")
        engine.gate.set()

    async with environment.running_bot(engine, grace_s=60) as bot:
        await bot.ada.command(bot.channel, "imagine", prompt="a fox")
        await engine.started.wait()
        finishing = asyncio.create_task(finish_once_stopping(bot))
    await finishing
    async with environment.running_bot(ScriptedEngine()) as bot:
        await bot.until("SELECT COUNT(*) FROM images WHERE state = 'done'", 1)
        assert await bot.number("SELECT COUNT(*) FROM attempts") == 1


class NoNetwork(AbstractResolver):
    async def resolve(self, host: str, port: int = 0, family: int = 0) -> list[ResolveResult]:
        raise OSError(-3, f"Temporary failure in name resolution of {host}")

    async def close(self) -> None:
        return


async def test_without_a_network_a_new_process_is_requested_and_the_owner_reads_what_to_check(
    environment: BotEnvironment, caplog: pytest.LogCaptureFixture
) -> None:
    chosen = Settings(data_folder=environment.folder, weights=environment.weights, device="cpu", grace_s=5)
    connector = TCPConnector(resolver=NoNetwork())
    externals = Externals(environment.clock, environment.chance, NoFaults(), {"connector": connector})
    async with opened(chosen, externals, ScriptedEngine()) as app:
        assert await app.run(environment.standin.token) == RESTART_CODE
    [record] = [record for record in caplog.records if record.name == "kleinbot.app.lifecycle"]
    sentence = record.getMessage()
    assert "discord.com" in sentence
    for check in ("network", "DNS", "https://discordstatus.com", "doctor"):
        assert check in sentence


async def test_a_full_disk_is_reported_and_work_continues_by_itself_once_there_is_room(
    environment: BotEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = ScriptedEngine()
    free = {"bytes": 0}
    monkeypatch.setattr("kleinbot.archive.archive.Archive.free_bytes", lambda _: free["bytes"])
    async with environment.running_bot(engine) as bot:
        started = asyncio.ensure_future(engine.started.wait())
        handle = await bot.ada.command(bot.channel, "imagine", prompt="a fox")
        await handle.message_where(lambda m: bool(m.buttons), timeout_s=QUICK_S)
        bot.clock.advance(10)
        held = await handle.message_where(lambda m: "disk" in m.text, timeout_s=QUICK_S)
        assert "Next in line · The disk of the bot's host is full" in held.text
        assert engine.batches == []
        free["bytes"] = 2**40
        # More than once, since free space may just have been queried; not so often that the token expires.
        for _ in range(20):
            if not engine.started.is_set():
                bot.clock.advance(20)
                await asyncio.wait({started}, timeout=0.5)
        await asyncio.wait_for(started, QUICK_S)
        await handle.message_where(has_pictures, timeout_s=QUICK_S)


async def test_a_database_that_cannot_grow_is_called_a_full_disk_and_takes_nothing(
    environment: BotEnvironment,
) -> None:
    engine = ScriptedEngine()
    engine.gate.clear()
    async with environment.running_bot(engine, grace_s=1) as bot:
        async with bot.app.container.base.database.transaction() as transaction:
            pages = await transaction.number("PRAGMA page_count")
            await transaction.all(f"PRAGMA max_page_count = {pages}")
        said: list[str] = []
        while not said or "disk" not in said[-1]:
            assert len(said) < 40, said[-1]  # the free space within pages is used up first
            handle = await bot.ada.command(bot.channel, "imagine", prompt="a very long story " * 30)
            said.append((await handle.message_where(lambda m: bool(m.text), timeout_s=QUICK_S)).text)
        assert said[-1] == (
            "The disk of the bot's host is full, so this could not be done: nothing has changed and nothing "
            "was charged. Try again once there is room."
        )
        accepted = len(said) - 1
        assert await bot.number("SELECT COUNT(*) FROM jobs") == accepted
        assert await bot.number("SELECT -SUM(amount_tenths) FROM ledger") == 10 * accepted


@pytest.mark.parametrize("damage", ["garbage", "pages"])
async def test_a_damaged_database_ends_the_start_with_a_sentence(
    environment: BotEnvironment, damage: str
) -> None:
    file = environment.folder / "kleinbot.sqlite3"
    migrate(file, load_migrations(), environment.clock)
    with closing(sqlite3.connect(file)) as connection:
        # The pages by which waiting jobs are looked up, by any index.
        roots = connection.execute(
            "SELECT rootpage FROM sqlite_master WHERE tbl_name IN ('images', 'jobs')"
        ).fetchall()
        (page_bytes,) = connection.execute("PRAGMA page_size").fetchone()
    first_bytes = [0] if damage == "garbage" else [(page - 1) * page_bytes for (page,) in roots]
    with file.open("rb+") as pages:
        for first_byte in first_bytes:
            pages.seek(first_byte)
            pages.write(b"\x5a" * page_bytes)
    chosen = Settings(data_folder=environment.folder, weights=environment.weights, device="cpu")
    externals = Externals(
        environment.clock, environment.chance, NoFaults(), {"connector": environment.standin.connector()}
    )
    with pytest.raises(StartError) as caught:
        async with opened(chosen, externals, ScriptedEngine()) as app:
            await app.run(environment.standin.token)
    assert caught.value.code is Code.DATABASE_DAMAGED
    for locale in ("en-US", "de"):
        sentence = Texts().error(caught.value, locale)
        assert "kleinbot.sqlite3" in sentence
        assert ".backup" in sentence


async def test_what_a_clock_that_was_ahead_delayed_is_delivered_at_the_next_start(
    environment: BotEnvironment,
) -> None:
    async with environment.running_bot(ScriptedEngine()) as bot:
        handle = await bot.ada.command(bot.channel, "imagine", prompt="a fox")
        await handle.message_where(has_pictures, timeout_s=QUICK_S)
        await bot.until("SELECT COUNT(*) FROM outbox WHERE state = 'sent'", 1)
    with closing(sqlite3.connect(environment.folder / "kleinbot.sqlite3")) as connection, connection:
        connection.execute("UPDATE outbox SET state = 'pending', due_ms = due_ms + 2592000000")
    async with environment.running_bot(ScriptedEngine()) as bot:
        await bot.until("SELECT COUNT(*) FROM outbox WHERE state = 'sent'", 1)
