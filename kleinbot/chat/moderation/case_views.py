"""What moderators see of reported pictures."""

from collections.abc import Sequence
from io import BytesIO

import discord

from kleinbot.chat.core import text as core_text
from kleinbot.chat.core.views import MessageContent, plain
from kleinbot.chat.moderation.buttons import CaseActionButton, CaseButton
from kleinbot.domain.clock import MS_PER_S
from kleinbot.domain.job import Job
from kleinbot.domain.moderation.reports import (
    CaseAction,
    CaseState,
    FiledReport,
    Hiding,
    ReportCase,
)
from kleinbot.texts import Texts
from kleinbot.usecases.job_queries import StoredPicture
from kleinbot.usecases.moderation.access import seconds_or_0
from kleinbot.usecases.moderation.cases import OpenedCase

_WORDS_CHARACTERS = 300
_ROWS = (
    (CaseAction.HIDE, CaseAction.DELETE, CaseAction.DISMISS),
    (CaseAction.WARN, CaseAction.TIMEOUT, CaseAction.BAN),
)
_ROWS_ABOUT_MINORS = ((CaseAction.DELETE, CaseAction.HIDE, CaseAction.DISMISS), _ROWS[1])
_STYLES = {
    CaseAction.DELETE: discord.ButtonStyle.danger,
    CaseAction.BAN: discord.ButtonStyle.danger,
    CaseAction.DISMISS: discord.ButtonStyle.success,
}

Row = discord.ui.ActionRow[discord.ui.LayoutView]


def case(
    texts: Texts,
    locale: str,
    found: ReportCase,
    job: Job,
    hiding: Hiding | None,
    pictures: Sequence[StoredPicture],
    message_id: int | None,
) -> MessageContent:
    """Return a case: who reported what and why, the picture behind a spoiler, and what can be done.

    ``message_id``: of the message that shows the result; None: not known.
    """
    view = plain("\n".join(_lines(texts, locale, found, job, hiding, message_id)))
    files = []
    gallery: discord.ui.MediaGallery[discord.ui.LayoutView] = discord.ui.MediaGallery()
    for picture in pictures:
        if picture.data is None:
            continue
        # Not named as a result's file is: nobody may take this message for a delivered result.
        name = f"report-{found.case_id}-{picture.image.key.position + 1}{picture.suffix}"
        file = discord.File(BytesIO(picture.data), filename=name)
        gallery.add_item(media=file, spoiler=True, description=texts.say(locale, "case-alt-text"))
        files.append(file)
    if files:
        view.add_item(gallery)
    for actions in _ROWS_ABOUT_MINORS if found.is_about_minor else _ROWS:
        view.add_item(_row(texts, locale, found, job, actions))
    return MessageContent(view, tuple(files))


def waiting(texts: Texts, locale: str, found: Sequence[OpenedCase]) -> discord.ui.LayoutView:
    """Return the cases that are still to be decided, with a button for each."""
    if not found:
        return plain(texts.say(locale, "cases-none"))
    rows = [f"- {_waiting_line(texts, locale, each)}" for each in found]
    view = plain("\n".join([f"**{texts.say(locale, 'cases-title')}**", *rows]))
    for start in range(0, len(found), 5):
        row: Row = discord.ui.ActionRow()
        for each in found[start : start + 5]:
            label = texts.say(locale, "button-case", number=str(each.job.number))
            row.add_item(CaseButton(each.case.case_id).labelled(label))
        view.add_item(row)
    return view


def _waiting_line(texts: Texts, locale: str, each: OpenedCase) -> str:
    return texts.say(
        locale,
        "cases-row",
        number=str(each.job.number),
        author=core_text.mention(each.job.member_id),
        reason=texts.say(locale, f"reason-{each.case.reason}"),
        at_s=each.case.opened_ms // MS_PER_S,
        count=each.case.report_count,
    )


def ask_delete(texts: Texts, locale: str, found: OpenedCase) -> discord.ui.LayoutView:
    """Return the question before a reported picture is deleted."""
    job = found.job
    view = plain(texts.say(locale, "delete-question", number=str(job.number), count=len(job.done_images)))
    row: Row = discord.ui.ActionRow()
    button = CaseActionButton(found.case.case_id, CaseAction.DELETE, is_sure=True)
    shown = button.labelled(texts.say(locale, "button-delete-yes"))
    shown.style = discord.ButtonStyle.danger
    row.add_item(shown)
    view.add_item(row)
    return view


def _lines(
    texts: Texts, locale: str, found: ReportCase, job: Job, hiding: Hiding | None, message_id: int | None
) -> list[str]:
    where = f"https://discord.com/channels/{job.server_id}/{job.channel_id}"
    lines = [
        texts.say(
            locale,
            "case-title",
            number=str(job.number),
            author=core_text.mention(job.member_id),
            channel=f"<#{job.channel_id}>",
            link=where if message_id is None else f"{where}/{message_id}",
        )
    ]
    lines += [f"- {_report(texts, locale, each)}" for each in found.reports]
    if found.report_count > len(found.reports):
        lines.append(texts.say(locale, "case-more-reports", count=found.report_count - len(found.reports)))
    if job.deleted_ms is not None:
        lines.append(texts.say(locale, "case-is-deleted"))
    elif hiding is not None:
        kind = "reports" if hiding.hidden_by is None else "moderator"
        until_s = seconds_or_0(hiding.until_ms)
        lines.append(texts.say(locale, "case-is-hidden", kind=kind, until_s=until_s))
    if found.is_about_minor and job.deleted_ms is None:
        is_hidden = "yes" if hiding is not None else "no"
        channel = core_text.channel_mention(job.channel_id)
        lines.append(texts.say(locale, "case-not-posted", hidden=is_hidden, channel=channel))
    for done in found.actions:
        by = core_text.person(texts, locale, done.actor_id)
        lines.append(f"-# {texts.say(locale, f'case-done-{done.action}', by=by)}")
    return lines


def _report(texts: Texts, locale: str, report: FiledReport) -> str:
    said = texts.say(
        locale,
        "case-report",
        reporter=core_text.person(texts, locale, report.reporter_id),
        reason=texts.say(locale, f"reason-{report.reason}"),
        position=report.position + 1,
    )
    if not report.words:
        return said
    return f"{said}\n> {core_text.shown_prompt(report.words, _WORDS_CHARACTERS)}"


def _row(texts: Texts, locale: str, found: ReportCase, job: Job, actions: Sequence[CaseAction]) -> Row:
    done = {each.action for each in found.actions}
    row: Row = discord.ui.ActionRow()
    for action in actions:
        button = CaseActionButton(found.case_id, action).labelled(texts.say(locale, f"button-case-{action}"))
        button.style = _STYLES.get(action, discord.ButtonStyle.secondary)
        is_over = found.state is CaseState.DISMISSED or (
            found.state is CaseState.UPHELD and action is CaseAction.DISMISS
        )
        is_gone = job.deleted_ms is not None and action in (CaseAction.HIDE, CaseAction.DELETE)
        button.disabled = action in done or is_over or is_gone
        row.add_item(button)
    return row
