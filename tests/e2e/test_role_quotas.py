"""Quota rules by role through the real client: roles come with each interaction, as Discord states them."""

from collections.abc import AsyncIterator

from kleinbot.sandbox import InteractionHandle, Person, ShownMessage
from tests.e2e.pictures import WAIT_S, imagined, result, said_alone
from tests.e2e.running_bot import BotEnvironment, RunningBot
from tests.scripted_engine import ScriptedEngine


def _admin(environment: BotEnvironment) -> Person:
    return environment.standin.world.add_member(environment.server, "root", permissions=("manage_guild",))


async def _quota(bot: RunningBot, sentence: str, person: Person | None = None) -> ShownMessage:
    return await said_alone(await (person or bot.ada).command(bot.channel, "quota"), sentence)


async def test_the_best_of_a_members_roles_counts_and_is_named(environment: BotEnvironment) -> None:
    admin, world, server = _admin(environment), environment.standin.world, environment.server
    booster, regular = world.add_role(server, "Booster"), world.add_role(server, "Regular")
    world.give_role(server, environment.ada, regular)
    world.give_role(server, environment.ada, booster)
    world.give_role(server, environment.bob, regular)
    async with environment.running_bot(ScriptedEngine(), quota_pictures=1) as bot:
        rule = "admin quota role"
        told = await said_alone(
            await admin.command_with(
                bot.channel, rule, {"role": "Booster", "pictures": 8, "per-hour": 6, "burst": 3}
            ),
            f"<@&{booster}> now gives 8 in 24 hours, at most 6 in an hour, at most 3 in 10 minutes ·",
        )
        assert "No role has a rule" not in told.text
        listed = await said_alone(
            await admin.command(bot.channel, rule, role="Regular", pictures=2),
            f"- <@&{regular}>: 2 in 24 hours · 2 members",
        )
        assert "- The default of the bot's host: 1 in 24 hours" in listed.text

        await imagined(bot, count=2)
        shown = await _quota(bot, "You have 1 of 3 pictures left: ")
        assert f"<@&{booster}> gives 3 in 10 minutes, the best of your 2 roles." in shown.text
        assert "6 of 8 left in 24 hours · 4 of 6 left in an hour · 1 of 3 left in 10 minutes" in shown.text
        refused = await bot.ada.command(bot.channel, "imagine", prompt="a fox", count=2)
        why = "You have 1 of 3 pictures left for now and this needs 2: "
        await said_alone(refused, f"{why}<@&{booster}> gives 3 in 10 minutes, the best of your 2 roles.")
        bot.clock.advance(600)
        await imagined(bot, count=2)
        viewed = await admin.command(bot.channel, "admin quota view", member=bot.ada)
        await said_alone(viewed, f"<@&{booster}> gives 3 in 10 minutes, the best of their 2 roles.")
        await _quota(bot, f"You have 2 of 2 pictures left: <@&{regular}> gives 2 in 24 hours.", bot.bob)

        world.take_role(server, bot.ada, booster)
        await _quota(bot, f"You have 0 of 2 pictures left: <@&{regular}> gives 2 in 24 hours.")


