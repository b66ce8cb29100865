"""A profile chosen while a game ran is replaced after it: the bot restarts once nothing is drawn."""

import asyncio

import pytest

from kleinbot.app.failed_profiles import FailedProfiles
from kleinbot.app.model_choice import choose_model
from kleinbot.app.profile_reselection import IDLE_S, LOOK_EVERY_S, LOOK_IDLE_EVERY_S, ProfileReselection
from kleinbot.config.settings import Settings
from kleinbot.hardware.facts import MachineFacts
from kleinbot.process.supervisor import RESTART_CODE
from tests.app.test_profile_reselection import with_a_game, with_own
from tests.e2e.running_bot import BotEnvironment, RunningBot, has_pictures
from tests.hardware.machines import RTX_3090
from tests.scripted_engine import ScriptedEngine

HELD = 9 * 2**30
QUICK_S = 15.0


class Looks:
    """The machine's hardware at each look."""

    def __init__(self) -> None:
        self.taken = 0
        self.facts = with_own(RTX_3090.facts(), HELD)

    def look(self) -> MachineFacts:
        self.taken += 1
        return self.facts


async def drawn(bot: RunningBot) -> None:
    handle = await bot.ada.command(bot.channel, "imagine", prompt="a fox")
    await handle.message_where(has_pictures, timeout_s=QUICK_S)
    await bot.until("SELECT COUNT(*) FROM outbox WHERE state != 'sent'", 0)


def beside_a_game(bot: RunningBot, looks: Looks) -> ProfileReselection:
    chosen = choose_model(Settings(), lambda: with_a_game(RTX_3090, 10))
    failed = FailedProfiles(bot.app.container.base.archive.root, bot.clock)
    return ProfileReselection(Settings(), chosen, failed, looks.look)


async def test_a_better_profile_is_taken_once_nothing_has_been_drawn_for_a_while(
    environment: BotEnvironment, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUDA_DEVICE_ORDER", "PCI_BUS_ID")
    engine, looks = ScriptedEngine(), Looks()
    engine.held_bytes = HELD
    async with environment.running_bot(engine, exits_with=RESTART_CODE) as bot:
        bot.app.profile_reselection = beside_a_game(bot, looks)
        await drawn(bot)
        bot.clock.advance(LOOK_EVERY_S - IDLE_S / 2)
        await drawn(bot)
        bot.clock.advance(IDLE_S - 1)
        for _ in range(50):
            await bot.number("SELECT 1")
        assert looks.taken == 0, "a member may go on in a moment"
        bot.clock.advance(LOOK_IDLE_EVERY_S)
        await asyncio.wait_for(bot.app.stopping.wait(), QUICK_S)
    assert "fits now and is better" in caplog.text
