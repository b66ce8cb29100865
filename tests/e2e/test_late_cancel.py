"""Cancelling a running image through the real client: the messages before and after, and the ledger."""

import asyncio
import sqlite3
from contextlib import closing

from kleinbot.sandbox import Person, ShownMessage
from tests.dispatch.running import until_true
from tests.e2e.accounts import DATABASE, AccountCheck, Seen, assert_accounted_for
from tests.e2e.running_bot import BotEnvironment, RunningBot
from tests.scripted_engine import ScriptedEngine

QUICK_S = 10.0
HOUR_S = 3_600
_TOLD = "SELECT COUNT(*) FROM outbox WHERE state = 'sent'"


async def _cancelled(
    bot: RunningBot, engine: ScriptedEngine, person: Person, within_step: int, count: int = 1
) -> tuple[ShownMessage, ShownMessage]:
    """Cancel while that step of the first picture runs; return the answer and the job's own message."""
    gate = asyncio.Event()
    engine.within_gates, before = {within_step: gate}, engine.steps_made
    asked = await person.command(bot.channel, "imagine", prompt="a fox", count=count)
    waiting = await asked.message_where(lambda m: bool(m.buttons), timeout_s=QUICK_S)
    await until_true(lambda: engine.steps_made - before == within_step - 1)
    pressed = await person.press(waiting, custom_id=waiting.buttons[0].custom_id)
    answer = await pressed.message_where(lambda m: m.is_ephemeral and "#" in m.text, timeout_s=QUICK_S)
    gate.set()
    ended = await asked.message_where(lambda m: not m.buttons, timeout_s=QUICK_S)
    await until_true(lambda: engine.steps_made - before == within_step)
    return answer, ended


async def _quota(bot: RunningBot, person: Person, sentence: str) -> str:
    asked = await person.command(bot.channel, "quota")
    return (await asked.message_where(lambda m: sentence in m.text, timeout_s=QUICK_S)).text


async def test_a_member_reads_what_counts_before_and_after(environment: BotEnvironment) -> None:
    engine = ScriptedEngine()
    async with environment.running_bot(engine) as bot:
        first, ended = await _cancelled(bot, engine, bot.ada, 4)
        assert first.text.startswith(
            "#1 is cancelled. 1 picture was given back. It was being drawn already. That is free once in an"
            " hour: if you cancel another job that is being drawn before <t:"
        )
        assert first.text.endswith(":t>, the part already drawn counts.")
        assert "counts" not in ended.text
        second, ended = await _cancelled(bot, engine, bot.ada, 2, count=2)
        assert second.text == (
            "#2 is cancelled. 1.5 pictures were given back. The part that was already drawn counts as 0.5"
            " pictures, since within the hour before you had cancelled another job that was being drawn."
        )
        assert "Cancelled. 1.5 pictures were given back." in ended.text
        assert "The part that was already drawn counts as 0.5 pictures." in ended.text
        third, _ = await _cancelled(bot, engine, bot.ada, 4)
        assert "Nothing was left to give back. The part that was already drawn counts as 1 pic" in third.text
        shown = await _quota(bot, bot.ada, "You have 58.5 of")
        for line in (
            "+1 back from #1 · ",
            "−2 for #2",
            "+1.5 back from #2, cancelled; the part already drawn counts",
            "−1 for #3",
            "nothing back from #3, cancelled when it was all drawn",
        ):
            assert line in shown
        await bot.until(_TOLD, 3)
        bot.clock.advance(HOUR_S)
        later, _ = await _cancelled(bot, engine, bot.ada, 4)
        assert "That is free once in an hour" in later.text
        await bot.until(_TOLD, 4)
    assert_accounted_for(environment.folder, environment.standin.state.channels.values())


async def test_a_german_member_reads_it_in_german(environment: BotEnvironment) -> None:
    engine = ScriptedEngine()
    async with environment.running_bot(engine) as bot:
        greta = bot.standin.world.add_member(bot.server, "greta", locale="de")
        first, _ = await _cancelled(bot, engine, greta, 1)
        assert "Daran wurde schon gezeichnet. Das ist einmal in einer Stunde umsonst: Brichst" in first.text
        second, ended = await _cancelled(bot, engine, greta, 3)
        assert second.text == (
            "#2 ist abgebrochen. 0,3 Bilder wurden zurückgegeben. Der schon gezeichnete Teil zählt als 0,7"
            " Bilder, weil du in der Stunde davor schon einen Auftrag abgebrochen hast, der gerade gezeichnet"
            " wurde."
        )
        assert "Der schon gezeichnete Teil zählt als 0,7 Bilder." in ended.text
        shown = await _quota(bot, greta, "Du hast noch 59,3 von")
        assert "+0,3 zurück von #2, abgebrochen; der schon gezeichnete Teil zählt" in shown


async def test_the_books_find_a_double_charge_a_lost_refund_and_one_that_was_free(
    environment: BotEnvironment,
) -> None:
    engine = ScriptedEngine()
    async with environment.running_bot(engine) as bot:
        await _cancelled(bot, engine, bot.ada, 4)
        await _cancelled(bot, engine, bot.ada, 2)
    assert AccountCheck(environment.folder, Seen()).check() == []
    for wrong, finding in (
        (f"UPDATE jobs SET ended_ms = ended_ms - {HOUR_S * 1000} WHERE number = 1", "it is the first in"),
        ("UPDATE jobs SET error_code = 'server-left' WHERE number = 2", "is cancelled for server-left and"),
        ("UPDATE jobs SET used_tenths = 6 WHERE number = 2", "5 are paid for nothing, not 6"),
        ("UPDATE jobs SET used_tenths = NULL WHERE number = 2", "entries sum to -5, not 0"),
        (_BOOKED_TWICE, "1 reservations in a pot, 2 ends"),
    ):
        with closing(sqlite3.connect(environment.folder / DATABASE)) as connection:
            connection.executescript(f"DROP INDEX IF EXISTS ledger_ended_once; {wrong}")
        assert any(finding in each for each in AccountCheck(environment.folder, Seen()).check()), wrong


_BOOKED_TWICE = """
INSERT INTO ledger (server_id, member_id, job_id, position, kind, amount_tenths, counts_ms, made_ms)
SELECT server_id, member_id, job_id, position, kind, amount_tenths, counts_ms, made_ms FROM ledger
WHERE kind = 'refund'
"""
