import pytest

from tests.e2e.pictures import a_png, imagined, result, said, size
from tests.e2e.running_bot import BotEnvironment, RunningBot
from tests.scripted_engine import ScriptedEngine


async def noise_of(bot: RunningBot, number: int) -> list[tuple[int, str]]:
    rows = await bot.app.container.base.database.read.all(
        "SELECT base_seed, blends FROM images JOIN jobs USING (job_id) WHERE number = ? ORDER BY position",
        number,
    )
    return [(row[0], row[1]) for row in rows]


async def test_variations_of_my_picture_mix_other_noise_into_its_own(environment: BotEnvironment) -> None:
    async with environment.running_bot(ScriptedEngine()) as bot:
        await imagined(bot, seed=40, count=2)
        handle = await bot.ada.command(
            bot.channel, "variations", picture="#1", which=2, strength="subtle", count=2
        )
        done = await result(handle)
        assert done.text.startswith(f"**a red fox** · subtle variation — by <@{bot.ada.id}> from #1 · #2\n")
        (base, first), (same, second) = await noise_of(bot, 2)
        assert base == same == 41
        assert first.endswith(", 0.25]]")
        assert first != second
        again = await bot.ada.command(bot.channel, "variations", picture="#2", strength="strong")
        await result(again)
        ((base, chain),) = await noise_of(bot, 3)
        assert base == 41
        assert chain.startswith(first[:-1])  # the whole chain, so no other picture has to exist
        assert chain.endswith(", 0.8]]")


async def test_variations_of_an_attachment_begin_at_its_pixels(environment: BotEnvironment) -> None:
    engine = ScriptedEngine()
    async with environment.running_bot(engine) as bot:
        for strength, steps, sigma in (("subtle", 2, 0.6), ("medium", 3, 0.8), ("strong", 4, 0.9)):
            handle = await bot.ada.command(
                bot.channel, "variations", image=a_png(600, 400), strength=strength
            )
            done = await result(handle)
            assert size(done.pictures[0]) == (304, 208)
            assert done.text.startswith("**Variations of a picture** · ")
            alt = "A picture that an AI model made as a variation of another one"
            assert done.pictures[0].alt_text == alt
            (task,) = engine.batches[-1]
            assert (task.spec.steps, task.pictures) == (steps, ())
            assert task.start is not None
            assert task.start.first_sigma == sigma
            assert (task.start.picture.width_px, task.start.picture.height_px) == (304, 208)


async def test_a_variation_of_such_a_variation_begins_at_its_pixels_too(environment: BotEnvironment) -> None:
    engine = ScriptedEngine()
    async with environment.running_bot(engine) as bot:
        await result(await bot.ada.command(bot.channel, "variations", image=a_png()))
        await result(await bot.ada.command(bot.channel, "variations"))
        (task,) = engine.batches[-1]
        assert task.start is not None
        assert task.noise.blends == ()


async def test_a_variation_of_an_edit_looks_at_the_same_references(environment: BotEnvironment) -> None:
    engine = ScriptedEngine()
    async with environment.running_bot(engine) as bot:
        await result(
            await bot.ada.command(
                bot.channel, "edit", instruction="a hat", image=a_png(seed=1),
                **{"reference-1": a_png(seed=2)},
            )
        )  # fmt: skip
        await result(await bot.ada.command(bot.channel, "variations"))
        (edit,), (variation,) = engine.batches
        assert variation.pictures == edit.pictures
        assert variation.spec.prompt == "a hat"
        assert len(variation.noise.blends) == 1


async def test_a_waiting_variation_of_an_attachment_is_the_same_after_a_restart(
    environment: BotEnvironment,
) -> None:
    async with environment.running_bot() as bot:
        await bot.ready()
        direct = await result(
            await bot.ada.command(bot.channel, "variations", image=a_png(), strength="strong")
        )
        assert await bot.number("SELECT COUNT(*) FROM job_references WHERE role = 'start'") == 1
    async with environment.running_bot() as bot:
        await bot.ready()
        job = await bot.app.container.base.database.read.one("SELECT strength, steps FROM jobs")
        assert job is not None
        assert tuple(job) == ("strong", 4)
        again = await bot.ada.press(direct, label="Reroll")
        done = await result(again)
        assert done.pictures[0].data != direct.pictures[0].data


async def test_the_bots_own_pictures_are_suggested_by_number_and_prompt(environment: BotEnvironment) -> None:
    async with environment.running_bot(ScriptedEngine()) as bot:
        await imagined(bot, prompt="a red fox", count=2)
        await imagined(bot, prompt="a blue " + "very " * 40 + "whale")
        suggest = bot.ada.autocomplete
        everything = await suggest(bot.channel, "variations", "picture", "")
        assert [choice.name.split(" ")[0] for choice in everything] == ["#2", "#1/1", "#1/2"]
        assert all(len(choice.name) <= 100 for choice in everything)
        assert everything[1].name == "#1/1 a red fox just now"
        bot.clock.advance(5 * 60)
        (fox, _) = await suggest(bot.channel, "edit", "picture", "FOX", instruction="a hat")
        assert fox.name == "#1/1 a red fox 5 min ago"
        assert await bot.bob.autocomplete(bot.channel, "variations", "picture", "") == []
        chosen = await bot.ada.command(bot.channel, "variations", picture=everything[2].value)
        assert "from #1" in (await result(chosen)).text
        parent = await bot.number("SELECT parent_position FROM jobs WHERE number = 3")
        assert parent == 1


@pytest.mark.parametrize("name", ["#1", "1", "1/2"])
async def test_a_number_names_only_ones_own_pictures(environment: BotEnvironment, name: str) -> None:
    async with environment.running_bot(ScriptedEngine()) as bot:
        await imagined(bot, count=2)
        refused = await bot.bob.command(bot.channel, "variations", picture=name)
        assert (await said(refused, "I know no such picture")).is_ephemeral
        await result(await bot.ada.command(bot.channel, "variations", picture=name))


async def test_a_private_pictures_variations_are_private_unless_asked_otherwise(
    environment: BotEnvironment,
) -> None:
    async with environment.running_bot(ScriptedEngine()) as bot:
        await imagined(bot, private=True)
        hidden = await result(await bot.ada.command(bot.channel, "variations"))
        assert hidden.is_ephemeral
        shown = await result(await bot.ada.command(bot.channel, "variations", picture="#1", private=False))
        assert not shown.is_ephemeral
