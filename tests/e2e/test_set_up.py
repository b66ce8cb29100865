"""/admin setup and /admin doctor through the real client: choices, missing permissions, powers, forgeries."""

import asyncio
from typing import Any

import pytest

from kleinbot.sandbox import Channel, Person, ShownMessage
from tests.e2e.pictures import said, said_alone
from tests.e2e.running_bot import BotEnvironment, RunningBot
from tests.scripted_engine import ScriptedEngine

QUICK_S = 10.0
COMPONENT, STRING_SELECT, CHANNEL_SELECT = 3, 3, 8
NOT_AN_ADMIN = "Only who may manage this server can do that."


@pytest.fixture
def root(environment: BotEnvironment) -> Person:
    return environment.standin.world.add_member(environment.server, "root", permissions=("manage_guild",))


async def _opened(person: Person, channel: Channel) -> ShownMessage:
    return await said_alone(await person.command(channel, "admin setup"), "**Set up Studio**")


def _chosen(page: ShownMessage) -> dict[str, list[str]]:
    """Return the labels that each select shows as chosen, by custom id."""
    return {
        select.custom_id: [option.label for option in select.options if option.default]
        for select in page.selects
    }


async def _forged(person: Person, page: ShownMessage, item: str, values: list[Any]) -> ShownMessage:
    kind = CHANNEL_SELECT if item in ("mods", "where", "showcase") else STRING_SELECT
    data = {"component_type": kind, "custom_id": f"kb:set:{item}", "values": values}
    handle = await person.raw(page.channel, data, kind=COMPONENT, source=page)
    return await handle.message_where(lambda m: m.id != page.id, timeout_s=QUICK_S)


async def _audited(bot: RunningBot) -> int:
    return await bot.number("SELECT COUNT(*) FROM audit")


async def test_an_admin_sets_a_server_up_and_a_restart_keeps_it(
    environment: BotEnvironment, root: Person
) -> None:
    world = environment.standin.world
    staff = world.add_channel(environment.server, "staff")
    world.deny(staff, "attach_files")
    async with environment.running_bot(ScriptedEngine()) as bot:
        page = await _opened(root, bot.channel)
        assert _chosen(page) == {
            "kb:set:mods": [],
            "kb:set:where": [],
            "kb:set:showcase": [],
            "kb:set:quota": ["As the bot's host has it: 60 in 24 hours"],
            "kb:set:locale": ["As Discord has it for this server: English"],
            "kb:set:edit": ["Others may edit pictures, unless their author says no"],
            "kb:set:keep": ["Not chosen yet: everything is kept"],
        }
        await said(await root.select(page, ["staff"]), "I may not: **Attach Files**")
        await root.select(page, ["pictures"], custom_id="kb:set:where")
        await root.select(page, ["pictures"], custom_id="kb:set:showcase")
        rule = {"pictures": 150, "hours": 168, "per-hour": 40}
        handle = await root.command(bot.channel, "admin quota set-default", **rule)
        await said(handle, "now have 150 in 168 hours, at most 40 in an hour.")
        page = await _opened(root, bot.channel)
        now = "150 pictures in 168 hours, at most 40 in an hour"
        assert _chosen(page)["kb:set:quota"] == [now]
        await root.select(page, [now.replace("150", "100")])
        await bot.until("SELECT quota_tenths FROM servers", 1000)
    # Another process, and the message from before.
    async with environment.running_bot(ScriptedEngine()) as bot:
        await root.select(page, ["Deutsch"])
        await root.select(page, ["Only the author may edit a picture, unless they say yes"])
        await root.select(page, ["Keep pictures for 180 days"])
        await bot.until("SELECT COUNT(*) FROM audit", 8)
        world.allow(staff, "attach_files")
        done = await said(
            await root.press(page, label="Done, check everything"), "**Everything works here.**"
        )
        assert f"✓ Reports go to <#{staff.id}>." in done.text
        assert f"✓ Members share pictures in <#{bot.channel.id}>." in done.text
        assert "✓ Pictures are kept for 180 days." in done.text
        rule_in_force = "draw 100 pictures in 168 hours, at most 40 in an hour, as this server's admins"
        assert rule_in_force in done.text
        assert "✓ Members may not edit pictures that others have posted" in done.text
        open_to_all = f"• Every member can see <#{staff.id}>, and with it the reports and who reports."
        assert open_to_all in done.text
        assert done.text.count("•") == 1
        assert not done.selects
        again = await _opened(root, bot.channel)
        assert _chosen(again)["kb:set:locale"] == ["Deutsch"]
        assert [each.custom_id for each in again.selects][:2] == ["kb:set:mods", "kb:set:where"]
        allowed = f"SELECT COUNT(*) FROM channel_rules WHERE channel_id = {bot.channel.id} AND is_allowed"
        assert await bot.number(allowed) == 1
        environment.standin.delete_channel(staff)
        told = await said_alone(await root.command(bot.channel, "admin doctor"), "One thing is wrong here.")
        assert "✗ The moderators' channel was deleted: reports wait below" in told.text
        history = await said_alone(await root.command(bot.channel, "admin quota history"), "chose anew: the")
        assert "chose anew: how long pictures are kept" in history.text


