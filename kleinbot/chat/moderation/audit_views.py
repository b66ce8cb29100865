"""The text of a server's audit, and the buttons that turn its pages."""

import discord

from kleinbot.chat.core import text as core_text
from kleinbot.chat.core.views import plain
from kleinbot.chat.moderation.buttons import AuditPageButton
from kleinbot.chat.quota.views import audit_label, audit_line
from kleinbot.domain.clock import MS_PER_S
from kleinbot.domain.moderation.reports import ReportReason
from kleinbot.domain.quota import AuditRow
from kleinbot.texts import Texts
from kleinbot.usecases.moderation.read_audit import AuditPage

_REASON_CHARACTERS = 100
_REPORT_REASONS = frozenset(ReportReason)


def audit(texts: Texts, locale: str, page: AuditPage) -> discord.ui.LayoutView:
    """Return a page of the audit."""
    wanted = page.wanted
    title = [f"**{texts.say(locale, 'audit-title')}**"]
    if wanted.member_id is not None:
        title.append(core_text.mention(wanted.member_id))
    if wanted.action is not None:
        title.append(audit_label(texts, locale, wanted.action))
    if wanted.since_ms is not None:
        title.append(texts.say(locale, "audit-since", at_s=wanted.since_ms // MS_PER_S))
    lines = [f"- {_line(texts, locale, row)}" for row in page.rows] or [texts.say(locale, "audit-nothing")]
    view = plain(core_text.bounded([" · ".join(title), *lines]))
    row: discord.ui.ActionRow[discord.ui.LayoutView] = discord.ui.ActionRow()
    if not page.is_first:
        row.add_item(AuditPageButton.of(wanted, None).labelled(texts.say(locale, "button-newest")))
    if page.older:
        older = AuditPageButton.of(wanted, page.rows[-1].audit_id)
        row.add_item(older.labelled(texts.say(locale, "button-older")))
    if row.children:
        view.add_item(row)
    return view


def _line(texts: Texts, locale: str, row: AuditRow) -> str:
    said = audit_line(texts, locale, row)
    reason = str(row.details.get("reason", ""))
    if not reason:
        return said
    if reason in _REPORT_REASONS:
        reason = texts.say(locale, f"reason-{reason}")
    return f"{said}\n  -# {core_text.shown_prompt(reason, _REASON_CHARACTERS)}"
