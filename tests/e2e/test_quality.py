"""/imagine quality:best, offered only if the base checkpoint is installed."""

from dataclasses import replace
from typing import Any

import pytest

from kleinbot.app import opening
from kleinbot.app.model_choice import ModelChoice, choose_model
from kleinbot.config.settings import Settings
from kleinbot.domain.job_spec import Checkpoint
from kleinbot.domain.profile import CPU_SMALL
from kleinbot.sandbox import PersonError, ShownMessage
from tests.e2e.pictures import chosen_in_more
from tests.e2e.running_bot import BotEnvironment, RunningBot, has_pictures
from tests.scripted_engine import ScriptedEngine

QUICK_S = 10.0


@pytest.fixture
def base_here(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Install both checkpoints; without this, only the distilled one is there."""

    def with_base(settings: Settings, **others: Any) -> ModelChoice:
        model = choose_model(settings, **others)
        return replace(model, profile=replace(model.profile, checkpoints=tuple(Checkpoint)))

    monkeypatch.setattr(opening, "choose_model", with_base)
    return monkeypatch


def _with_base() -> ScriptedEngine:
    return ScriptedEngine(replace(CPU_SMALL, checkpoints=tuple(Checkpoint)))


def _options(bot: RunningBot) -> dict[str, dict[str, Any]]:
    put = bot.standin.exchanges_of("PUT", "/applications/*/commands")[-1]
    (imagine,) = [command for command in put.body if command["name"] == "imagine"]
    return {option["name"]: option for option in imagine["options"]}


async def _best(bot: RunningBot, **options: object) -> ShownMessage:
    values = {"prompt": "a fox", "quality": "best", **options}
    handle = await bot.ada.command_with(bot.channel, "imagine", values)
    return await handle.message_where(has_pictures, timeout_s=QUICK_S)


async def test_an_installation_without_the_base_checkpoint_does_not_offer_it(
    environment: BotEnvironment,
) -> None:
    async with environment.running_bot(ScriptedEngine()) as bot:
        assert "quality" not in _options(bot)
        with pytest.raises(PersonError):
            await bot.ada.command(bot.channel, "imagine", prompt="a fox", quality="best")


async def test_the_option_comes_with_its_price_and_goes_with_the_checkpoint(
    environment: BotEnvironment, base_here: pytest.MonkeyPatch
) -> None:
    async with environment.running_bot(ScriptedEngine()) as bot:
        quality = _options(bot)["quality"]
        assert quality["description"] == (
            "best: the slower base model in 50 steps, 23 pictures of the quota for each"
        )
        assert "je Bild 23 vom Kontingent" in quality["description_localizations"]["de"]
        assert [choice["value"] for choice in quality["choices"]] == ["standard", "best"]
    base_here.undo()
    async with environment.running_bot(ScriptedEngine()) as bot:
        assert "quality" not in _options(bot)


async def test_best_quality_is_drawn_by_the_base_checkpoint_and_paid(
    environment: BotEnvironment, base_here: pytest.MonkeyPatch
) -> None:
    del base_here
    engine = _with_base()
    async with environment.running_bot(engine) as bot:
        done = await _best(bot)
        ((task,),) = engine.batches
        assert (task.spec.checkpoint, task.spec.steps) == (Checkpoint.BASE, 50)
        assert "Cost 22.9 pictures of the quota." in done.text
        shown = await chosen_in_more(bot.ada, done, "Recipe", "checkpoint base · 50 steps")
        assert '/imagine prompt:"a fox" aspect:1:1 quality:best seed:' in shown.text
        for label in ("Reroll", "Subtle"):
            pressed = await bot.ada.press(done, label=label)
            await pressed.message_where(
                lambda m: has_pictures(m) or "pictures left for now" in m.text, timeout_s=QUICK_S
            )
        assert [batch[0].spec.checkpoint for batch in engine.batches] == [Checkpoint.BASE] * 2
        too_many = await bot.ada.command(bot.channel, "imagine", prompt="a fox", quality="best", count=4)
        await too_many.message_where(lambda m: "this needs 91.6" in m.text, timeout_s=QUICK_S)
        plain = await bot.ada.command(bot.channel, "imagine", prompt="a fox")
        shown = await plain.message_where(has_pictures, timeout_s=QUICK_S)
        assert "quota" not in shown.text  # one picture for one, and more than ten are left


async def test_an_installation_that_lost_the_base_checkpoint_refuses_a_reroll(
    environment: BotEnvironment, base_here: pytest.MonkeyPatch
) -> None:
    async with environment.running_bot(_with_base()) as bot:
        done = await _best(bot)
    base_here.undo()
    engine = ScriptedEngine()
    async with environment.running_bot(engine) as bot:
        for label in ("Reroll", "Strong"):
            pressed = await bot.ada.press(done, label=label)
            refused = await pressed.message_where(
                lambda m: "This was made in best quality" in m.text, timeout_s=QUICK_S
            )
            assert refused.is_ephemeral
        assert engine.batches == []
        assert await bot.number("SELECT COUNT(*) FROM jobs") == 1