async def test_who_may_not_and_what_was_never_offered(environment: BotEnvironment, root: Person) -> None:
    world = environment.standin.world
    elsewhere = world.add_server("Elsewhere")
    foreign = world.add_channel(elsewhere, "foreign")
    chief = world.add_member(elsewhere, "chief", permissions=("administrator",))
    hidden = world.add_channel(environment.server, "hidden")
    world.hide(hidden, root)
    async with environment.running_bot(ScriptedEngine()) as bot:
        page = await _opened(root, bot.channel)
        for item, values in (
            ("mods", [str(foreign.id)]), ("mods", [str(hidden.id)]), ("mods", ["9" * 30]), ("mods", ["x"]),
            ("showcase", [str(foreign.id)]), ("showcase", [str(hidden.id)]),
            ("where", [str(foreign.id)]), ("where", [str(bot.channel.id), str(hidden.id)]),
            ("quota", ["-5"]), ("quota", ["99999999"]), ("quota", []), ("quota", ["٣"]), ("locale", ["tlh"]),
            ("locale", [{"a": 1}]), ("edit", ["perhaps"]), ("keep", ["0"]), ("keep", ["3651"]),
        ):  # fmt: skip
            refused = await _forged(root, page, item, values)
            assert "Nothing was c" in refused.text, (item, values, refused.text)
        too_much = await _forged(root, page, "quota", ["999999"])
        assert "more than the bot's host allows" in too_much.text
        for item, value in (
            ("mods", bot.channel.id),
            ("showcase", bot.channel.id),
            ("quota", 100),
            ("edit", "no"),
            ("keep", 30),
        ):
            assert NOT_AN_ADMIN in (await _forged(bot.ada, page, item, [str(value)])).text
        assert await _audited(bot) == 0
        assert await bot.number("SELECT COUNT(*) FROM server_settings") == 0
        # An admin of another server chooses there, whatever message they claim to have pressed.
        there = {"component_type": STRING_SELECT, "custom_id": "kb:set:keep", "values": ["30"]}
        await chief.raw(foreign, there, kind=COMPONENT, source=page)
        await bot.until(f"SELECT COUNT(*) FROM server_settings WHERE server_id = {elsewhere.id}", 1)
        assert await bot.number("SELECT COUNT(*) FROM server_settings") == 1


async def test_two_admins_at_once_and_events_that_come_twice(
    environment: BotEnvironment, root: Person
) -> None:
    vice = environment.standin.world.add_member(environment.server, "vice", permissions=("manage_guild",))
    environment.standin.misbehaviour.events_twice = True
    async with environment.running_bot(ScriptedEngine()) as bot:
        mine, theirs = await asyncio.gather(_opened(root, bot.channel), _opened(vice, bot.channel))
        await asyncio.gather(
            root.select(mine, ["Keep pictures for 90 days"]), vice.select(theirs, ["pictures"]),
            root.select(mine, ["Deutsch"]), vice.select(theirs, ["Keep pictures for 30 days"]),
        )  # fmt: skip
        await bot.until("SELECT COUNT(*) FROM audit", 4)
        both = "locale = 'de' AND moderators_channel_id IS NOT NULL AND retention_days IN (30, 90)"
        assert await bot.number(f"SELECT COUNT(*) FROM server_settings WHERE {both}") == 1
        assert await _audited(bot) == 4


async def test_a_german_admin_reads_german(environment: BotEnvironment) -> None:
    greta = environment.standin.world.add_member(
        environment.server, "greta", permissions=("manage_guild",), locale="de"
    )
    environment.standin.deny(environment.channel, "read_message_history")
    async with environment.running_bot(ScriptedEngine()) as bot:
        page = await said_alone(await greta.command(bot.channel, "admin setup"), "**Studio einrichten**")
        assert "darf ich nicht: **Nachrichtenverlauf anzeigen**" in page.text
        await said(await greta.press(page, label="Fertig, alles prüfen"), "**Eine Sache stimmt hier nicht.**")
