"""A server that removes the bot gets back what is not drawn, after an hour."""

import asyncio

from kleinbot.domain.service_mode import ServiceMode
from kleinbot.sandbox import ShownMessage
from tests.e2e.running_bot import House, Stage
from tests.scripted_engine import ScriptedEngine

QUICK_S = 15.0


async def _spent(house: House) -> int:
    return await house.number("SELECT -SUM(amount_tenths) FROM ledger")


async def test_an_hour_after_the_removal_what_is_open_is_given_back(stage: Stage) -> None:
    async with stage.house(ScriptedEngine()) as house:
        house.app.container.scheduling.scheduler.set_service_mode(
            ServiceMode.PAUSED
        )  # nothing is drawn meanwhile
        await asyncio.wait_for(house.app.container.discord.client.wait_until_ready(), QUICK_S)
        for prompt in ("first", "second"):
            handle = await house.ada.command(house.channel, "imagine", prompt=prompt)
            await handle.acknowledged(timeout_s=QUICK_S)
        house.standin.delete_server(house.server)
        async with asyncio.timeout(QUICK_S):
            while house.app.container.discord.client.get_guild(house.server.id) is not None:
                await house.number("SELECT 1")
        await house.app.container.usecases.departures.look()
        assert await house.number("SELECT COUNT(*) FROM servers WHERE left_ms IS NOT NULL") == 1
        house.clock.advance(59 * 60)
        await house.app.container.usecases.departures.look()
        assert await _spent(house) == 20
        house.clock.advance(60)
        await house.app.container.usecases.departures.look()
        assert await _spent(house) == 0
        assert await house.number("SELECT COUNT(*) FROM jobs WHERE error_code = 'error-server-left'") == 2
        assert house.app.container.scheduling.scheduler.queue.waiting == ()


async def test_whoever_is_back_within_the_hour_keeps_their_places(stage: Stage) -> None:
    async with stage.house(ScriptedEngine()) as house:
        house.app.container.scheduling.scheduler.set_service_mode(ServiceMode.PAUSED)
        await asyncio.wait_for(house.app.container.discord.client.wait_until_ready(), QUICK_S)
        handle = await house.ada.command(house.channel, "imagine", prompt="first")
        await handle.message_where(_says_its_place, timeout_s=QUICK_S)
        async with house.app.container.base.database.transaction() as transaction:
            await transaction.change("UPDATE servers SET left_ms = ?", house.clock.now_ms() - 59 * 60_000)
        await house.app.container.usecases.departures.look()
        assert await house.number("SELECT COUNT(*) FROM servers WHERE left_ms IS NOT NULL") == 0
        house.clock.advance(3600)
        await house.app.container.usecases.departures.look()
        assert await _spent(house) == 10


def _says_its_place(message: ShownMessage) -> bool:
    return bool(message.text)
