"""Discord's less friendly behaviour: final close codes, clients with older commands, ended sessions."""

import asyncio
import logging

import pytest

from kleinbot.domain.errors import Code, StartError
from kleinbot.process.supervisor import RESTART_CODE
from tests.e2e.pictures import chosen_in_more, imagined, result, said
from tests.e2e.running_bot import BotEnvironment
from tests.scripted_engine import ScriptedEngine

_CHAT, _AUTOCOMPLETE, _COMPONENT = 1, 4, 3


@pytest.mark.parametrize(
    ("close_code", "code"),
    [
        (4004, Code.TOKEN_REFUSED),
        (4010, Code.GATEWAY_REFUSED),
        (4012, Code.GATEWAY_REFUSED),
        (4013, Code.GATEWAY_REFUSED),
        (4014, Code.INTENTS_REFUSED),
    ],
)
async def test_a_final_close_while_running_ends_with_the_sentence_of_the_login(
    environment: BotEnvironment, caplog: pytest.LogCaptureFixture, close_code: int, code: Code
) -> None:
    with pytest.raises(StartError) as caught:
        async with environment.running_bot(ScriptedEngine()) as bot:
            await imagined(bot)
            await bot.standin.close_gateway(close_code)
            await bot.app.stopping.wait()
    assert caught.value.code is code
    assert caught.value.parameters == ({"close_code": close_code} if code is Code.GATEWAY_REFUSED else {})
    assert [record for record in caplog.records if record.exc_info and record.levelno >= logging.ERROR] == []
    async with environment.running_bot(ScriptedEngine()):  # and the folder looks as after a clean stop
        pass


async def test_more_servers_than_the_connections_may_serve_asks_for_a_new_process(
    environment: BotEnvironment,
) -> None:
    async with environment.running_bot(ScriptedEngine(), exits_with=RESTART_CODE) as bot:
        await bot.standin.close_gateway(4011)
        await bot.app.stopping.wait()


@pytest.mark.usefixtures("quick_retries")
@pytest.mark.parametrize("close_code", [1000, 4000, 4001, 4002, 4003, 4005, 4007, 4008, 4009])
async def test_any_other_close_is_connected_again(environment: BotEnvironment, close_code: int) -> None:
    async with environment.running_bot(ScriptedEngine()) as bot:
        await bot.standin.close_gateway(close_code)
        await bot.standin.offline()
        await bot.standin.online(timeout_s=30)
        await imagined(bot)


@pytest.mark.usefixtures("quick_retries")
async def test_the_presence_is_there_after_a_new_session_too(environment: BotEnvironment) -> None:
    async with environment.running_bot(ScriptedEngine()) as bot:
        shown = await bot.standin.presence_after(0)
        count = len(bot.standin.presences)
        await bot.standin.invalidate_session()
        await bot.standin.offline()
        await bot.standin.online(timeout_s=30)
        async with asyncio.timeout(30):
            while len(bot.standin.presences) == count:
                bot.clock.advance(16)
                await asyncio.sleep(0)
        assert bot.standin.presences[-1]["activities"] == shown["activities"]
        assert shown["activities"][0]["state"]
        # discord.py 2.7 announces it by the name that it had before API v8.
        assert bot.standin.identifies[-1]["presence"]["game"] == shown["activities"][0]


def _command(name: str, *options: dict[str, object]) -> dict[str, object]:
    return {"id": "1", "name": name, "type": _CHAT, "options": list(options)}


@pytest.mark.parametrize(
    "data",
    [
        _command("paint"),
        _command("host", {"name": "dance", "type": 1, "options": []}),
        _command("edit"),
        _command("edit", {"name": "caption", "type": 3, "value": "x"}),
        {"id": "1", "name": "Paint this", "type": 3, "target_id": "1", "resolved": {}},
    ],
    ids=str,
)
async def test_a_command_of_an_older_client_gets_its_own_sentence(
    environment: BotEnvironment, caplog: pytest.LogCaptureFixture, data: dict[str, object]
) -> None:
    async with environment.running_bot(ScriptedEngine()) as bot:
        handle = await bot.ada.raw(bot.channel, data)
        assert (
            await said(handle, "This command has changed, and your Discord still shows the old one.")
        ).is_ephemeral
        assert await bot.number("SELECT COUNT(*) FROM jobs") == 0
    assert "incident" not in caplog.text


async def test_suggestions_for_an_unknown_command_are_none(environment: BotEnvironment) -> None:
    async with environment.running_bot(ScriptedEngine()) as bot:
        focused = {"name": "picture", "type": 3, "value": "x", "focused": True}
        handle = await bot.ada.raw(bot.channel, _command("paint", focused), kind=_AUTOCOMPLETE)
        assert await handle.suggestions(timeout_s=10) == []


