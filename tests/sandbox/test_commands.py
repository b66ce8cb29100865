"""A slash command and its answer, through the real client."""

import discord
import pytest

from kleinbot.sandbox import Answer, PersonError, WaitTimeoutError
from tests.sandbox.conftest import StandInEnv
from tests.sandbox.demo_bot import PNG


async def test_a_deferred_command_is_answered_with_a_file_and_a_button_that_works(
    env: StandInEnv,
) -> None:
    handle = await env.ada.command(
        env.channel,
        "imagine",
        prompt="a fox",
        count=2,
        image=PNG,
        friend=env.bob,
        place=env.channel,
        exact=True,
        strength=0.25,
    )
    assert await handle.acknowledged(timeout_s=3) is Answer.DEFERRED
    assert handle.acknowledged_after_s is not None
    assert handle.acknowledged_after_s < 3
    done = await handle.message_where(lambda each: each.pictures)
    assert done.text == f"a fox x2 ({len(PNG)}, 64, 48) ('bob', 'pictures') True 0.25"
    assert done.attachments[0].data == PNG
    assert done.pictures[0].alt_text == "a fox"
    assert [each.label for each in done.buttons] == ["Again", "Edit", "Off"]
    assert done.texts_so_far == ("", done.text)

    pressed = await env.ada.press(done, label="Again")
    extra = await pressed.message_where(lambda each: each.is_ephemeral)
    assert pressed.response is done
    assert done.text == "pressed"
    assert extra.attachments[0].filename == "more.png"
    assert extra in env.ada.sees(env.channel)
    assert extra not in env.bob.sees(env.channel)
    assert extra not in env.channel.messages


async def test_a_gallery_shows_its_pictures_with_their_alt_texts(env: StandInEnv) -> None:
    handle = await env.ada.command(env.channel, "show")
    done = await handle.message_where(lambda each: each.gallery)
    assert done.is_v2
    assert done.text == "done"
    assert [(each.filename, each.alt_text, each.data) for each in done.gallery] == [
        ("one.png", "the first", PNG),
        ("two.png", "the second", PNG),
    ]


async def test_privacy_is_fixed_by_the_first_answer(env: StandInEnv) -> None:
    handle = await env.ada.command(env.channel, "show", private=True)
    done = await handle.message_where(lambda each: each.gallery)
    assert done.is_ephemeral
    with pytest.raises(PersonError, match="somebody else"):
        await env.bob.menu(done, "Show recipe")


async def test_subcommands_take_members_and_choices_by_name(env: StandInEnv) -> None:
    handle = await env.root.command(env.channel, "quota give", member=env.bob, mode="Much")
    answer = await handle.message_where(bool)
    assert answer.text == "bob m"
    assert answer.is_ephemeral


@pytest.mark.parametrize(
    ("name", "values", "sentence"),
    [
        ("dream", {}, "there is no command 'dream'"),
        ("imagine", {}, "needs prompt"),
        ("imagine", {"prompt": "x", "size": 3}, "no option 'size'"),
        ("imagine", {"prompt": "x", "count": 5}, "between 1 and 4"),
        ("imagine", {"prompt": "x" * 101}, "between 1 and 100 characters"),
        ("imagine", {"prompt": "x", "image": b"0" * (10 * 1024 * 1024 + 1)}, "too large"),
        ("quota", {}, "ada may not use 'quota'"),
    ],
)
async def test_what_a_client_would_not_send_is_refused_towards_the_person(
    env: StandInEnv, name: str, values: dict[str, object], sentence: str
) -> None:
    with pytest.raises(PersonError, match=sentence):
        await env.ada.command_with(env.channel, name, values)


async def test_a_choice_that_is_not_offered_is_refused(env: StandInEnv) -> None:
    with pytest.raises(PersonError, match="not one of"):
        await env.root.command(env.channel, "quota give", member=env.bob, mode="Some")


async def test_suggestions_come_while_typing(env: StandInEnv) -> None:
    choices = await env.ada.autocomplete(env.channel, "imagine", "prompt", "cat")
    assert len(choices) == 25
    assert (choices[0].name, choices[0].value) == ("cat 0", "cat-0")


async def test_commands_work_in_direct_messages(env: StandInEnv) -> None:
    channel = await env.ada.direct_channel()
    handle = await env.ada.command(channel, "later")
    assert (await handle.message_where(bool)).text == "working"
    assert (await env.bot.keeps()).guild is None


async def test_menus_carry_the_message_and_the_person(env: StandInEnv) -> None:
    written = env.bob.attach(env.channel, "look", PNG)
    handle = await env.ada.menu(written, "Show recipe")
    assert (await handle.message_where(bool)).text == "look ['image.png']"
    env.bob.set_avatar(PNG)
    handle = await env.ada.menu(env.bob, "Profile", channel=env.channel)
    assert (await handle.message_where(bool)).text == f"bob {len(PNG)}"


async def test_selects_and_disabled_buttons(env: StandInEnv) -> None:
    handle = await env.ada.command(env.channel, "imagine", prompt="a fox")
    done = await handle.message_where(lambda each: each.buttons)
    picked = await env.ada.select(done, ["Wide"], custom_id="aspect")
    assert (await picked.message_where(bool)).text == "picked ['16:9']"
    with pytest.raises(PersonError, match="disabled"):
        await env.ada.press(done, label="Off")
    with pytest.raises(PersonError, match="no button 'Nope'"):
        await env.ada.press(done, label="Nope")


async def test_a_form_is_filled_in_field_by_field_with_a_file(env: StandInEnv) -> None:
    handle = await env.ada.command(env.channel, "imagine", prompt="a fox")
    done = await handle.message_where(lambda each: each.buttons)
    form = await env.ada.press(done, label="Edit")
    modal = await form.modal_opened()
    assert (modal.title, [each.label for each in modal.fields]) == (
        "Edit the picture",
        ["Prompt", "Style", "Picture"],
    )
    sent = await env.ada.submit(form, {"Prompt": "a wolf", "style": "Ink", "Picture": [PNG, PNG]})
    assert (await sent.message_where(bool)).text == f"a wolf in i with {[len(PNG), len(PNG)]}"


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"style": "Ink"}, "Prompt: must be filled in"),
        ({"Prompt": "x" * 51, "Style": "Ink"}, "between 0 and 50"),
        ({"Prompt": "x"}, "Style: choose 1"),
        ({"Prompt": "x", "Style": "Chalk"}, "not one of"),
        ({"Prompt": "x", "Style": "Oil", "Picture": [PNG] * 3}, "Picture: choose"),
        ({"Colour": "x"}, "no field 'Colour'"),
    ],
)
async def test_a_form_checks_what_is_filled_in(
    env: StandInEnv, values: dict[str, object], sentence: str
) -> None:
    handle = await env.ada.command(env.channel, "imagine", prompt="a fox")
    done = await handle.message_where(lambda each: each.buttons)
    form = await env.ada.press(done, label="Edit")
    await form.modal_opened()
    with pytest.raises(PersonError, match=sentence):
        await env.ada.submit(form, values)


async def test_a_wait_ends_and_says_what_it_saw(env: StandInEnv) -> None:
    handle = await env.ada.command(env.channel, "later")
    await handle.acknowledged()
    with pytest.raises(WaitTimeoutError, match=r"a fitting message to 'later'.*working"):
        await handle.message_where(lambda each: each.pictures, timeout_s=0.01)


async def test_the_client_asks_for_the_intent_it_was_given(env: StandInEnv) -> None:
    assert [each["intents"] for each in env.standin.identifies] == [discord.Intents(guilds=True).value]
