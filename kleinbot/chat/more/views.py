"""The list that *More …* opens."""

from collections.abc import Sequence

import discord

from kleinbot.chat.core.views import plain
from kleinbot.chat.more.actions import ChosenPicture, Group, MoreAction
from kleinbot.chat.more.buttons import MoreActionButton, MoreButton
from kleinbot.texts import Texts
from kleinbot.usecases.quota.quota import pictures

MOST_ACTIONS = 20
"""With four pictures to choose from, 2 texts, 5 for the choice, 20 buttons and 6 rows are 33 of 40 parts.

Three groups of 20 buttons in rows of five take at most six rows.
"""

_IN_A_ROW = 5
Row = discord.ui.ActionRow[discord.ui.LayoutView]


def more(texts: Texts, picture: ChosenPicture, actions: Sequence[MoreAction]) -> discord.ui.LayoutView:
    """Return the list of ``actions``, with a row that chooses the picture where its job has several."""
    locale, job = picture.actor.locale, picture.job
    view = plain(
        texts.say(
            locale,
            "more-title",
            number=str(job.number),
            position=picture.position + 1,
            count=len(job.done_images),
        )
    )
    if len(job.done_images) > 1:
        view.add_item(_choice(picture))
    for group in Group:
        of_group = [action for action in actions if action.group is group]
        for start in range(0, len(of_group), _IN_A_ROW):
            row: Row = discord.ui.ActionRow()
            for action in of_group[start : start + _IN_A_ROW]:
                row.add_item(_entry(texts, picture, action))
            view.add_item(row)
    if any(image.file is not None for image in job.done_images):
        # The labels under a set are one letter and a number: here they are explained to whoever wonders.
        buttons = texts.say(locale, "more-buttons", count=len(job.done_images))
        view.add_item(discord.ui.TextDisplay(f"-# {buttons}"))
    return view


def _choice(picture: ChosenPicture) -> Row:
    row: Row = discord.ui.ActionRow()
    for image in picture.job.done_images:
        position = image.key.position
        button = MoreButton(picture.job.job_id, position).labelled(str(position + 1))
        if position == picture.position:
            button.style, button.disabled = discord.ButtonStyle.primary, True
        row.add_item(button)
    return row


def _entry(
    texts: Texts, picture: ChosenPicture, action: MoreAction
) -> discord.ui.Button[discord.ui.LayoutView]:
    locale = picture.actor.locale
    label = texts.say(locale, action.label)
    if tenths := action.price_tenths(picture):
        label = texts.say(locale, "more-priced", label=label, pictures=pictures(tenths))
    button = MoreActionButton(picture.job.job_id, picture.position, action.name).labelled(label)
    button.style = action.style
    return button
