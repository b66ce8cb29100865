"""Messages as Discord's components: a fresh view for every message, nothing to be kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO

import discord

from kleinbot.chat import wording
from kleinbot.chat.heading import heading
from kleinbot.chat.keeping_buttons import keeping_row
from kleinbot.chat.result_buttons import making_rows
from kleinbot.domain.clock import MS_PER_S
from kleinbot.domain.job import Job, JobState
from kleinbot.images.alt_text import alt_text as description
from kleinbot.studio.cancel import Cancelled
from kleinbot.studio.quota import pictures
from kleinbot.studio.recall import Picture
from kleinbot.texts import Texts

ALT_TEXTS_BYTES = 2_400
"""What the prompts in the descriptions of all pictures of one message may weigh (``plain_text.weight``).

A body of components above about 10 kB has been answered with 500 (discord-api-docs #8554).
"""

_PROMPT_HERE = "\N{OBJECT REPLACEMENT CHARACTER}"


@dataclass(frozen=True)
class Message:
    """What is sent: a view and the files that it shows."""

    view: discord.ui.LayoutView
    files: tuple[discord.File, ...] = ()


def fresh() -> discord.ui.LayoutView:
    """Return an empty message that discord.py sends and forgets.

    Its buttons are dynamic items, which find their meaning in their custom ids. What is not stopped, the
    client keeps for a quarter of an hour with a task, where only one member sees it.
    """
    view = discord.ui.LayoutView(timeout=None)
    view.stop()
    return view


def plain(text: str) -> discord.ui.LayoutView:
    """Return a message of words alone."""
    view = fresh()
    view.add_item(discord.ui.TextDisplay(text))
    return view


def result(
    texts: Texts,
    job: Job,
    found: Sequence[Picture],
    note: str | None,
    *,
    late: bool,
    above: str | None = None,
) -> Message:
    """Return an ended job's message: its pictures as a gallery, its recipe, and what went wrong if it did.

    ``note`` stands below the pictures, ``above`` over everything.
    """
    view = fresh()
    requester = wording.mention(job.member_id)
    if above is not None:
        view.add_item(discord.ui.TextDisplay(above))
    if late:
        view.add_item(discord.ui.TextDisplay(texts.say(job.locale, "late-greeting", requester=requester)))
    view.add_item(discord.ui.TextDisplay(heading(texts, job)))
    files = _add_gallery(view, texts, job, found)
    view.add_item(discord.ui.TextDisplay("\n".join(_ending(texts, job, found, note))))
    for row in making_rows(texts, job):
        view.add_item(row)
    if files:
        view.add_item(keeping_row(texts, job))
    return Message(view, files)


def further(texts: Texts, job: Job, found: Sequence[Picture]) -> Message:
    """Return a message with pictures of a result that its first message had no room for."""
    view = plain(texts.say(job.locale, "result-further", number=str(job.number)))
    files = _add_gallery(view, texts, job, found)
    if lost := _lost(texts, job, found):
        view.add_item(discord.ui.TextDisplay("\n".join(lost)))
    return Message(view, files)


def _add_gallery(
    view: discord.ui.LayoutView, texts: Texts, job: Job, found: Sequence[Picture]
) -> tuple[discord.File, ...]:
    files = []
    gallery: discord.ui.MediaGallery[discord.ui.LayoutView] = discord.ui.MediaGallery()
    for picture in (picture for picture in found if picture.data is not None):
        position = picture.image.key.position
        file = discord.File(
            BytesIO(picture.data or b""), filename=f"{file_prefix(job)}{position + 1}{picture.suffix}"
        )
        # Not with the file too: the message would weigh twice as much.
        description = alt_text(texts, job, position, len(found))
        gallery.add_item(media=file, description=description, spoiler=job.spoiler)
        files.append(file)
    if files:
        view.add_item(gallery)
    return tuple(files)


KEY_DIGITS = 8


def file_prefix(job: Job) -> str:
    """Return how the names of a job's files begin.

    The number is for people; the beginning of the job's key keeps them apart where a number was given twice,
    because an older database was put back.
    """
    return f"{old_file_prefix(job)}{job.job_id[:KEY_DIGITS]}-"


def old_file_prefix(job: Job) -> str:
    """Return how those of results began that were posted before the key was in them."""
    return f"kleinbot-{job.number}-"


def alt_text(texts: Texts, job: Job, position: int, beside: int) -> str:
    """Return a picture's description for people who do not see it.

    ``beside``: how many pictures the message has, which share what it may weigh.
    """
    if not job.prompt.strip():
        return texts.say(job.locale, "alt-text-variation", position=position + 1, count=job.count)
    frame = texts.say(job.locale, "alt-text", position=position + 1, count=job.count, prompt=_PROMPT_HERE)
    before, _, after = frame.partition(_PROMPT_HERE)
    return description(job.prompt, before, after, ALT_TEXTS_BYTES // beside)


def cancelled(texts: Texts, locale: str, outcome: Cancelled) -> str:
    """Return what is said to whoever cancelled a job."""
    refunded = pictures(outcome.refunded_tenths)
    said = texts.say(locale, "cancel-done", number=str(outcome.number), refunded=refunded)
    if outcome.used_tenths:
        return f"{said} {texts.say(locale, 'cancel-counts', used=pictures(outcome.used_tenths))}"
    if outcome.next_counts_until_ms is not None:
        until_s = -(-outcome.next_counts_until_ms // MS_PER_S)
        return f"{said} {texts.say(locale, 'cancel-next-counts', until_s=until_s)}"
    return said


def _ending(texts: Texts, job: Job, found: Sequence[Picture], note: str | None) -> list[str]:
    lines = []
    if found:
        lines.append(
            texts.say(
                job.locale,
                "recipe",
                size=wording.size(job.grid),
                seed=str(job.seed),
                number=str(job.number),
                seconds=f"{job.seconds:.1f}",
            )
        )
    if job.done_images:
        paid = pictures(len(job.done_images) * job.price_tenths)
        lines.append(f"-# {texts.say(job.locale, 'price-paid', pictures=paid)}")
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
        lines.append(texts.say(job.locale, "failed-partly", reason=reason) if found else reason)
    if found and note is not None:
        lines.append(f"-# {note}")
    return lines


def _lost(texts: Texts, job: Job, found: Sequence[Picture]) -> list[str]:
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
