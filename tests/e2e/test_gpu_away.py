"""A GPU that is missing at a restart: Klein's jobs wait for it, or the owner chooses to serve without it."""

import asyncio
import sqlite3
from dataclasses import replace
from typing import Any

import pytest

from kleinbot.app import opening
from kleinbot.app.engine_startup import FIRST_RETRY_S
from kleinbot.app.model_choice import SMALL_KLEIN, ModelChoice, choose_model
from kleinbot.app.torch_probe import TorchProbe
from kleinbot.config.settings import Settings
from kleinbot.domain.errors import Code
from kleinbot.domain.profile import CUDA_BF16
from kleinbot.domain.work import EnginePhase, ModelSize
from kleinbot.hardware.facts import GIB, HostMemory, MachineFacts, System
from kleinbot.process.supervisor import RESTART_CODE
from kleinbot.sandbox import InteractionHandle
from tests.e2e.running_bot import BotEnvironment, has_pictures
from tests.scripted_engine import ScriptedEngine

QUICK_S = 15.0
AUTO: dict[str, Any] = {"device": "auto", "weights": None}


class Machine:
    """Has a GPU until it is removed."""

    def __init__(self) -> None:
        self.has_gpu = True

    def choose(self, settings: Settings, without: frozenset[str] = frozenset()) -> ModelChoice:
        facts = MachineFacts(System.LINUX, HostMemory(16 * GIB, 12 * GIB))
        small = choose_model(settings, lambda: facts, without=without)
        return replace(small, profile=CUDA_BF16, size=ModelSize.FULL) if self.has_gpu else small


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    machine = Machine()
    report = TorchProbe("2.13.0+cu130", "13.0", is_available=True, has_kernels=True)
    monkeypatch.setattr(opening, "choose_model", machine.choose)
    monkeypatch.setattr("kleinbot.app.gpu_availability.ask_torch", lambda _: report)
    return machine


async def klein_job(environment: BotEnvironment) -> InteractionHandle:
    """Have a job accepted that still waits when the bot stops."""
    engine = ScriptedEngine(CUDA_BF16)
    engine.gate.clear()
    async with environment.running_bot(engine, **{**AUTO, "grace_s": 1}) as bot:
        handle = await bot.ada.command(bot.channel, "imagine", prompt="a fox")
        await handle.acknowledged(timeout_s=QUICK_S)
        await engine.started.wait()
    return handle


def rows(environment: BotEnvironment, sql: str) -> list[tuple[Any, ...]]:
    connection = sqlite3.connect(environment.folder / "kleinbot.sqlite3")
    found = connection.execute(sql).fetchall()
    connection.close()
    return found


async def test_what_was_ordered_of_klein_waits_until_its_gpu_is_back(
    environment: BotEnvironment, machine: Machine, caplog: pytest.LogCaptureFixture
) -> None:
    handle = await klein_job(environment)
    machine.has_gpu = False
    async with environment.running_bot(**AUTO, exits_with=RESTART_CODE) as away:
        assert away.app.container.scheduling.engines[0].state.phase is EnginePhase.FAILED
        assert away.app.container.scheduling.engines[0].state.error is not None
        assert away.app.container.scheduling.engines[0].state.error.code is Code.WAITS_FOR_CARD
        refused = await away.bob.command(away.channel, "imagine", prompt="a hat")
        await refused.message_where(lambda message: "could not be started" in message.text, timeout_s=QUICK_S)
        assert await away.number("SELECT COUNT(*) FROM jobs WHERE state = 'queued'") == 1
        assert "nvidia-smi" in caplog.text
        machine.has_gpu = True
        away.clock.advance(FIRST_RETRY_S)
        await asyncio.wait_for(away.app.stopping.wait(), QUICK_S)
    assert rows(environment, "SELECT SUM(kind = 'settle'), SUM(kind = 'refund') FROM ledger") == [(0, 0)]
    engine = ScriptedEngine(CUDA_BF16)
    async with environment.running_bot(engine, **AUTO) as bot:
        await handle.message_where(has_pictures, timeout_s=QUICK_S)
        await bot.until("SELECT COUNT(*) FROM outbox WHERE state = 'sent'", 1)
    [[task]] = engine.batches
    assert task.spec.grid.tokens == 4096


@pytest.mark.parametrize(
    "decided", [{"device": "cpu", "weights": None}, {"device": "auto", "weights": SMALL_KLEIN}]
)
async def test_an_owner_who_continues_with_the_small_model_refunds_what_waits(
    environment: BotEnvironment, machine: Machine, decided: dict[str, Any]
) -> None:
    handle = await klein_job(environment)
    machine.has_gpu = False
    engine = ScriptedEngine()
    async with environment.running_bot(engine, **decided) as bot:
        await handle.message_where(lambda message: "another model" in message.text, timeout_s=QUICK_S)
        assert await bot.number("SELECT SUM(amount_tenths) FROM ledger") == 0
        new = await bot.ada.command(bot.channel, "imagine", prompt="a red circle")
        await new.message_where(has_pictures, timeout_s=QUICK_S)
    assert len(engine.batches) == 1
