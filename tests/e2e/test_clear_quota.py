"""A limit is removed only by an admin who asks for exactly that, and confirms it."""

from kleinbot.sandbox import InteractionHandle, Person, ShownMessage
from tests.e2e.running_bot import BotEnvironment, RunningBot
from tests.scripted_engine import ScriptedEngine


async def said(handle: InteractionHandle, sentence: str) -> ShownMessage:
    return await handle.message_where(lambda message: sentence in message.text, timeout_s=10)


def _root(environment: BotEnvironment) -> Person:
    return environment.standin.world.add_member(environment.server, "root", permissions=("manage_guild",))


async def _limits(bot: RunningBot) -> tuple[int, int]:
    """Return the server's default and bob's own limit, in tenths; -1: none."""
    return (
        await bot.number("SELECT COALESCE(MAX(quota_tenths), -1) FROM servers"),
        await bot.number("SELECT COALESCE(MAX(quota_tenths), -1) FROM members"),
    )


async def test_without_a_number_nothing_is_removed(environment: BotEnvironment) -> None:
    root = _root(environment)
    async with environment.running_bot(ScriptedEngine()) as bot:
        await said(await root.command(bot.channel, "admin quota set", member=bot.bob, pictures=50), "50")
        await said(await root.command(bot.channel, "admin quota set-default", pictures=40), "40")
        told = "Say how many pictures it should be. To take a limit away, use /admin quota clear."
        await said(await root.command(bot.channel, "admin quota set", member=bot.bob), told)
        await said(await root.command(bot.channel, "admin quota set-default"), told)
        assert await _limits(bot) == (400, 500)


async def test_clearing_asks_first_and_works_after_a_restart(environment: BotEnvironment) -> None:
    root = _root(environment)
    async with environment.running_bot(ScriptedEngine()) as bot:
        clear = "admin quota clear"
        await said(await root.command(bot.channel, clear), "This server has no default of its own.")
        await said(await root.command(bot.channel, "admin quota set", member=bot.bob, pictures=50), "50")
        await said(await root.command(bot.channel, "admin quota set-default", pictures=40), "40")
        own = await said(await root.command(bot.channel, clear, member=bot.bob), "alone, 50 in 24 hours?")
        default = await said(await root.command(bot.channel, clear), "this server's default, 40 in 24 hours?")
        kept = await said(await root.command(bot.channel, clear), "this server's default, 40 in 24 hours?")
        await said(await root.press(kept, label="Keep"), "Nothing was changed.")
        assert await _limits(bot) == (400, 500)
    async with environment.running_bot(ScriptedEngine()) as bot:
        told = "more; it was 50 in 24 hours. Now this server's default counts: 40 in 24 hours."
        await said(await root.press(own, label="Take it away"), told)
        assert await _limits(bot) == (400, -1)
        await said(
            await root.press(default, label="Take it away"), "it was 40 in 24 hours. Now the default of"
        )
        assert await _limits(bot) == (-1, -1)
