"""The message of an ended job: its images as a gallery, its recipe, its buttons."""

from collections.abc import Sequence
from io import BytesIO

import discord

from kleinbot.chat.core import text as core_text
from kleinbot.chat.core.views import MessageContent, fresh, plain
from kleinbot.chat.more.buttons import MoreButton
from kleinbot.chat.results.action_rows import create_rows, result_row
from kleinbot.chat.results.buttons import DeleteButton
from kleinbot.domain.job import Job, JobState
from kleinbot.images.alt_text import alt_text as description
from kleinbot.texts import Texts
from kleinbot.usecases.job_queries import StoredPicture
from kleinbot.usecases.quota.quota import pictures

ALT_TEXTS_BYTES = 2_400
"""The greatest weight of the prompts in all of a message's descriptions (``plain_text.weight``).

A body of components above about 10 kB has been answered with 500 (discord-api-docs #8554).
"""

_PROMPT_HERE = "\N{OBJECT REPLACEMENT CHARACTER}"


def result(
    texts: Texts,
    job: Job,
    found: Sequence[StoredPicture],
    note: str | None,
    *,
    late: bool,
    above: str | None = None,
) -> MessageContent:
    """Return an ended job's message: its images as a gallery, its recipe, and what went wrong.

    ``note`` stands below the images, ``above`` over everything.
    """
    view = fresh()
    requester = core_text.mention(job.member_id)
    if above is not None:
        view.add_item(discord.ui.TextDisplay(above))
    if late:
        view.add_item(discord.ui.TextDisplay(texts.say(job.locale, "late-greeting", requester=requester)))
    view.add_item(discord.ui.TextDisplay(core_text.heading(texts, job)))
    files = _add_gallery(view, texts, job, found)
    view.add_item(discord.ui.TextDisplay("\n".join(_ending(texts, job, found, note))))
    for row in create_rows(texts, job):
        view.add_item(row)
    if files:
        view.add_item(result_row(texts, job))
    return MessageContent(view, files)


def further(texts: Texts, job: Job, found: Sequence[StoredPicture]) -> MessageContent:
    """Return a message with images that did not fit into the result's first message."""
    view = plain(texts.say(job.locale, "result-further", number=str(job.number)))
    files = _add_gallery(view, texts, job, found)
    if lost := _lost(texts, job, found):
        view.add_item(discord.ui.TextDisplay("\n".join(lost)))
    return MessageContent(view, files)


def hidden(texts: Texts, job: Job) -> MessageContent:
    """Return what stands in place of a hidden result: neither its pictures nor its prompt."""
    requester = core_text.mention(job.member_id)
    view = plain(texts.say(job.locale, "result-hidden", number=str(job.number), requester=requester))
    row: discord.ui.ActionRow[discord.ui.LayoutView] = discord.ui.ActionRow()
    row.add_item(MoreButton(job.job_id).labelled(texts.say(job.locale, "button-hidden-why")))
    row.add_item(DeleteButton(job.job_id).labelled(texts.say(job.locale, "button-delete")))
    view.add_item(row)
    return MessageContent(view)


def _add_gallery(
    view: discord.ui.LayoutView, texts: Texts, job: Job, found: Sequence[StoredPicture]
) -> tuple[discord.File, ...]:
    files = []
    gallery: discord.ui.MediaGallery[discord.ui.LayoutView] = discord.ui.MediaGallery()
    for picture in (picture for picture in found if picture.data is not None):
        position = picture.image.key.position
        file = discord.File(
            BytesIO(picture.data or b""), filename=f"{file_prefix(job)}{position + 1}{picture.suffix}"
        )
        # Not in the file as well: that would double the weight of the message.
        description = alt_text(texts, job, position, len(found))
        gallery.add_item(media=file, description=description, spoiler=job.spec.spoiler)
        files.append(file)
    if files:
        view.add_item(gallery)
    return tuple(files)


KEY_DIGITS = 8


def file_prefix(job: Job) -> str:
    """Return how the names of a job's files begin.

    The number is for people. After an older database was restored, numbers repeat, and the beginning of the
    job's key tells the files apart.
    """
    return f"{old_file_prefix(job)}{job.job_id[:KEY_DIGITS]}-"


def old_file_prefix(job: Job) -> str:
    """Return how older file names begin, without the key."""
    return f"kleinbot-{job.number}-"


def alt_text(texts: Texts, job: Job, position: int, beside: int) -> str:
    """Return an image's description for people who do not see it.

    ``beside``: how many images the message has; they share its weight.
    """
    if not job.spec.prompt.strip():
        return texts.say(job.locale, "alt-text-variation", position=position + 1, count=job.count)
    frame = texts.say(job.locale, "alt-text", position=position + 1, count=job.count, prompt=_PROMPT_HERE)
    before, _, after = frame.partition(_PROMPT_HERE)
    return description(job.spec.prompt, before, after, ALT_TEXTS_BYTES // beside)


def _ending(texts: Texts, job: Job, found: Sequence[StoredPicture], note: str | None) -> list[str]:
    lines = []
    if found:
        lines.append(
            texts.say(
                job.locale,
                "recipe",
                size=core_text.size(job.spec.grid),
                seed=str(job.seed),
                seconds=f"{job.seconds:.1f}",
            )
        )
    if (paid := _paid(texts, job)) is not None:
        lines.append(f"-# {paid}")
    lines += _lost(texts, job, found)
    refunded = pictures(job.refunded_tenths)
    if job.state is JobState.CANCELLED:
        how = texts.error(job.error, job.locale) if job.error else texts.say(job.locale, "cancelled")
        lines.append(f"{how} {texts.say(job.locale, 'given-back', refunded=refunded)}")
        if job.used_tenths:
            lines.append(texts.say(job.locale, "used-anyway", used=pictures(job.used_tenths)))
    elif job.state is JobState.EXPIRED:
        lines.append(texts.say(job.locale, "expired"))
    elif job.error is not None:
        reason = texts.error(job.error, job.locale)
        is_partly = bool(found) and job.state is JobState.FAILED
        lines.append(texts.say(job.locale, "failed-partly", reason=reason) if is_partly else reason)
    if found and note is not None:
        lines.append(f"-# {note}")
    return lines


def _paid(texts: Texts, job: Job) -> str | None:
    """Return what a result cost, where its member should know: a dear one, or if little is left."""
    if not job.done_images or not core_text.price_matters(job):
        return None
    paid = texts.say(job.locale, "price-paid", pictures=pictures(len(job.done_images) * job.price_tenths))
    if job.told.left_tenths is None or len(job.done_images) < job.count:
        return paid  # something was given back since
    return f"{paid} {texts.say(job.locale, 'price-left', left=pictures(job.told.left_tenths))}"


def _lost(texts: Texts, job: Job, found: Sequence[StoredPicture]) -> list[str]:
    return [
        texts.say(
            job.locale,
            "unreadable-file" if picture.is_unreadable else "lost-file",
            position=picture.image.key.position + 1,
            number=str(job.number),
        )
        for picture in found
        if picture.data is None
    ]
