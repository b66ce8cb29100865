"""A server that removes the bot gets refunds for what is not drawn, after an hour."""

import asyncio

from kleinbot.domain.service_mode import ServiceMode
from kleinbot.sandbox import ShownMessage
from tests.e2e.running_bot import BotEnvironment, RunningBot
from tests.scripted_engine import ScriptedEngine

QUICK_S = 15.0


async def _spent(bot: RunningBot) -> int:
    return await bot.number("SELECT -SUM(amount_tenths) FROM ledger")


async def test_an_hour_after_the_removal_what_is_open_is_given_back(environment: BotEnvironment) -> None:
    async with environment.running_bot(ScriptedEngine()) as bot:
        bot.app.container.scheduling.scheduler.set_service_mode(
            ServiceMode.PAUSED
        )  # nothing is drawn meanwhile
        await asyncio.wait_for(bot.app.container.discord.client.wait_until_ready(), QUICK_S)
        for prompt in ("first", "second"):
            handle = await bot.ada.command(bot.channel, "imagine", prompt=prompt)
            await handle.acknowledged(timeout_s=QUICK_S)
        bot.standin.delete_server(bot.server)
        async with asyncio.timeout(QUICK_S):
            while bot.app.container.discord.client.get_guild(bot.server.id) is not None:
                await bot.number("SELECT 1")
        await bot.app.container.usecases.owner.departures.check()
        assert await bot.number("SELECT COUNT(*) FROM servers WHERE left_ms IS NOT NULL") == 1
        bot.clock.advance(59 * 60)
        await bot.app.container.usecases.owner.departures.check()
        assert await _spent(bot) == 20
        bot.clock.advance(60)
        await bot.app.container.usecases.owner.departures.check()
        assert await _spent(bot) == 0
        assert await bot.number("SELECT COUNT(*) FROM jobs WHERE error_code = 'error-server-left'") == 2
        assert bot.app.container.scheduling.scheduler.queue.waiting == ()


async def test_whoever_is_back_within_the_hour_keeps_their_places(environment: BotEnvironment) -> None:
    async with environment.running_bot(ScriptedEngine()) as bot:
        bot.app.container.scheduling.scheduler.set_service_mode(ServiceMode.PAUSED)
        await asyncio.wait_for(bot.app.container.discord.client.wait_until_ready(), QUICK_S)
        handle = await bot.ada.command(bot.channel, "imagine", prompt="first")
        await handle.message_where(_says_its_place, timeout_s=QUICK_S)
        async with bot.app.container.base.database.transaction() as transaction:
            await transaction.change("UPDATE servers SET left_ms = ?", bot.clock.now_ms() - 59 * 60_000)
        await bot.app.container.usecases.owner.departures.check()
        assert await bot.number("SELECT COUNT(*) FROM servers WHERE left_ms IS NOT NULL") == 0
        bot.clock.advance(3600)
        await bot.app.container.usecases.owner.departures.check()
        assert await _spent(bot) == 10


def _says_its_place(message: ShownMessage) -> bool:
    return bool(message.text)
