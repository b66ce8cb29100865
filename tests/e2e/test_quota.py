"""/quota and /admin quota through the real client."""

import asyncio

import pytest

from kleinbot.sandbox import InteractionHandle, Person, ShownMessage
from kleinbot.sandbox.rules.errors import PersonError
from kleinbot.scheduler import accounts, fair
from tests.e2e.pictures import a_png, said_alone
from tests.e2e.running_bot import BotEnvironment, RunningBot, has_pictures
from tests.scripted_engine import ScriptedEngine

QUICK_S = 10.0
DAY_S = 86_400


async def _picture(bot: RunningBot, person: Person, count: int = 1) -> ShownMessage:
    handle = await person.command(bot.channel, "imagine", prompt="a fox", count=count)
    return await handle.message_where(has_pictures, timeout_s=QUICK_S)


async def _cleared(admin: Person, asked: InteractionHandle, sentence: str) -> None:
    question = await asked.message_where(lambda message: message.buttons, timeout_s=QUICK_S)
    await said_alone(await admin.press(question, label="Take it away"), sentence)


def _admin(environment: BotEnvironment) -> Person:
    return environment.standin.world.add_member(environment.server, "root", permissions=("manage_guild",))


async def test_quota_says_what_is_left_why_and_when_more_returns(environment: BotEnvironment) -> None:
    async with environment.running_bot(ScriptedEngine()) as bot:
        before = await said_alone(await bot.ada.command(bot.channel, "quota"), "You have 60 of")
        assert "60 pictures left: the default of the bot's host gives 60 in 24 hours." in before.text
        assert "Nothing has been spent or granted yet." in before.text
        await _picture(bot, bot.ada, count=2)
        after = await said_alone(await bot.ada.command(bot.channel, "quota"), "You have 58 of")
        assert "The next 2 pictures come back <t:" in after.text
        assert "−2 for #1" in after.text


async def test_what_a_picture_cost_is_said_before_and_after(environment: BotEnvironment) -> None:
    async with environment.running_bot(ScriptedEngine()) as bot:
        done = await _picture(bot, bot.ada, count=2)
        assert "Costs" not in done.texts_so_far[0]
        assert "quota" not in done.text  # it costs what a picture costs, and enough are left
        asked = await bot.ada.command(bot.channel, "edit", instruction="a hat", image=a_png())
        edited = await asked.message_where(has_pictures, timeout_s=QUICK_S)
        assert "Cost 2.1 pictures of the quota. 55.9 were left after that." in edited.text


async def test_what_was_cancelled_is_seen_to_come_back(environment: BotEnvironment) -> None:
    engine = ScriptedEngine()
    engine.gate.clear()
    async with environment.running_bot(engine) as bot:
        await bot.ada.command(bot.channel, "imagine", prompt="a fox", count=3)
        await engine.started.wait()
        await said_alone(await bot.ada.command(bot.channel, "cancel"), "is cancelled")
        shown = await said_alone(await bot.ada.command(bot.channel, "quota"), "You have 60 of")
        assert "+3 back from #1" in shown.text
        engine.gate.set()


async def test_what_a_reset_gave_back_is_not_said_to_come_back_again(environment: BotEnvironment) -> None:
    admin = _admin(environment)
    engine = ScriptedEngine()
    engine.gate.clear()
    async with environment.running_bot(engine) as bot:
        await bot.ada.command(bot.channel, "imagine", prompt="a fox", count=3)
        await engine.started.wait()
        reset = await admin.command(bot.channel, "admin quota reset", member=bot.ada)
        await said_alone(reset, "got 3 spent pictures back")
        await said_alone(await bot.ada.command(bot.channel, "cancel"), "is cancelled")
        shown = await said_alone(await bot.ada.command(bot.channel, "quota"), "You have 60 of")
        assert "#1 ended; a reset had given its pictures back already" in shown.text
        assert "+0" not in shown.text
        engine.gate.set()


async def test_spent_quota_returns_after_the_window(environment: BotEnvironment) -> None:
    async with environment.running_bot(ScriptedEngine(), quota_pictures=1) as bot:
        await _picture(bot, bot.ada)
        await said_alone(
            await bot.ada.command(bot.channel, "imagine", prompt="x"), "You have 0 of 1 pictures"
        )
        bot.clock.advance(DAY_S)
        await said_alone(await bot.ada.command(bot.channel, "quota"), "You have 1 of")


