"""A server that joins later, and the limit over all servers, through the real client."""

import logging

import pytest

from kleinbot.app.lifecycle import ANYBODY_MAY_INVITE
from tests.e2e.pictures import imagined, result, said
from tests.e2e.running_bot import BotEnvironment
from tests.scripted_engine import ScriptedEngine


async def test_a_server_that_joins_later_begins_with_a_small_share(environment: BotEnvironment) -> None:
    async with environment.running_bot(ScriptedEngine()) as bot:
        await bot.until("SELECT COUNT(*) FROM facts WHERE name = 'newcomer_share'", 1)
        world = bot.standin.world
        later = world.add_server("Later")
        channel, eve = world.add_channel(later, "pictures"), world.add_member(later, "eve")
        await imagined(bot)
        await result(await eve.command(channel, "imagine", prompt="a fox"))
        read = await bot.app.container.base.database.read.all("SELECT server_id, share FROM servers")
        shares = {row["server_id"]: row["share"] for row in read}
        assert shares == {bot.server.id: 1.0, later.id: 0.25}
        assert bot.app.container.scheduling.shares.share(later.id) == 0.25


async def test_a_person_in_two_servers_reads_the_bound_and_no_server(environment: BotEnvironment) -> None:
    async with environment.running_bot(ScriptedEngine(), quota_pictures=2, quota_everywhere=2) as bot:
        world = bot.standin.world
        other = world.add_server("Other")
        channel, ada = world.add_channel(other, "pictures"), world.add_member(other, "ada")
        assert ada.id == bot.ada.id
        await imagined(bot, count=2)
        told = await said(await ada.command(channel, "imagine", prompt="a fox"), "counted over every server")
        assert told.is_ephemeral
        assert told.text.startswith(
            "You have spent 2 pictures in the last 24 hours, counted over every server in which you use me, "
            "and one person gets 2. This needs 1. Enough comes back <t:"
        )
        assert "Studio" not in told.text
        shown = await said(await ada.command(channel, "quota"), "You have 0 pictures left")
        assert "Over all servers together you have used 2 of the 2 pictures" in shown.text
        assert "2 of 2 left in 24 hours\n" in shown.text


async def test_the_start_says_that_every_server_may_invite_it(
    environment: BotEnvironment, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "kleinbot.app.lifecycle"):
        async with environment.running_bot(ScriptedEngine()):
            pass
        assert [record.getMessage() for record in caplog.records].count(ANYBODY_MAY_INVITE) == 1
        async with environment.running_bot(ScriptedEngine(), allowed_servers=[environment.server.id]):
            pass
    assert [record.getMessage() for record in caplog.records].count(ANYBODY_MAY_INVITE) == 1
