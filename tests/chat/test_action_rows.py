"""Rules that keep the buttons under a result alive for years."""

from dataclasses import replace

import discord
import pytest

from kleinbot.chat.results import result_view
from kleinbot.domain.geometry import Grid
from kleinbot.domain.job import Image, ImageState, Job, JobState, Lane, Told
from kleinbot.domain.job_spec import ImageKey, JobKind, JobSpec
from kleinbot.domain.noise import NoiseRecipe
from kleinbot.texts import Texts, languages
from kleinbot.usecases.job_queries import StoredPicture
from tests.chat.test_buttons import kinds_of

JOB_ID = "0123456789abcdef01234567"
MOST_COMPONENTS = 40


def a_job(count: int, locale: str) -> Job:
    images = tuple(
        Image(
            ImageKey(JOB_ID, i), 1, NoiseRecipe(i), Grid(16, 16), ImageState.DONE, f"images/1/x-{i}.png",
            "ab", 0.5,
        )
        for i in range(count)
    )  # fmt: skip
    return Job(
        job_id=JOB_ID, server_id=1, member_id=2, number=3,
        spec=JobSpec(JobKind.IMAGINE, "a fox", Grid(16, 16)), seed=1, count=count, private=False,
        price_tenths=10, lane=Lane.TOKEN, locale=locale, channel_id=4, state=JobState.DONE, error=None,
        created_ms=0, ended_ms=1, images=images,
    )  # fmt: skip


@pytest.mark.parametrize("locale", languages())
@pytest.mark.parametrize("count", [1, 2, 3, 4])
async def test_a_results_view_holds_nothing_clickable_but_persistent_buttons(count: int, locale: str) -> None:
    job = a_job(count, locale)
    found = [StoredPicture(image, b"x") for image in job.images]
    view = result_view.result(Texts(), job, found, None, late=False).view
    assert view.timeout is None
    items = list(view.walk_children())
    assert len(items) <= MOST_COMPONENTS
    buttons = [item for item in items if item.is_dispatchable()]
    assert buttons
    keys = [str(getattr(button, "custom_id", None)) for button in buttons]
    assert all(len(kinds_of(key)) == 1 for key in keys)
    assert len(set(keys)) == len(keys)
    assert all(len(key) <= 100 and JOB_ID in key for key in keys)
    assert view.is_persistent()


LONGEST_ROW_CHARACTERS = 26
"""Of the labels of one row; see "three rows" in kleinbot/docs/decisions/discord.md."""

ROWS = {
    1: [["Edit", "Subtle", "Strong", "Reroll"]],
    2: [["V1", "V2", "Reroll"], ["E1", "E2"]],
    3: [["V1", "V2", "V3", "Reroll"], ["E1", "E2", "E3"]],
    4: [["V1", "V2", "V3", "V4", "Reroll"], ["E1", "E2", "E3", "E4"]],
}


@pytest.mark.parametrize("private", [False, True])
@pytest.mark.parametrize("locale", languages())
@pytest.mark.parametrize("count", [1, 2, 3, 4])
async def test_every_result_has_three_rows_and_twelve_buttons_at_most(
    count: int, locale: str, private: bool
) -> None:
    job = replace(a_job(count, locale), private=private)
    found = [StoredPicture(image, b"x") for image in job.images]
    view = result_view.result(Texts(), job, found, None, late=True).view
    rows = [item for item in view.children if isinstance(item, discord.ui.ActionRow)]
    labels = [[str(getattr(button, "label", "")) for button in row.children] for row in rows]
    assert len(rows) <= 3
    assert sum(map(len, labels)) <= 12
    assert max(len("".join(row)) for row in labels) <= LONGEST_ROW_CHARACTERS
    if locale == "en":
        assert labels == [*ROWS[count], ["♥", "More …", "Delete"] if private else ["♥", "More …"]]


async def test_a_result_says_its_price_only_where_it_matters() -> None:
    plain = replace(a_job(2, "en"), told=Told(100))
    assert "quota" not in _text(plain)
    assert _text(replace(plain, told=Told(99))).endswith(
        "Cost 2 pictures of the quota. 9.9 were left after that."
    )
    assert _text(replace(plain, price_tenths=21)).endswith(
        "Cost 4.2 pictures of the quota. 10 were left after that."
    )
    assert _text(replace(plain, price_tenths=21, told=Told(None))).endswith("Cost 4.2 pictures of the quota.")
    partly = replace(plain, price_tenths=21, count=3)
    assert _text(partly).endswith("Cost 4.2 pictures of the quota.")


def _text(job: Job) -> str:
    found = [StoredPicture(image, b"x") for image in job.images]
    view = result_view.result(Texts(), job, found, None, late=False).view
    return "\n".join(each.content for each in view.children if isinstance(each, discord.ui.TextDisplay))


async def test_a_job_whose_pictures_are_gone_offers_nothing() -> None:
    job = a_job(0, "en")
    view = result_view.result(Texts(), job, [], None, late=False).view
    assert not [item for item in view.walk_children() if item.is_dispatchable()]
