"""A server that removes the bot gets refunds for what is not drawn, after an hour."""

import asyncio

from kleinbot.chat.core.look_ups import DiscordLookUps
from kleinbot.domain.ports.look_ups import Found
from kleinbot.domain.service_mode import ServiceMode
from kleinbot.sandbox import Guild, ShownMessage
from tests.e2e.pictures import result, said_alone
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


async def test_what_a_server_held_goes_a_month_after_it_was_left_if_discord_says_so(
    environment: BotEnvironment,
) -> None:
    standin, world = environment.standin, environment.standin.world
    other = world.add_server("Other")
    place = world.add_channel(other, "place")
    carl = world.add_member(other, "carl")
    owner = world.add_member(environment.server, world.owner.name, permissions=("manage_guild",))
    async with environment.running_bot(ScriptedEngine()) as bot:
        client, privacy = bot.app.container.discord.client, bot.app.container.usecases.privacy
        ours = f"SELECT COUNT(*) FROM jobs WHERE member_id = {carl.id}"
        look_ups = DiscordLookUps(lambda: client, bot.clock)
        await asyncio.wait_for(client.wait_until_ready(), QUICK_S)
        await result(await carl.command(place, "imagine", prompt="a fox"))
        await result(await bot.ada.command(bot.channel, "imagine", prompt="a hat"))
        await bot.until("SELECT COUNT(*) FROM outbox WHERE state != 'sent'", 0)
        # An outage is no departure.
        standin.state.dispatch("GUILD_DELETE", {"id": str(other.id), "unavailable": True}, other.id)
        async with asyncio.timeout(QUICK_S):
            while (guild := client.get_guild(other.id)) is not None and not guild.unavailable:
                await bot.number("SELECT 1")
        await privacy.gone_servers.work()
        assert await bot.number("SELECT COUNT(*) FROM left_servers") == 0
        # It is back within the month.
        await _leave(bot, other)
        await privacy.gone_servers.work()
        listed = await said_alone(
            await owner.command(bot.channel, "host servers"), f"Server {other.id} has removed"
        )
        assert "with one picture, goes on <t:" in listed.text
        world.invite(other)
        async with asyncio.timeout(QUICK_S):
            while client.get_guild(other.id) is None:
                await bot.number("SELECT 1")
        await privacy.gone_servers.work()
        assert await bot.number("SELECT COUNT(*) FROM left_servers") == 0
        await _leave(bot, other)
        await privacy.gone_servers.work()
        standin.cloudflare("GET /guilds/*", status=403)
        bot.clock.advance(31 * 86_400)
        async with asyncio.timeout(QUICK_S):
            while not standin.exchanges_of("GET", "/guilds/*"):
                await bot.number("SELECT 1")
        assert await bot.number(ours) == 1
        await privacy.gone_servers.work()
        assert await bot.number(ours) == 0
        assert await bot.number("SELECT COUNT(*) FROM left_servers WHERE done_ms IS NOT NULL") == 1
        assert await bot.number(f"SELECT COUNT(*) FROM jobs WHERE member_id = {bot.ada.id}") == 1
        assert len(list(environment.folder.glob("archive/images/*/*.png"))) == 1
        assert standin.exchanges_of("DELETE", "/channels/*") == []
        # Members are asked for one by one.
        assert await look_ups.member(bot.server.id, bot.ada.id) is Found.THERE
        assert await look_ups.member(bot.server.id, carl.id) is Found.GONE
        assert await look_ups.member(other.id, carl.id) is Found.UNKNOWN
        assert await look_ups.server(bot.server.id) is Found.THERE


async def _leave(bot: RunningBot, server: Guild) -> None:
    """Let a server remove the bot, and wait until it knows."""
    bot.standin.delete_server(server)
    async with asyncio.timeout(QUICK_S):
        while bot.app.container.discord.client.get_guild(server.id) is not None:
            await bot.number("SELECT 1")