async def test_an_admin_sets_a_members_limit_and_takes_it_away(environment: BotEnvironment) -> None:
    admin = _admin(environment)
    async with environment.running_bot(ScriptedEngine()) as bot:
        handle = await admin.command(bot.channel, "admin quota set", member=bot.ada, pictures=2.5)
        told = await said_alone(handle, f"<@{bot.ada.id}> now has a limit of their own: 2.5 pictures.")
        assert "has 2.5 of 2.5 pictures left" in told.text
        shown = await said_alone(await bot.ada.command(bot.channel, "quota"), "You have 2.5 of")
        assert "a rule for you alone gives 2.5 in 24 hours" in shown.text
        asked = await admin.command(bot.channel, "admin quota clear", member=bot.ada)
        await _cleared(admin, asked, "no limit of their own")
        await said_alone(await bot.ada.command(bot.channel, "quota"), "You have 60 of")


async def test_an_admin_sets_the_servers_default(environment: BotEnvironment) -> None:
    admin = _admin(environment)
    async with environment.running_bot(ScriptedEngine()) as bot:
        handle = await admin.command(bot.channel, "admin quota set-default", pictures=5)
        await said_alone(handle, "without a limit of their own now have 5 in 24 hours.")
        shown = await said_alone(await bot.bob.command(bot.channel, "quota"), "You have 5 of")
        assert "this server's default gives 5 in 24 hours" in shown.text
        asked = await admin.command(bot.channel, "admin quota clear")
        await _cleared(admin, asked, "no default of its own")
        await said_alone(await bot.bob.command(bot.channel, "quota"), "You have 60 of")


