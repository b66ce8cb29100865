"""/host queue through the real client: the application's owner stops the whole queue and cancels jobs."""

import re
from collections.abc import Sequence

import pytest

from kleinbot.domain.work import RenderTask
from kleinbot.sandbox import Person, ShownMessage
from kleinbot.sandbox.server.channels import User
from tests.e2e.pictures import said_alone
from tests.e2e.running_bot import BotEnvironment, RunningBot, has_pictures
from tests.scripted_engine import ScriptedEngine

QUICK_S = 10.0


def _host(environment: BotEnvironment) -> Person:
    owner = environment.standin.world.owner
    return environment.standin.world.add_member(environment.server, owner.name, permissions=("manage_guild",))


def _held() -> ScriptedEngine:
    engine = ScriptedEngine()
    engine.gate.clear()
    return engine


async def _asked(person: Person, bot: RunningBot, prompt: str, **options: object) -> ShownMessage:
    handle = await person.command_with(bot.channel, "imagine", {"prompt": prompt, **options})
    return await handle.message_where(lambda message: bool(message.buttons), timeout_s=QUICK_S)


async def test_the_owner_sees_what_runs_and_waits_in_every_server_but_no_prompts(
    environment: BotEnvironment,
) -> None:
    host = _host(environment)
    world = environment.standin.world
    other = world.add_server("Other *place*")
    elsewhere = world.add_channel(other, "pictures")
    eve = world.add_member(other, "eve")
    engine = _held()
    async with environment.running_bot(engine) as bot:
        await _asked(bot.ada, bot, "a secret fox")
        await engine.started.wait()
        await _asked(bot.bob, bot, "a hidden cat", count=2)
        far = await eve.command(elsewhere, "imagine", prompt="a quiet owl")
        await far.message_where(lambda message: bool(message.buttons), timeout_s=QUICK_S)
        shown = await said_alone(await host.command(bot.channel, "host queue list"), "The whole line: 3 jobs")
        assert "3 pictures waiting, 1 being drawn" in shown.text
        assert (
            f"**#1** · Studio · <@{bot.ada.id}> · picture\nbeing drawn · promised for its reply" in shown.text
        )
        assert re.search(rf"\*\*#1\*\* · Other \\\*place\\\* · <@{eve.id}> · picture", shown.text)
        assert re.search(
            r"(next|#\d in line), starts (<t:\d+:R>|in a moment) · promised for its reply · "
            r"[\d.]+ picture(s'|'s) worth",
            shown.text,
        )
        for word in ("fox", "cat", "owl"):
            assert word not in shown.text
        engine.gate.set()


async def test_the_whole_queue_has_pages(environment: BotEnvironment) -> None:
    host = _host(environment)
    engine = _held()
    async with environment.running_bot(engine) as bot:
        for number in range(11):
            await _asked(bot.ada if number % 2 else bot.bob, bot, f"fox {number}")
        shown = await said_alone(await host.command(bot.channel, "host queue list"), "Page 1 of 2")
        assert [button.label for button in shown.buttons][-2:] == ["Refresh", "Later"]
        turned = await host.press(shown, label="Later")
        second = await turned.message_where(lambda m: "Page 2 of 2" in m.text, timeout_s=QUICK_S)
        assert len(re.findall(r"\*\*#\d+\*\*", second.text)) == 3
        engine.gate.set()
        await bot.until("SELECT COUNT(*) FROM jobs WHERE state = 'done'", 11)
        again = await host.press(second, label="Refresh")
        await again.message_where(
            lambda m: "Nothing waits and nothing is being drawn" in m.text, timeout_s=10
        )


@pytest.mark.parametrize("running", [True, False])
async def test_a_cancel_by_the_owner_is_refunded_announced_and_audited(
    environment: BotEnvironment, running: bool
) -> None:
    host = _host(environment)
    engine = _held()
    async with environment.running_bot(engine, grace_s=1) as bot:
        if not running:
            await _asked(bot.bob, bot, "a cat")
            await engine.started.wait()
        waiting = await _asked(bot.ada, bot, "a fox", count=2)
        await engine.started.wait()
        shown = await said_alone(await host.command(bot.channel, "host queue list"), "The whole line")
    # The gate is closed: the running batch is put back, and the button works for the next process too.
    async with environment.running_bot(engine) as bot:
        number = 1 if running else 2
        pressed = await host.press(shown, label=f"Cancel #{number}")
        done = await said_alone(pressed, f"#{number} is cancelled. 2 pictures were given back.")
        assert f"<@{bot.ada.id}>" not in done.text
        await bot.until("SELECT COUNT(*) FROM outbox WHERE state != 'sent'", 0)
        assert f"The bot's host (<@{host.id}>) cancelled this. 2 pictures were given back." in waiting.text
        assert not waiting.buttons
        ada = bot.ada.id
        assert await bot.number(f"SELECT SUM(amount_tenths) FROM ledger WHERE member_id = {ada}") == 0
        noted = "SELECT COUNT(*) FROM audit WHERE action = 'cancel-as-host' AND member_id = "
        assert await bot.number(f"{noted}{ada}") == 1
        changed = await host.command(bot.channel, "admin quota history")
        await said_alone(changed, f"The bot's host cancelled #{number} of <@{ada}>")
        engine.gate.set()


