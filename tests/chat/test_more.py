"""The list of *More …*: its rows, its prices, its bounds."""

from dataclasses import replace
from typing import Any, cast

import discord
import pytest

from kleinbot.chat.core.interactions import Interactions
from kleinbot.chat.more.actions import ChosenPicture, Group, MoreAction
from kleinbot.chat.more.handlers import MoreHandlers
from kleinbot.chat.more.views import MOST_ACTIONS, more
from kleinbot.chat.results.action_rows import create_rows
from kleinbot.domain.job import Image
from kleinbot.domain.people import Actor
from kleinbot.texts import Texts, languages
from kleinbot.usecases.history import History
from tests.chat.test_action_rows import MOST_COMPONENTS, a_job
from tests.chat.test_buttons import kinds_of


async def _nothing(interaction: discord.Interaction[Any], picture: ChosenPicture) -> None:
    del interaction, picture


def _action(name: str, group: Group, tenths: int = 0) -> MoreAction:
    return MoreAction(name, "button-recipe", group, _nothing, price_tenths=lambda picture: tenths)


def _picture(count: int, locale: str) -> ChosenPicture:
    job = a_job(count, locale)
    return ChosenPicture(Actor(job.server_id, job.member_id, locale), job, count - 1)


def _rows(view: discord.ui.LayoutView) -> list[list[discord.ui.Button[Any]]]:
    rows = [item for item in view.children if isinstance(item, discord.ui.ActionRow)]
    return [[cast("discord.ui.Button[Any]", button) for button in row.children] for row in rows]


def test_each_group_begins_a_row_and_a_price_stands_in_its_label() -> None:
    actions = [
        *(_action(f"look-{letter}", Group.LOOK) for letter in "abcdefg"),
        _action("dear", Group.MAKE, tenths=43),
        _action("gone", Group.MANAGE),
    ]
    rows = _rows(more(Texts(), _picture(4, "en"), actions))
    assert [len(row) for row in rows] == [4, 5, 2, 1, 1]
    assert [button.label for button in rows[0]] == ["1", "2", "3", "4"]
    assert [button.disabled for button in rows[0]] == [False, False, False, True]
    assert [button.label for button in rows[3]] == ["Recipe · 4.3"]


@pytest.mark.parametrize("locale", languages())
def test_the_longest_list_fits_into_a_message(locale: str) -> None:
    groups = [*([Group.LOOK] * 6), *([Group.MAKE] * 8), *([Group.MANAGE] * 6)]
    actions = [_action(f"{'a' * 22}-{chr(97 + index)}", group, 43) for index, group in enumerate(groups)]
    assert len(actions) == MOST_ACTIONS
    view = more(Texts(), _picture(4, locale), actions)
    items = list(view.walk_children())
    assert len(items) <= MOST_COMPONENTS
    keys = [str(getattr(item, "custom_id", "")) for item in items if item.is_dispatchable()]
    assert len(set(keys)) == len(keys) == MOST_ACTIONS + 4
    assert all(len(kinds_of(key)) == 1 and len(key) <= 100 for key in keys)


@pytest.mark.parametrize("names", [["twice", "twice"], [f"a-{'b' * n}" for n in range(MOST_ACTIONS + 1)]])
def test_a_table_with_equal_names_or_too_many_entries_is_no_table(names: list[str]) -> None:
    actions = [_action(name, Group.LOOK) for name in names]
    with pytest.raises(ValueError, match="names differ"):
        MoreHandlers(cast("History", None), cast("Interactions", None), Texts(), actions)


def test_a_picture_without_its_file_is_still_one() -> None:
    picture = _picture(2, "en")
    images = tuple(replace(image, file=None) for image in picture.job.images)
    assert replace(picture, job=replace(picture.job, images=images)).image.file is None


@pytest.mark.parametrize("locale", languages())
def test_the_labels_under_a_picture_are_explained_by_their_names(locale: str) -> None:
    texts = Texts()
    for count, labels in (
        (1, ("button-edit", "button-subtle", "button-strong", "button-reroll")),
        (4, ("button-vary", "button-edit-one", "button-reroll")),
    ):
        picture = _picture(count, locale)
        *_, about = more(texts, picture, [_action("look", Group.LOOK)]).children
        assert isinstance(about, discord.ui.TextDisplay)
        for label in labels:
            assert f" {texts.say(locale, label, position=1)} " in f" {about.content}"
        under = [
            getattr(each, "label", "") for row in create_rows(texts, picture.job) for each in row.children
        ]
        assert {texts.say(locale, label, position=1) for label in labels} <= {*under}
    gone = replace(picture, job=replace(picture.job, images=_without_files(picture)))
    assert len(_texts(more(texts, gone, []))) == 1


def _without_files(picture: ChosenPicture) -> tuple[Image, ...]:
    return tuple(replace(image, file=None) for image in picture.job.images)


def _texts(view: discord.ui.LayoutView) -> list[discord.ui.TextDisplay[Any]]:
    return [item for item in view.children if isinstance(item, discord.ui.TextDisplay)]
