"""What members bring along from elsewhere works through the real client."""

from tests.e2e.pictures import a_png, chosen_in_more, parameters, result, said, said_alone, size
from tests.e2e.running_bot import BotEnvironment
from tests.scripted_engine import ScriptedEngine


async def test_parameters_in_a_prompt_are_understood_and_the_rest_is_named_to_its_member_alone(
    environment: BotEnvironment,
) -> None:
    async with environment.running_bot(ScriptedEngine()) as bot:
        await bot.ready()
        admin = bot.standin.world.add_member(bot.server, "adm", permissions=("manage_guild",))
        handle = await bot.ada.command(
            bot.channel, "imagine", prompt="a fox —ar 3:2 --seed 41 --repeat 2 --v 6 --no text"
        )
        done = await result(handle)
        assert done.text.startswith(f"**a fox** — <@{bot.ada.id}> · #1\n")
        assert "seed 41" in done.text
        assert len(done.pictures) == 2
        assert size(done.pictures[0])[0] > size(done.pictures[0])[1]
        assert parameters(done.pictures[0]).startswith("a fox\n")
        await said_alone(handle, "-# `--v --no` mean nothing here, so I left them out.")

        private = await result(await bot.ada.command(bot.channel, "imagine", prompt="a fox --stealth"))
        assert private.is_ephemeral
        edit = await bot.ada.command(
            bot.channel, "edit", instruction="green —ar 3:2 --seed 7", image=a_png(), seed=8
        )
        await said_alone(edit, "so I left out `--ar 3:2`.")
        await said_alone(edit, "so `--seed 7` did not count.")
        edited = await result(edit)
        assert "seed 8" in edited.text
        assert edited.text.startswith("**green** ")
        empty = await bot.ada.command(bot.channel, "imagine", prompt="--ar 3:2")
        await said_alone(empty, "The prompt has nothing in it that can be seen.")

        shown = await said_alone(await bot.ada.command(bot.channel, "help"), "**What I do**")
        assert shown.text.count("\n") <= 17
        assert "vary and edit what you post, unless you say no" in shown.text

        # The server's admin makes a style; what was made with it keeps it.
        add: dict[str, object] = {"name": "Ink", "before": "ink drawing of", "after": "white paper"}
        await said_alone(await admin.command_with(bot.channel, "admin style add", add), "can choose **Ink**")
        assert [
            choice.name for choice in await bot.bob.autocomplete(bot.channel, "imagine", "style", "in")
        ] == ["Ink"]
        inked = await result(
            await bot.bob.command(bot.channel, "imagine", prompt="a fox", style="Ink", seed=3)
        )
        assert inked.text.startswith(f"**a fox** · Ink — <@{bot.bob.id}>")
        assert parameters(inked.pictures[0]).startswith("ink drawing of a fox, white paper\n")
        add["after"] = "black paper"
        await said_alone(await admin.command_with(bot.channel, "admin style add", add), "is changed.")
        rerolled = await result(await bot.bob.press(inked, label="Reroll"))
        varied = await result(await bot.bob.press(inked, label="Subtle"))
        for made in (rerolled, varied):
            assert made.text.startswith("**a fox** · Ink")
            assert "white paper" in parameters(made.pictures[0])
        by_word = await bot.bob.command(bot.channel, "imagine", prompt="a fox --style ink --style raw")
        await said_alone(by_word, "`--style` means nothing here")
        black = await result(await bot.bob.command(bot.channel, "imagine", prompt="a fox --style ink"))
        assert "black paper" in parameters(black.pictures[0])
        recipe = await chosen_in_more(bot.bob, inked, "Recipe", "Style “Ink”, as it was then")
        assert '"ink drawing of a fox, white paper"' in recipe.text
        listed = await admin.command(bot.channel, "admin style list")
        await said_alone(listed, "- **Ink**: ink drawing of … black paper")
        await said_alone(
            await admin.command_with(bot.channel, "admin style remove", {"name": "ink"}), "is removed"
        )
        await said_alone(await admin.command(bot.channel, "admin audit"), "removed the style “ink”")

        settings = await said_alone(await bot.ada.command(bot.channel, "settings"), "leave an option out")
        settings = await said(await bot.ada.select(settings, ["Shape 9:16"]), "leave an option out")
        settings = await said(await bot.ada.select(settings, ["2 pictures"]), "leave an option out")
        await said(await bot.ada.select(settings, ["Only I see it"]), "leave an option out")
        tall = await result(await bot.ada.command(bot.channel, "imagine", prompt="a fox"))
        assert (tall.is_ephemeral, len(tall.pictures)) == (True, 2)
        assert size(tall.pictures[0])[0] < size(tall.pictures[0])[1]
        form = await bot.ada.command(bot.channel, "imagine", seed=11)
        assert (await form.modal_opened()).title == "What shall I draw?"
        filled = await bot.ada.submit(form, {"What should it show?": "a hare —ar 3:2 --v 6"})
        hare = await result(filled)
        assert (hare.is_ephemeral, len(hare.pictures)) == (True, 2)
        assert "seed 11" in hare.text
        assert hare.text.startswith("**a hare** ")
        assert size(hare.pictures[0])[0] > size(hare.pictures[0])[1]
        await said_alone(filled, "`--v` means nothing here")
        again = await result(await bot.ada.press(done, label="Reroll"))
        assert again.is_ephemeral
        wide = await bot.ada.command(bot.channel, "imagine", prompt="a fox --ar 3:2", private=False, count=1)
        shown = await result(wide)
        assert (shown.is_ephemeral, len(shown.pictures)) == (False, 1)
        assert size(shown.pictures[0])[0] > size(shown.pictures[0])[1]