async def test_an_admin_lets_a_member_count_more_and_the_queue_follows(
    environment: BotEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The first eight full-size pictures of everybody wait in the order of asking; here all count by weight.
    for module in (fair, accounts):
        monkeypatch.setattr(module, "ALLOWANCE", 0)
    admin = _admin(environment)
    engine = ScriptedEngine()
    engine.gate.clear()
    async with environment.running_bot(engine) as bot:
        handle = await admin.command(bot.channel, "admin weight", member=bot.bob, weight=4)
        share = (
            "4 times as much of the graphics card as an ordinary member of this server while others wait too."
        )
        await said_alone(handle, f"<@{bot.bob.id}> now gets {share}")
        shown = await said_alone(await bot.bob.command(bot.channel, "quota"), "You have 60 of")
        assert f"Gets {share}" in shown.text
        for person in (bot.ada, bot.bob):
            handle = await person.command(bot.channel, "imagine", prompt=person.name, count=4)
            await handle.acknowledged(timeout_s=QUICK_S)
        engine.gate.set()
        await bot.until("SELECT COUNT(*) FROM images WHERE state = 'done'", 8)
        drawn = [batch[0].spec.prompt for batch in engine.batches]
        assert drawn[:5].count("bob") == 4
        changed = await admin.command(bot.channel, "admin quota history")
        await said_alone(changed, f"<@{admin.id}> let <@{bot.bob.id}> count 4 times in line")


async def test_a_grant_is_spent_once_the_allowance_is_and_expires(environment: BotEnvironment) -> None:
    admin = _admin(environment)
    async with environment.running_bot(ScriptedEngine(), quota_pictures=1) as bot:
        handle = await admin.command(
            bot.channel, "admin quota grant", member=bot.ada, pictures=3, reason="won a *prize*", days=2
        )
        await said_alone(handle, f"<@{bot.ada.id}> got 3 more pictures.")
        await _picture(bot, bot.ada, count=2)
        shown = await said_alone(await bot.ada.command(bot.channel, "quota"), "You have 2 pictures left: ")
        assert "On top: 2 of 3 that were granted, until <t:" in shown.text
        assert "won a \\*prize\\*" in shown.text
        assert f"+3 granted by <@{admin.id}>" in shown.text
        bot.clock.advance(2 * DAY_S)
        late = await said_alone(await bot.ada.command(bot.channel, "quota"), "You have 1 of")
        assert "−2 expired unspent" in late.text


async def test_a_reset_gives_back_what_was_spent_and_erases_nothing(environment: BotEnvironment) -> None:
    admin = _admin(environment)
    async with environment.running_bot(ScriptedEngine()) as bot:
        await _picture(bot, bot.ada, count=4)
        entries = await bot.number("SELECT COUNT(*) FROM ledger")
        handle = await admin.command(
            bot.channel, "admin quota reset", member=bot.ada, reason="the bot had a bad day"
        )
        await said_alone(handle, f"<@{bot.ada.id}> got 4 spent pictures back.")
        assert await bot.number("SELECT COUNT(*) FROM ledger") == entries + 1
        shown = await said_alone(await bot.ada.command(bot.channel, "quota"), "You have 60 of")
        assert f"+4 because <@{admin.id}> reset the quota" in shown.text
        again = await admin.command(bot.channel, "admin quota reset", member=bot.ada)
        await said_alone(again, "had spent nothing")


async def test_an_admin_views_a_member_and_what_was_changed(environment: BotEnvironment) -> None:
    admin = _admin(environment)
    async with environment.running_bot(ScriptedEngine()) as bot:
        empty = await admin.command(bot.channel, "admin quota history")
        await said_alone(empty, "Nobody has changed anything in this server yet.")
        await _picture(bot, bot.bob)
        view = await admin.command(bot.channel, "admin quota view", member=bot.bob)
        await said_alone(view, f"<@{bot.bob.id}> has 59 of 60 pictures left: the default")
        for command, values in (
            ("set", {"pictures": 7}),
            ("grant", {"pictures": 2, "reason": "kind"}),
            ("reset", {}),
            ("clear", {}),
        ):
            handle = await admin.command_with(
                bot.channel, f"admin quota {command}", {"member": bot.bob, **values}
            )
            await handle.acknowledged(timeout_s=QUICK_S)
        await _cleared(admin, handle, "no limit of their own")
        history = await admin.command(bot.channel, "admin quota history", member=bot.bob)
        told = await said_alone(history, "+2 granted by")
        assert "−1 for #1" in told.text
        changes = await said_alone(await admin.command(bot.channel, "admin quota history"), "What admins")
        assert f"<@{admin.id}> set the limit of <@{bot.bob.id}> to 7" in changes.text
        assert f"<@{admin.id}> granted 2 to <@{bot.bob.id}>" in changes.text
        assert f"<@{admin.id}> reset <@{bot.bob.id}>: 1 back" in changes.text
        assert f"<@{admin.id}> removed the limit of <@{bot.bob.id}>" in changes.text


async def test_discord_does_not_offer_admin_to_ordinary_members(environment: BotEnvironment) -> None:
    async with environment.running_bot(ScriptedEngine()) as bot:
        for person in (bot.ada, bot.moderator):
            with pytest.raises(PersonError, match="may not use"):
                await person.command(bot.channel, "admin quota view", member=bot.bob)


async def test_an_admin_cannot_exceed_the_owners_limit(environment: BotEnvironment) -> None:
    admin = _admin(environment)
    async with environment.running_bot(ScriptedEngine(), quota_pictures=10) as bot:
        for command in ("set", "grant"):
            values = {"member": bot.ada, "pictures": 101}
            if command == "grant":
                values["reason"] = "greed"
            handle = await admin.command_with(bot.channel, f"admin quota {command}", values)
            await said_alone(handle, "Nothing was changed.")
        assert await bot.number("SELECT COUNT(*) FROM audit") == 0


async def test_a_members_locale_is_answered(environment: BotEnvironment) -> None:
    berta = environment.standin.world.add_member(environment.server, "berta", locale="de")
    async with environment.running_bot(ScriptedEngine()) as bot:
        shown = await said_alone(await berta.command(bot.channel, "quota"), "Du hast noch 60 von")
        assert "die Vorgabe des Bot-Betreibers gibt 60 in 24 Stunden" in shown.text


async def test_of_racing_requests_as_many_are_accepted_as_allowance_and_grants_pay(
    environment: BotEnvironment,
) -> None:
    admin = _admin(environment)
    engine = ScriptedEngine()
    engine.gate.clear()
    async with environment.running_bot(engine, quota_pictures=2) as bot:
        grant = await admin.command(
            bot.channel, "admin quota grant", member=bot.ada, pictures=3, reason="race"
        )
        await said_alone(grant, "got 3 more pictures")
        handles = [await bot.ada.command(bot.channel, "imagine", prompt=f"{i}") for i in range(15)]
        await asyncio.gather(*(handle.acknowledged(timeout_s=QUICK_S) for handle in handles))
        for handle in handles:
            await handle.message_where(lambda message: bool(message.text), timeout_s=QUICK_S)
        assert await bot.number("SELECT COUNT(*) FROM jobs") == 5
        await said_alone(await bot.ada.command(bot.channel, "quota"), "You have 0 of")
        engine.gate.set()
