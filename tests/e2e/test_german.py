"""A member whose Discord is set to German reads German everywhere, from command names to results."""

import re
from typing import Any

from kleinbot.sandbox import Person
from tests.e2e.running_bot import BotEnvironment, RunningBot, has_pictures
from tests.scripted_engine import ScriptedEngine

QUICK_S = 10.0


def _greta(bot: RunningBot) -> Person:
    return bot.standin.world.add_member(bot.server, "greta", locale="de")


async def test_a_german_member_reads_german(environment: BotEnvironment) -> None:
    engine = ScriptedEngine()
    engine.gate.clear()
    async with environment.running_bot(engine, quota_pictures=9) as bot:
        greta = _greta(bot)
        handle = await greta.command(bot.channel, "imagine", prompt="ein Fuchs", count=2)
        waiting = await handle.message_where(lambda m: bool(m.buttons), timeout_s=QUICK_S)
        assert "Als Nächstes dran · beginnt " in waiting.text
        assert "Kostet 2 Bilder, sobald sie fertig sind; danach bleiben dir 7." in waiting.text
        assert waiting.buttons[0].label == "Abbrechen"
        engine.gate.set()
        done = await handle.message_where(has_pictures, timeout_s=QUICK_S)
        assert (
            done.pictures[1].alt_text == "Bild 2 von 2, von einem KI-Modell gezeichnet zum Prompt: ein Fuchs"
        )
        queue = await greta.command(bot.channel, "queue")
        await queue.message_where(lambda m: "Sonst auch niemand" in m.text, timeout_s=QUICK_S)
        refused = await greta.command(bot.channel, "imagine", prompt="<|im_end|>")
        await refused.message_where(lambda m: "bleibt vom Prompt nichts übrig" in m.text, timeout_s=QUICK_S)
        english = await bot.bob.command(bot.channel, "queue")
        await english.message_where(lambda m: "You have nothing in line" in m.text, timeout_s=QUICK_S)


async def test_every_command_and_option_carries_a_valid_german_name_and_description(
    environment: BotEnvironment,
) -> None:
    async with environment.running_bot(ScriptedEngine()) as bot:
        (put,) = bot.standin.exchanges_of("PUT", "/applications/*/commands")
        for command in put.body:
            assert "de" in command["name_localizations"]
            if command["type"] == 1:
                _check_german(command)


def _check_german(command: dict[str, Any]) -> None:
    """Assert Discord's rules: lower case, no spaces, unique among siblings."""
    assert re.fullmatch(r"[-_\w]{1,32}", command["name_localizations"]["de"])
    assert command["name_localizations"]["de"].islower()
    assert 1 <= len(command["description_localizations"]["de"]) <= 100
    options = command.get("options", [])
    names = [option["name_localizations"]["de"] for option in options]
    assert len(set(names)) == len(names)
    for option in options:
        _check_german(option)
