"""Requests of a modified client: made-up option values, and custom ids that name other messages."""

import math
from collections.abc import Callable

import pytest

from kleinbot.sandbox import ShownMessage
from tests.e2e.pictures import chosen_in_more, forge_button, imagined, said
from tests.e2e.running_bot import BotEnvironment
from tests.scripted_engine import ScriptedEngine


@pytest.mark.parametrize(
    ("name", "values", "sentence"),
    [
        ("imagine", {"prompt": "a", "count": 5}, "count must lie between 1 and 4. Nothing was changed."),
        ("imagine", {"prompt": "a", "count": 10**400}, "count must lie between 1 and 4"),
        ("imagine", {"prompt": "a", "count": True}, "count must lie between 1 and 4"),
        ("imagine", {"prompt": "a", "count": 1.5}, "count must lie between 1 and 4"),
        ("imagine", {"prompt": "a", "seed": -1}, "seed must lie between 0 and 4294967295"),
        ("imagine", {"prompt": "a" * 3001}, "prompt must be a text of at most 3000 characters"),
        ("imagine", {"prompt": "a", "aspect": "9:1"}, "aspect is none of the values that the command offers"),
        ("imagine", {"prompt": "a", "private": 7}, "private is none of the values"),
        ("admin quota set-default", {"pictures": math.nan}, "pictures must lie between 0 and 100000"),
        ("admin quota set-default", {"pictures": math.inf}, "pictures must lie between 0 and 100000"),
        ("admin quota set-default", {"pictures": -1}, "pictures must lie between 0 and 100000"),
        ("history", {"text": "a" * 5000}, "text must be a text of at most"),
    ],
)
async def test_values_that_a_command_does_not_offer_are_refused(
    environment: BotEnvironment, name: str, values: dict[str, object], sentence: str
) -> None:
    root = environment.standin.world.add_member(environment.server, "root", permissions=("manage_guild",))
    async with environment.running_bot(ScriptedEngine()) as bot:
        told = await said(await root.forge(bot.channel, name, **values), sentence)
        assert told.is_ephemeral
        assert await bot.number("SELECT COUNT(*) FROM jobs") == 0
        assert await bot.number("SELECT COUNT(*) FROM audit") == 0


async def test_a_confirm_button_removes_no_message_but_those_of_its_result(
    environment: BotEnvironment,
) -> None:
    async with environment.running_bot(ScriptedEngine()) as bot:
        done, other = await imagined(bot), await imagined(bot)
        mine = environment.standin.world.add_member(environment.server, "eve").write(bot.channel, "hello")
        question = await chosen_in_more(bot.ada, done, "Delete", "for good?")
        for victim in (other, mine):
            forge_button(question, "Delete for good", _with_message(victim))
        await said(await bot.ada.press(question, label="Delete for good"), "is deleted")
        await bot.until("SELECT COUNT(*) FROM removals", 0)
        assert done.is_deleted
        assert not other.is_deleted
        assert not mine.is_deleted


async def test_a_member_that_cannot_be_is_said_to_be_no_button_of_ours(environment: BotEnvironment) -> None:
    root = environment.standin.world.add_member(environment.server, "root", permissions=("manage_guild",))
    async with environment.running_bot(ScriptedEngine()) as bot:
        await said(await root.command(bot.channel, "admin quota set-default", pictures=40), "40")
        question = await said(await root.command(bot.channel, "admin quota clear"), "default, 40 in 24")
        forge_button(question, "Take it away", lambda _: "kb:qclear:" + "9" * 20)
        await said(await root.press(question, label="Take it away"), "That button belongs to another version")
        assert await bot.number("SELECT quota_tenths FROM servers") == 400


def _with_message(victim: ShownMessage) -> Callable[[str], str]:
    """Put another message's number into a custom id, as old buttons carried."""
    return lambda custom_id: f"{custom_id.rpartition(':')[0]}:{victim.id}"