async def test_a_deleted_roles_rule_is_listed_and_removed(environment: BotEnvironment) -> None:
    admin, world, server = _admin(environment), environment.standin.world, environment.server
    gone = world.add_role(server, "Gone")
    world.give_role(server, environment.ada, gone)
    async with environment.running_bot(ScriptedEngine(), quota_pictures=5) as bot:
        asked = await admin.command(bot.channel, "admin quota role", role="Gone", pictures=5)
        await said_alone(asked, "never counts, since the default gives as much")
        everybody = await admin.command(bot.channel, "admin quota role", role="@everyone", pictures=9)
        await said_alone(everybody, "Everybody has that role")
        idle = {"role": "Gone", "pictures": 5, "burst": 5}
        refused = await admin.command_with(bot.channel, "admin quota role", idle)
        await said_alone(refused, "A shorter window must allow less")
        more = await admin.command(bot.channel, "admin quota role", role="Gone", pictures=51)
        await said_alone(more, "51 pictures are more than the bot's host allows one member")

        world.remove_role(server, gone)
        environment.standin.break_next("GET /guilds/*/roles/member-counts", status=403, code=50013)
        listed = await admin.command(bot.channel, "admin quota rules")
        await said_alone(listed, f"- a deleted role ({gone}): 5 in 24 hours · counts for nobody")
        [choice] = await admin.autocomplete(bot.channel, "admin quota clear", "role", "deleted")
        question = await said_alone(
            await admin.command(bot.channel, "admin quota clear", role=choice.value), "Take away the rule of"
        )
        await said_alone(await admin.press(question, label="Take it away"), "has no rule any more.")
        await said_alone(await admin.command(bot.channel, "admin quota rules"), "No role has a rule.")
        again = await admin.command(bot.channel, "admin quota clear", role=str(gone))
        await said_alone(again, "That role has no rule.")
        changes = await said_alone(await admin.command(bot.channel, "admin quota history"), "What admins")
        assert f"set the rule of <@&{gone}> to 5" in changes.text
        assert f"removed the rule of <@&{gone}>" in changes.text


async def test_an_admin_sees_who_used_most_and_gets_the_changes_as_a_file(
    environment: BotEnvironment,
) -> None:
    admin = _admin(environment)
    async with environment.running_bot(ScriptedEngine()) as bot:
        await imagined(bot, count=3)
        top = await said_alone(
            await admin.command(bot.channel, "admin quota top"), "Who used most in the last 7"
        )
        assert f"1. <@{bot.ada.id}> · 3 pictures" in top.text
        told = await said_alone(await admin.command(bot.channel, "admin quota export"), "3 changes of quotas")
        [file] = told.pictures
        assert file.filename == "quota.csv"
        assert file.data.decode("utf-8-sig").count(f'"<@{bot.ada.id}>","reserve","1.0","0","1","",""') == 3


async def test_a_roles_rule_counts_in_every_way_to_a_picture_and_is_told_in_german(
    environment: BotEnvironment,
) -> None:
    admin, world, server = _admin(environment), environment.standin.world, environment.server
    booster = world.add_role(server, "Booster")
    greta = world.add_member(server, "greta", locale="de")
    world.give_role(server, greta, booster)
    async with environment.running_bot(ScriptedEngine(), quota_pictures=2) as bot:
        rule = {"role": "Booster", "pictures": 20}
        await said_alone(await admin.command_with(bot.channel, "admin quota role", rule), "now gives 20")
        done = await result(await greta.command(bot.channel, "imagine", prompt="a fox"))

        async def asked() -> AsyncIterator[InteractionHandle]:
            yield await greta.command(bot.channel, "imagine", prompt="ein Fuchs")
            yield await greta.command(bot.channel, "edit", picture="#1", instruction="a hat")
            yield await greta.command(bot.channel, "variations", picture="#1")
            yield await greta.press(done, label="Neu")
            yield await greta.press(done, label="Leicht")
            forms: tuple[tuple[InteractionHandle, dict[str, object]], ...] = (
                (await greta.menu(done, "Make variations"), {}),
                (await greta.press(done, label="Bearbeiten"), {"Was soll sich ändern?": "a hat"}),
            )
            for form, values in forms:
                await form.modal_opened(timeout_s=WAIT_S)
                yield await greta.submit(form, values)

        async for handle in asked():
            await result(handle)
        spent = await bot.number("SELECT -SUM(amount_tenths) FROM ledger")
        assert spent > 20
        shown = await _quota(bot, "Du hast noch", greta)
        assert f"<@&{booster}> gibt 20 in 24 Stunden" in shown.text
        again = await greta.press(done, label="Neu")
        await said_alone(again, "Das hast du gerade eben gedrückt, und daraus wurde #5.")
        world.take_role(server, greta, booster)
        bot.clock.advance(6)  # until a press is no longer the same one
        async for handle in asked():
            await said_alone(handle, "0 von 2 Bildern und brauchst hierfür")
        assert await bot.number("SELECT -SUM(amount_tenths) FROM ledger") == spent
