"""A recipe's text can be pasted as a command: the same words come back."""

from dataclasses import replace

import discord
import pytest

from kleinbot.chat.results import views
from kleinbot.chat.results.recipe_text import command, nearest_aspect, recipe_text, unquoted
from kleinbot.domain.geometry import Aspect, Grid
from kleinbot.domain.job import Image, ImageState, Job, JobState, Lane, Parent
from kleinbot.domain.job_spec import ImageKey, JobKind, JobSpec
from kleinbot.domain.noise import Blend, NoiseRecipe, Strength
from kleinbot.texts import Texts
from tests.specs import with_spec

KEY = "0" * 24
GRID = Grid(19, 13)
IMAGE = Image(ImageKey(KEY, 0), 10, NoiseRecipe(41), GRID, ImageState.DONE, "f", "s", 0.5)
JOB = Job(
    job_id=KEY, server_id=10, member_id=1, number=7,
    spec=JobSpec(JobKind.IMAGINE, 'a "red"\nfox seed:3', GRID),
    seed=41, count=1, private=False, price_tenths=10, lane=Lane.TOKEN, locale="en-US", channel_id=5,
    state=JobState.DONE, error=None, created_ms=1_790_000_000_000, ended_ms=1_790_000_001_000,
    images=(IMAGE,),
)  # fmt: skip
PARENT = Parent(ImageKey("1" * 24, 2), 6, 1)


def test_a_prompt_is_quoted_so_that_option_names_in_it_stay_words() -> None:
    said = command(Texts(), "en-US", 1, JOB)
    assert said == r'/imagine prompt:"a \"red\" fox seed:3" aspect:3:2 seed:41 count:1'


def test_the_words_are_those_of_the_readers_own_discord() -> None:
    assert " format:3:2 seed:41 anzahl:1" in command(Texts(), "de", 1, JOB)


def test_an_edit_names_its_parent_by_number_for_its_owner_and_by_key_for_others() -> None:
    edit = replace(with_spec(JOB, kind=JobKind.EDIT, prompt="make it blue"), parent=PARENT)
    assert command(Texts(), "en-US", 1, edit) == (
        '/edit instruction:"make it blue" picture:#6/3 seed:41 count:1'
    )
    assert f"picture:{'1' * 24}.2" in command(Texts(), "en-US", 2, edit)


def test_a_variation_says_its_strength_parent_and_mixed_noise() -> None:
    noise = NoiseRecipe(41, (Blend(9, 0.35),))
    varied = replace(
        with_spec(JOB, kind=JobKind.VARIATIONS, strength=Strength.SUBTLE),
        parent=PARENT,
        images=(replace(IMAGE, noise=noise),),
    )
    status = recipe_text(Texts(), "en-US", 1, varied)
    assert "/variations strength:subtle picture:#6/3 count:1" in status
    assert "Noise: 41 0.35:9" in status
    assert "Made from #6 of <@1>" in status


def test_a_prompt_cannot_end_the_block_of_code() -> None:
    status = recipe_text(Texts(), "en-US", 1, with_spec(JOB, prompt="``` @everyone"))
    assert status.count("```") == 2


def test_one_picture_of_several_has_a_command_of_its_own() -> None:
    several = replace(JOB, count=4, seed=2**32 - 2)
    assert command(Texts(), "en-US", 1, several).endswith("seed:4294967294 count:4")
    assert command(Texts(), "en-US", 1, several, position=1).endswith("seed:4294967295 count:1")
    assert command(Texts(), "en-US", 1, several, position=2).endswith("seed:0 count:1")
    varied = with_spec(several, kind=JobKind.VARIATIONS, strength=Strength.SUBTLE)
    assert command(Texts(), "en-US", 1, varied, position=2).endswith("count:4")


@pytest.mark.parametrize("prompt", ['"' * 3000, "狐" * 2000, "`" * 3000, "\U0001f98a" * 1500])
def test_a_command_that_is_too_long_for_a_message_comes_as_a_file(prompt: str) -> None:
    job = with_spec(JOB, prompt=prompt)
    for message in (
        views.recipe(Texts(), "en-US", 1, job, names_parent=True),
        views.copied(Texts(), "en-US", 1, job, 0, names_parent=True),
    ):
        text = next(each for each in message.view.children if isinstance(each, discord.ui.TextDisplay))
        assert text.content.startswith("The command is too long for a message. It is in the file.")
        (file,) = message.files
        assert file.fp.read().decode() == command(Texts(), "en-US", 1, job)
    assert len(recipe_text(Texts(), "en-US", 1, job)) < 1000


@pytest.mark.parametrize("aspect", list(Aspect))
@pytest.mark.parametrize("tokens", [4096, 1024, 256])
def test_the_shape_is_found_again_from_a_grid_that_was_scaled_down(aspect: Aspect, tokens: int) -> None:
    assert nearest_aspect(aspect.grid.scaled_to(tokens)) is aspect


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        (r'"a \"red\" fox"', 'a "red" fox'),
        ("a fox", "a fox"),
        ('"a fox" and "a wolf"', '"a fox" and "a wolf"'),
        ('"', '"'),
    ],
)
def test_quotes_around_a_pasted_text_are_taken_off(typed: str, meant: str) -> None:
    assert unquoted(typed) == meant