async def test_the_owner_cancels_by_command_in_any_server(environment: BotEnvironment) -> None:
    host = _host(environment)
    world = environment.standin.world
    other = world.add_server("Other")
    elsewhere = world.add_channel(other, "pictures")
    eve = world.add_member(other, "eve")
    engine = _held()
    async with environment.running_bot(engine) as bot:
        await _asked(bot.ada, bot, "a fox")
        await engine.started.wait()
        far = await eve.command(elsewhere, "imagine", prompt="an owl")
        await far.message_where(lambda message: bool(message.buttons), timeout_s=QUICK_S)
        choices = await host.autocomplete(bot.channel, "host queue cancel", "job", "other", timeout_s=QUICK_S)
        assert [choice.name for choice in choices] == ["#1 · Other · picture · promised for its reply"]
        cancelled = await host.command(bot.channel, "host queue cancel", job=choices[0].value)
        await said_alone(cancelled, "#1 is cancelled. 1 picture was given back.")
        told = await far.message_where(lambda m: "cancelled this. 1 picture" in m.text, timeout_s=QUICK_S)
        assert "The bot's host" in told.text
        here = await host.command(bot.channel, "host queue cancel", job="#1")
        await said_alone(here, "#1 is cancelled. 1 picture was given back.")
        for typed, sentence in (("#77", "not known in this server"), ("a fox", "not known in this server")):
            wrong = await host.command(bot.channel, "host queue cancel", job=typed)
            await said_alone(wrong, sentence)
        ended = await host.command(bot.channel, "host queue cancel", job="1")
        await said_alone(ended, "#1 has already ended")
        engine.gate.set()


async def test_the_bot_is_stopped_and_started_by_button(environment: BotEnvironment) -> None:
    host = _host(environment)
    engine = ScriptedEngine()
    async with environment.running_bot(engine) as bot:
        shown = await said_alone(await host.command(bot.channel, "host queue list"), "Nothing waits")
        assert [button.label for button in shown.buttons] == ["Pause", "Free the card", "Drain", "Refresh"]
        await (await host.press(shown, label="Pause")).message_where(
            lambda m: m.text.startswith("Paused.") and "· paused" in m.text, timeout_s=QUICK_S
        )
        waiting = await _asked(bot.ada, bot, "a fox")
        assert "has paused the drawing" in waiting.text
    async with environment.running_bot(engine) as bot:
        assert [button.label for button in shown.buttons] == ["Resume", "Free the card", "Drain", "Refresh"]
        drained = await host.press(shown, label="Drain")
        await drained.message_where(lambda m: "I finish what is in line" in m.text, timeout_s=QUICK_S)
        await bot.until("SELECT COUNT(*) FROM jobs WHERE state = 'done'", 1)
        opened = await host.press(shown, label="Resume")
        await opened.message_where(lambda m: "Working as usual again" in m.text, timeout_s=QUICK_S)


async def test_a_former_owner_presses_without_effect(environment: BotEnvironment) -> None:
    host = _host(environment)
    engine = _held()
    async with environment.running_bot(engine, grace_s=1) as bot:
        await _asked(bot.ada, bot, "a fox")
        shown = await said_alone(await host.command(bot.channel, "host queue list"), "The whole line")
    state = environment.standin.state
    successor = User(state.new_id(), "successor")
    state.users[successor.id] = state.owner = successor
    async with environment.running_bot(engine) as bot:
        for label in ("Cancel #1", "Pause", "Refresh"):
            await said_alone(await host.press(shown, label=label), "Only the host of the bot can do that.")
        assert await bot.number("SELECT COUNT(*) FROM jobs WHERE state = 'cancelled'") == 0
        assert await bot.number("SELECT COUNT(*) FROM audit") == 0
        engine.gate.set()


async def test_a_cancel_by_a_moderator_is_announced_and_audited_too(environment: BotEnvironment) -> None:
    engine = _held()
    async with environment.running_bot(engine) as bot:
        waiting = await _asked(bot.ada, bot, "a fox")
        await engine.started.wait()
        await said_alone(await bot.bob.press(waiting, label="Cancel"), "#1 belongs to somebody else.")
        await said_alone(await bot.moderator.press(waiting, label="Cancel"), "#1 is cancelled.")
        await bot.until("SELECT COUNT(*) FROM outbox WHERE state != 'sent'", 0)
        moderator = bot.moderator.id
        assert f"<@{moderator}>, who moderates this server, cancelled this. 1 picture" in waiting.text
        assert await bot.number("SELECT COUNT(*) FROM audit WHERE action = 'cancel-as-moderator'") == 1
        engine.gate.set()


async def test_what_was_drawn_before_the_cancel_is_delivered_and_paid(environment: BotEnvironment) -> None:
    host = _host(environment)
    engine = ScriptedEngine()

    def hold_the_second(_: Sequence[RenderTask]) -> None:
        if engine.batches:
            engine.gate.clear()

    engine.before = hold_the_second
    async with environment.running_bot(engine) as bot:
        waiting = await _asked(bot.ada, bot, "a fox", count=3)
        await bot.until("SELECT COUNT(*) FROM images WHERE state = 'done'", 1)
        cancelled = await host.command(bot.channel, "host queue cancel", job="#1")
        await said_alone(cancelled, "#1 is cancelled. 2 pictures were given back.")
        engine.gate.set()
        await bot.until("SELECT COUNT(*) FROM outbox WHERE state != 'sent'", 0)
        assert has_pictures(waiting)
        assert len(waiting.pictures) == 1
        assert await bot.number("SELECT -SUM(amount_tenths) FROM ledger") == 10
