"""The rows of buttons under a result: three rows and twelve buttons at most, whatever is ever added.

What else can be done with a picture is an entry of *More …* (``chat.more.table``).
"""

from collections.abc import Iterator

import discord

from kleinbot.chat.create.buttons import EditButton, RerollButton, VaryButton
from kleinbot.chat.more.buttons import MoreButton
from kleinbot.chat.privacy.buttons import PostButton
from kleinbot.chat.results.buttons import DeleteButton, FavouriteButton
from kleinbot.domain.job import Job
from kleinbot.domain.noise import Strength
from kleinbot.texts import Texts
from kleinbot.usecases.sources import is_of_others

Row = discord.ui.ActionRow[discord.ui.LayoutView]


def create_rows(texts: Texts, job: Job) -> Iterator[Row]:
    """Yield the rows that make new images; none if no image is left to begin with."""
    positions = [image.key.position for image in job.done_images if image.file is not None]
    if len(positions) == 1:
        yield _of_one(texts, job, positions[0])
    elif positions:
        yield _variations_row(texts, job, positions)
        yield _edits_row(texts, job, positions)


def _of_one(texts: Texts, job: Job, position: int) -> Row:
    def say(message_id: str) -> str:
        return texts.say(job.locale, message_id)

    row: Row = discord.ui.ActionRow()
    row.add_item(EditButton(job.job_id, position).labelled(say("button-edit")))
    row.add_item(VaryButton(job.job_id, position, Strength.SUBTLE).labelled(say("button-subtle")))
    row.add_item(VaryButton(job.job_id, position, Strength.STRONG).labelled(say("button-strong")))
    row.add_item(RerollButton(job.job_id).labelled(say("button-reroll")))
    return row


def _variations_row(texts: Texts, job: Job, positions: list[int]) -> Row:
    row: Row = discord.ui.ActionRow()
    for position in positions:
        label = texts.say(job.locale, "button-vary", position=position + 1)
        row.add_item(VaryButton(job.job_id, position, Strength.MEDIUM).labelled(label))
    row.add_item(RerollButton(job.job_id).labelled(texts.say(job.locale, "button-reroll")))
    return row


def _edits_row(texts: Texts, job: Job, positions: list[int]) -> Row:
    row: Row = discord.ui.ActionRow()
    for position in positions:
        label = texts.say(job.locale, "button-edit-one", position=position + 1)
        row.add_item(EditButton(job.job_id, position).labelled(label))
    return row


def result_row(texts: Texts, job: Job) -> Row:
    """Return the row that marks a result and opens *More …*.

    A private result has its delete button here as well: only a press of one of its own buttons can remove
    the message, and *More …* is another message.
    """
    row: Row = discord.ui.ActionRow()
    row.add_item(FavouriteButton(job.job_id).labelled(texts.say(job.locale, "button-favourite")))
    row.add_item(MoreButton(job.job_id).labelled(texts.say(job.locale, "button-more")))
    if job.private and is_of_others(job):
        row.add_item(PostButton(job.job_id).labelled(texts.say(job.locale, "button-post")))
    if job.private:
        row.add_item(DeleteButton(job.job_id).labelled(texts.say(job.locale, "button-delete")))
    return row
