"""/mod and /admin channels through the real client, with and without power, in two servers."""

from collections.abc import Mapping, Sequence

import pytest

from kleinbot.sandbox import Person
from kleinbot.sandbox.rules.errors import PersonError
from tests.e2e.pictures import answered, delivered, result, said, said_alone
from tests.e2e.running_bot import BotEnvironment
from tests.scripted_engine import ScriptedEngine


def _forged(
    command: str, name: str, options: Sequence[Mapping[str, object]], about: Person, kind: int = 1
) -> dict[str, object]:
    """Return a subcommand as a modified client sends it, which asks nobody for permission."""
    user = {"id": str(about.id), "username": about.name, "discriminator": "0", "avatar": None}
    sub = {"name": name, "type": kind, "options": list(options)}
    resolved = {"users": {str(about.id): user}}
    return {"id": "1", "name": command, "type": 1, "options": [sub], "resolved": resolved}


async def test_a_banned_members_jobs_end_and_they_read_why(environment: BotEnvironment) -> None:
    engine = ScriptedEngine()
    world = environment.standin.world
    admin = world.add_member(environment.server, "boss", permissions=("manage_guild", "manage_messages"))
    elsewhere = world.add_server("Elsewhere")
    other_channel = world.add_channel(elsewhere, "there")
    other_mod = world.add_member(elsewhere, "mod", permissions=("manage_messages",))
    async with environment.running_bot(engine) as bot:
        done = await delivered(bot)
        engine.gate.clear()
        asked = [await bot.ada.command(bot.channel, "imagine", prompt=f"fox {at}") for at in range(3)]
        await bot.until("SELECT COUNT(*) FROM jobs WHERE state IN ('queued', 'running')", 3)
        told = await bot.moderator.command(
            bot.channel, "mod timeout", member=bot.ada, hours=2, reason="too *many*"
        )
        shown = await said_alone(told, "3 jobs of theirs ended with it; 3 pictures were given back.")
        assert r"they read your reason: too \*many\*" in shown.text
        engine.gate.set()
        for handle in asked:
            await said(handle, "who moderates this server, cancelled this. 1 picture")
        assert await bot.number("SELECT SUM(amount_tenths) FROM ledger") == -10
        refused = await bot.ada.command(bot.channel, "imagine", prompt="again")
        text = (await said_alone(refused, "have given you a break from making pictures until")).text
        assert "Their reason: too *many*." in text
        await answered(bot.ada, done, "Subtle", "given you a break")
        await answered(bot.ada, done, "Reroll", "given you a break")
        await said_alone(await bot.ada.command(bot.channel, "show", job="1"), "given you a break")
        await result(await bot.bob.command(bot.channel, "imagine", prompt="a dog"))
        again = await admin.command(bot.channel, "mod timeout", member=bot.ada, reason="x")
        await said_alone(again, f"by <@{bot.moderator.id}>: too *many*. To change that, use /mod unban first")
        listed = await admin.command(bot.channel, "mod bans")
        await said_alone(listed, f"<@{bot.ada.id}>, timed out until <t:")
        with pytest.raises(PersonError):
            await bot.bob.command(bot.channel, "mod bans")
        for name, options in (
            ("bans", []),
            ("unban", [{"name": "member", "type": 6, "value": str(bot.bob.id)}]),
        ):
            forged = await bot.bob.raw(bot.channel, _forged("mod", name, options, bot.bob))
            await said_alone(forged, "Only those who may manage messages in this whole server")
        there = await other_mod.command(other_channel, "mod bans")
        await said_alone(there, "Nobody is banned or timed out here.")
        lifted = await admin.command(bot.channel, "mod unban", member=bot.ada)
        await said_alone(lifted, "may make pictures here again")
        refused = await bot.moderator.command(bot.channel, "mod ban", member=admin, reason="x")
        await said_alone(refused, "That member may manage this server")
        banned = await bot.moderator.command(bot.channel, "mod ban", member=bot.ada, days=3, reason="spam")
        await said_alone(banned, "makes no pictures here until")
        bot.clock.advance(3 * 86_400)
        await result(await bot.ada.command(bot.channel, "imagine", prompt="a cat"))
        suggested = await admin.autocomplete(bot.channel, "admin audit", "action", "ban", timeout_s=10)
        assert ("… banned …", "ban") in [(each.name, each.value) for each in suggested]
        read = await admin.command(bot.channel, "admin audit", member=bot.ada, action="ban", days=30)
        shown = await said_alone(read, f"<@{bot.moderator.id}> banned <@{bot.ada.id}>")
        assert "spam" in shown.text
        assert "timed" not in shown.text
        assert "fox" not in shown.text
        wrong = await admin.forge(bot.channel, "admin audit", action="dance")
        await said_alone(wrong, "action")
        for _ in range(9):
            await said(
                await admin.command(bot.channel, "mod warn", member=bot.bob, reason="hm"), "reads that"
            )
        page = await said_alone(await admin.command(bot.channel, "admin audit"), "changed and decided here")
        turned = await admin.press(page, label="Older")
        page = await turned.message_where(lambda m: "timed" in m.text, timeout_s=10)
        await admin.press(page, label="Newest")
        history = await admin.command(bot.channel, "admin quota history")
        await said_alone(history, f"<@{bot.moderator.id}> banned <@{bot.ada.id}>")


async def test_channels_are_allowed_denied_and_cleared(environment: BotEnvironment) -> None:
    world = environment.standin.world
    admin = world.add_member(environment.server, "boss", permissions=("manage_guild",), locale="de")
    chat = world.add_channel(environment.server, "chat")
    secret = world.add_channel(environment.server, "secret")
    world.hide(secret, environment.ada)
    thread = world.add_thread(environment.channel, "foxes", environment.ada)
    async with environment.running_bot(ScriptedEngine()) as bot:
        done = await delivered(bot)
        set_up = await admin.command_with(chat, "admin channels allow", {"channel": environment.channel})
        text = f"Bilder werden nur in <#{environment.channel.id}> und in den Threads dort gemacht."
        await said_alone(set_up, text)
        await said(
            await admin.command_with(chat, "admin channels allow", {"channel": secret}),
            "Bilder werden nur in",
        )
        refused = await bot.ada.command(chat, "imagine", prompt="a fox")
        where = f"Pictures are made in <#{environment.channel.id}> here, not in this channel."
        await said_alone(refused, where)
        await said_alone(await bot.ada.command(chat, "show", job="1"), where)
        await said_alone(await bot.ada.command(chat, "variations", picture="#1"), where)
        await result(await bot.ada.command(thread, "imagine", prompt="a fox"))
        await result(await bot.ada.press(done, label="Reroll"))
        denied = await admin.command_with(chat, "admin channels deny", {"channel": environment.channel})
        await said_alone(denied, "werden keine Bilder gemacht")
        refused = await bot.ada.command(thread, "imagine", prompt="a fox")
        await said_alone(refused, "none of which you can see")
        inner = {"name": "clear", "type": 1, "options": []}
        forged = await bot.moderator.raw(chat, _forged("admin", "channels", [inner], bot.bob, kind=2))
        await said_alone(forged, "Only who may manage this server can do that.")
        await said(await admin.command(chat, "admin channels clear"), "in jedem Kanal")
        await said(await admin.command(chat, "admin channels list"), "in jedem Kanal")
        await result(await bot.ada.command(chat, "imagine", prompt="a fox"))
