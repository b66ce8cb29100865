"""The views of an open job and of /queue: place, lane, expected time, progress, and what delays it."""

import math
from io import BytesIO

import discord

from kleinbot.chat.core import text as core_text
from kleinbot.chat.core.views import MessageContent, fresh, plain
from kleinbot.chat.jobs.buttons import CancelButton
from kleinbot.domain.job import Job, Lane
from kleinbot.domain.work import EnginePhase, EngineState, JobProgress, Preview
from kleinbot.texts import Texts
from kleinbot.usecases.job_queries import JobStatus, QueueOverview
from kleinbot.usecases.quota.quota import pictures

_A_FEW_S = 10
_MOST_IN_SECONDS = 90
_MOST_IN_MINUTES = 90

_QUEUE_ROWS = 10
"""Each is a section with three components, and a message holds 40."""


def waiting_text(
    texts: Texts,
    status: JobStatus,
    engine: EngineState,
    progress: JobProgress | None,
) -> str:
    """Return the text of an open job's message. An edit is needed if it has changed."""
    lines = [core_text.heading(texts, status.job), _status(texts, status, engine, progress)]
    if (note := _lane_note(texts, status)) is not None:
        lines.append(note)
    small = [_told_note(texts, status), _price_note(texts, status.job)]
    if any(small):
        lines.append(f"-# {' '.join(note for note in small if note is not None)}")
    return "\n".join(lines)


def waiting(texts: Texts, status: JobStatus, text: str) -> discord.ui.LayoutView:
    """Return the message of an open job, with its cancel button."""
    view = plain(text)
    _add_cancel(view, texts, status.job)
    return view


def waiting_with(
    texts: Texts, status: JobStatus, text: str, preview: Preview, encoded: bytes
) -> MessageContent:
    """Return the same with a preview, as spoilered as the result will be."""
    job, view = status.job, plain(text)
    file = discord.File(BytesIO(encoded), filename="preview.webp")
    said = texts.say(
        job.locale, "preview",
        count=job.count, position=preview.position + 1, step=preview.step, steps=preview.steps,
    )  # fmt: skip
    gallery: discord.ui.MediaGallery[discord.ui.LayoutView] = discord.ui.MediaGallery()
    gallery.add_item(media=file, description=said, spoiler=job.spec.spoiler)
    view.add_item(gallery)
    view.add_item(discord.ui.TextDisplay(f"-# {said}"))
    _add_cancel(view, texts, job)
    return MessageContent(view, (file,))


def _add_cancel(view: discord.ui.LayoutView, texts: Texts, job: Job) -> None:
    row: discord.ui.ActionRow[discord.ui.LayoutView] = discord.ui.ActionRow()
    row.add_item(CancelButton(job.job_id).labelled(texts.say(job.locale, "button-cancel")))
    view.add_item(row)


def queue(
    texts: Texts, locale: str, found: QueueOverview, engine: EngineState, *, is_open: bool
) -> discord.ui.LayoutView:
    """Return what /queue shows: the member's own jobs, each with its cancel button.

    ``is_open``: new jobs are accepted.
    """
    if not found.mine:
        return plain(_empty_queue_text(texts, locale, found.others, engine, is_open=is_open))
    view = fresh()
    if engine.phase is not EnginePhase.READY:
        view.add_item(discord.ui.TextDisplay(engine_note(texts, locale, engine)))
    view.add_item(discord.ui.TextDisplay(f"**{texts.say(locale, 'queue-title', others=found.others)}**"))
    for status in found.mine[:_QUEUE_ROWS]:
        label = texts.say(locale, "button-cancel-number", number=str(status.job.number))
        button = CancelButton(status.job.job_id).labelled(label)
        view.add_item(discord.ui.Section(_queue_row(texts, locale, status, engine), accessory=button))
    if len(found.mine) > _QUEUE_ROWS:
        rest = len(found.mine) - _QUEUE_ROWS
        view.add_item(discord.ui.TextDisplay(texts.say(locale, "queue-more", rest=rest)))
    return view


def _empty_queue_text(texts: Texts, locale: str, others: int, engine: EngineState, *, is_open: bool) -> str:
    if not is_open:
        return texts.say(locale, "queue-empty-closed")
    if engine.phase is EnginePhase.READY:
        return texts.say(locale, "queue-empty", others=others)
    why = texts.say(locale, f"presence-{engine.phase}", **core_text.engine_values(engine))
    return texts.say(locale, "queue-empty-held", why=why)


