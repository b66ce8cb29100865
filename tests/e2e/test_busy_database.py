"""Another program locks the database, like a backup or a shell does: everybody is answered in time."""

import asyncio

from kleinbot.domain.work import EnginePhase
from kleinbot.sandbox import InteractionHandle
from tests.e2e.holder import held
from tests.e2e.pictures import imagined
from tests.e2e.running_bot import BotEnvironment, RunningBot, has_pictures
from tests.scripted_engine import ScriptedEngine

DISCORD_WAITS_S = 3.0
QUICK_S = 20.0
BUSY = (
    "Another program on the bot's host holds up its database, so this could not be done: nothing has changed "
    "and nothing was charged. Try again in a few seconds."
)


async def _accounts(bot: RunningBot) -> list[int]:
    tables = ("jobs", "ledger", "outbox", "favourites", "removals", "audit")
    return [await bot.number(f"SELECT COUNT(*) FROM {table}") for table in tables]


async def _answered(handle: InteractionHandle) -> str:
    await handle.acknowledged(timeout_s=QUICK_S)
    assert handle.acknowledged_after_s is not None
    assert handle.acknowledged_after_s < DISCORD_WAITS_S
    return (await handle.message_where(lambda message: message.text, timeout_s=QUICK_S)).text


async def test_everybody_is_answered_in_time_and_truthfully(
    environment: BotEnvironment,
) -> None:
    engine = ScriptedEngine()
    async with environment.running_bot(engine) as bot:
        several, single = await imagined(bot, count=2), await imagined(bot)
        await bot.until("SELECT COUNT(*) FROM outbox WHERE state = 'sent'", 2)
        engine.gate.clear()
        await (await bot.ada.command(bot.channel, "imagine", prompt="a bear")).acknowledged()
        await bot.until("SELECT COUNT(*) FROM images WHERE state = 'running'", 1)
        account_check = await _accounts(bot)
        async with held(environment.folder / "kleinbot.sqlite3"):
            ada, bob, channel = bot.ada, bot.bob, bot.channel
            refused = await asyncio.gather(
                *(ada.command(channel, "imagine", prompt=f"fox {number}") for number in range(6)),
                ada.command(channel, "cancel"),
                ada.command(channel, "variations", picture="#1"),
                bob.press(several, label="Reroll"),
                bob.press(several, label="V1"),
                bob.press(single, label="♥"),
            )
            told = await asyncio.gather(*(_answered(handle) for handle in refused))
            assert told == [BUSY] * len(refused)

            read = await asyncio.gather(
                ada.command(channel, "quota"),
                ada.command(channel, "queue"),
                ada.command(channel, "history"),
                ada.press(several, label="More …"),
            )
            told = await asyncio.gather(*(_answered(handle) for handle in read))
            assert told[0].startswith("**You have 56 of 60 pictures left: "), told[0]
            assert BUSY not in told
            assert await ada.autocomplete(channel, "show", "job", "fox") != []
        assert await _accounts(bot) == account_check
        assert await _answered(await bob.press(single, label="♥")) != BUSY
        engine.gate.set()


async def test_what_is_drawn_meanwhile_is_stored_and_delivered_once_the_database_is_free(
    environment: BotEnvironment,
) -> None:
    engine = ScriptedEngine()
    engine.gate.clear()
    async with environment.running_bot(engine) as bot:
        await bot.ready()
        assert engine.state.phase is EnginePhase.READY
        handle = await bot.ada.command(bot.channel, "imagine", prompt="a fox")
        await handle.acknowledged(timeout_s=QUICK_S)
        await bot.until("SELECT COUNT(*) FROM images WHERE state = 'running'", 1)
        async with held(environment.folder / "kleinbot.sqlite3"):
            engine.gate.set()
            refused = await bot.bob.command(bot.channel, "imagine", prompt="another fox")
            assert await _answered(refused) == BUSY
        # It waits longer than a member does; otherwise it would retry after a pause.
        environment.clock.advance(60)
        await handle.message_where(has_pictures, timeout_s=QUICK_S)
        assert await bot.number("SELECT COUNT(*) FROM ledger WHERE kind = 'settle'") == 1