@pytest.mark.parametrize("custom_id", ["kb:upscale:" + "0" * 24, "kb:vary:zz", "kb:"])
async def test_a_button_of_another_version_gets_a_sentence(
    environment: BotEnvironment, custom_id: str
) -> None:
    async with environment.running_bot(ScriptedEngine()) as bot:
        done = await imagined(bot)
        pressed = {"component_type": 2, "custom_id": custom_id, "id": 1}
        handle = await bot.ada.raw(bot.channel, pressed, kind=_COMPONENT, source=done)
        assert (await said(handle, "That button belongs to another version of me")).is_ephemeral


async def test_whoever_leaves_the_team_loses_the_owners_powers_within_ten_minutes(
    environment: BotEnvironment,
) -> None:
    add = environment.standin.world.add_member
    first = add(environment.server, "first", permissions=("manage_guild",))
    second = add(environment.server, "second", permissions=("manage_guild",))
    environment.standin.world.set_team(first, developer=(second,))
    async with environment.running_bot(ScriptedEngine()) as bot:
        powers = bot.app.container.discord.ownership
        assert powers.has(first.id)
        assert powers.has(second.id)
        environment.standin.world.set_team(first, read_only=(second,))
        bot.standin.break_next("GET /oauth2/*", status=403)
        await powers.refresh()
        assert powers.has(second.id)  # Discord did not answer: the known value stays
        bot.clock.advance(601)
        async with asyncio.timeout(30):
            while powers.has(second.id):
                await asyncio.sleep(0)
        assert powers.has(first.id)


async def test_a_removal_is_retried_after_a_lost_connection(
    environment: BotEnvironment, caplog: pytest.LogCaptureFixture
) -> None:
    async with environment.running_bot(ScriptedEngine()) as bot:
        done = await imagined(bot)
        # aiohttp itself repeats a DELETE on a fresh connection, once.
        bot.standin.break_next("DELETE /channels/*", drop=True, times=2)
        asked = await chosen_in_more(bot.ada, done, "Delete", "for good?")
        await said(await bot.ada.press(asked, label="Delete for good"), "#1 is deleted.")
        await bot.until("SELECT COALESCE(MAX(attempts), 0) FROM removals", 1)
        bot.clock.advance(10)
        await bot.until("SELECT COUNT(*) FROM removals", 0)
        assert done.is_deleted
    assert "was not removed, next attempt" in caplog.text
    assert "background task failed" not in caplog.text


@pytest.mark.parametrize("via", [False, True])
async def test_a_page_in_place_of_an_answer_delays_and_ends_nothing(
    environment: BotEnvironment, caplog: pytest.LogCaptureFixture, via: bool
) -> None:
    engine = ScriptedEngine()
    engine.gate.clear()
    async with environment.running_bot(engine) as bot:
        handle = await bot.ada.command(bot.channel, "imagine", prompt="a fox")
        await engine.started.wait()
        bot.standin.cloudflare("PATCH /webhooks/*", via=via)
        bot.clock.advance(6)  # progress is shown
        await bot.standin.exchange_where(lambda exchange: exchange.status == 429)
        bot.standin.cloudflare("PATCH /webhooks/*", via=via)
        engine.gate.set()
        await bot.until("SELECT MAX(attempts) FROM outbox", 1)
        bot.clock.advance(10)
        await handle.message_where(lambda message: message.pictures, timeout_s=10)
    assert "background task failed" not in caplog.text


async def test_a_day_on_which_discord_does_all_that_it_may(environment: BotEnvironment) -> None:
    standin = environment.standin
    standin.misbehaviour.events_twice = True
    standin.misbehaviour.bare_payloads = True
    standin.misbehaviour.servers_unavailable = True
    standin.misbehaviour.late_answers_s = 0.05
    standin.limits.global_per_s = 50
    standin.limits.components_bytes = 10_000
    standin.rate_limit("POST /channels/*/messages", 1, 0.5)
    async with environment.running_bot(ScriptedEngine()) as bot:
        ada, channel = bot.ada, bot.channel
        done = await imagined(bot, prompt="狐" * 150, count=4)
        assert len(done.pictures) == 4
        varied = await result(await ada.press(done, label="V1"))
        form = await ada.menu(varied, "Edit this image")
        await form.modal_opened(timeout_s=30)
        values: dict[str, object] = {"What should change?": "a hat", "Which picture?": "Picture 2"}
        await result(await ada.submit(form, values))
        page = await ada.command(channel, "history")
        await page.message_where(lambda message: message.pictures, timeout_s=30)
        standin.servers_arrive()
        await ada.command(channel, "quota")
        assert await bot.number("SELECT COUNT(*) FROM jobs") == 3
        assert await bot.number("SELECT COUNT(*) FROM ledger WHERE kind = 'settle'") == 9
    assert len([message for message in channel.messages if message.pictures]) == 3