def engine_note(texts: Texts, locale: str, engine: EngineState) -> str:
    """Return why nothing is rendered now; call it only if the engine is not ready."""
    return texts.say(locale, f"engine-{engine.phase}", **core_text.engine_values(engine))


def _status(texts: Texts, status: JobStatus, engine: EngineState, progress: JobProgress | None) -> str:
    locale, is_ready = status.job.locale, engine.phase is EnginePhase.READY
    if status.is_drawn and is_ready:
        return _running(texts, status.job, progress or JobProgress(0, 0.0))
    if not is_ready:
        note = engine_note(texts, locale, engine)
        return f"{texts.say(locale, 'waiting-held', place=status.place)} · {note}" if status.place else note
    return texts.say(
        locale,
        "waiting-place",
        place=_place(status),
        starts=core_text.starts(texts, locale, status.shown_start_ms, status.certainty),
    )


def _running(texts: Texts, job: Job, progress: JobProgress) -> str:
    if progress.done_images >= job.count:
        return texts.say(job.locale, "finishing")
    fraction = (progress.done_images + progress.fraction) / job.count
    filled, percent = core_text.bar(fraction), round(100 * fraction)
    if job.count == 1:
        return texts.say(job.locale, "running", bar=filled, percent=percent)
    current = progress.done_images + 1
    return texts.say(job.locale, "running-of", current=current, count=job.count, bar=filled, percent=percent)


def _lane_note(texts: Texts, status: JobStatus) -> str | None:
    """Return the note for a job that may outlast its interaction token: why, and how its images come then."""
    job = status.job
    if job.lane is Lane.RELAXED:
        why = "unknown" if job.relaxed_reason is None else str(job.relaxed_reason)
        note = texts.say(job.locale, "waiting-relaxed", why=why)
    elif status.is_late:
        note = texts.say(job.locale, "waiting-late")
    else:
        return None
    return f"{note} {texts.say(job.locale, 'arrives-alone' if job.private else 'arrives-anew')}"


def _told_note(texts: Texts, status: JobStatus) -> str | None:
    """Return how long the whole job takes, as told at its acceptance; None where nothing was told."""
    if status.told_s is None:
        return None
    amount, unit = _in_words(status.told_s)
    return texts.say(status.job.locale, "told-end", amount=amount, unit=unit)


def _in_words(seconds: float) -> tuple[int, str]:
    """Return a time as people say it, rather a little too long than too short."""
    if seconds <= _A_FEW_S:
        return _A_FEW_S, "few"
    if seconds <= _MOST_IN_SECONDS:
        return 5 * math.ceil(seconds / 5), "s"
    if seconds <= _MOST_IN_MINUTES * 60:
        return math.ceil(seconds / 60), "min"
    return math.ceil(seconds / 3600), "h"


def _price_note(texts: Texts, job: Job) -> str | None:
    """Return the price and what is left of the quota, where its member should read that."""
    if job.told.left_tenths is None or not core_text.price_matters(job):
        return None
    paid, left = pictures(job.price_tenths * job.count), pictures(job.told.left_tenths)
    price = texts.say(job.locale, "price", pictures=paid, count=job.count, left=left)
    if job.spec.references and job.spec.first_sigma == 1.0:
        return f"{price} {texts.say(job.locale, 'price-of-inputs')}"
    return price


def _queue_row(texts: Texts, locale: str, status: JobStatus, engine: EngineState) -> str:
    number, prompt = str(status.job.number), core_text.subject(texts, locale, status.job.spec.words)
    prompt = core_text.shown_prompt(prompt, 80)
    if status.is_drawn:
        row = texts.say(locale, "queue-running", number=number, prompt=prompt)
    elif engine.phase is not EnginePhase.READY:
        row = texts.say(locale, "queue-held", number=number, prompt=prompt, place=_place(status))
    else:
        row = texts.say(
            locale,
            "queue-waiting",
            number=number,
            prompt=prompt,
            place=_place(status),
            starts=core_text.starts(texts, locale, status.shown_start_ms, status.certainty),
        )
    is_late = status.is_late or status.job.lane is Lane.RELAXED
    return f"{row} · {texts.say(locale, 'queue-late')}" if is_late else row


def _place(status: JobStatus) -> int:
    return 1 if status.place is None else status.place
