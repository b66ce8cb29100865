"""The text of quotas, their history, and changes to them."""

from collections.abc import Mapping

from kleinbot.chat.core import text as core_text
from kleinbot.domain.clock import HOUR_MS, MS_PER_S
from kleinbot.domain.errors import Parameter
from kleinbot.domain.quota import USED, AuditAction, AuditRow, EntryKind, LedgerEntry
from kleinbot.texts import Texts
from kleinbot.usecases.quota.quota import Balance, explained, pictures
from kleinbot.usecases.quota.quota_view import Statement

_REASON_CHARACTERS = 120
_STYLE_CHARACTERS = 32
_ENTRIES = {
    EntryKind.RESERVE: "entry-reserve",
    EntryKind.REFUND: "entry-refund",
    EntryKind.GRANT: "entry-grant",
    EntryKind.EXPIRE: "entry-expire",
    EntryKind.RESET: "entry-reset",
}
AUDIT_SENTENCES = {
    AuditAction.QUOTA_SET: ("audit-quota-set", "audit-quota-removed"),
    AuditAction.QUOTA_SET_DEFAULT: ("audit-default-set", "audit-default-removed"),
    AuditAction.QUOTA_SET_ROLE: ("audit-role-set", "audit-role-removed"),
    AuditAction.QUOTA_GRANT: ("audit-grant", "audit-grant"),
    AuditAction.QUOTA_RESET: ("audit-reset", "audit-reset"),
    AuditAction.WEIGHT: ("audit-weight", "audit-weight"),
    AuditAction.SHARE: ("audit-share", "audit-share"),
    AuditAction.SETTING: ("audit-setting", "audit-setting"),
    AuditAction.SERVER_BAN: ("audit-server-ban", "audit-server-ban"),
    AuditAction.SERVER_UNBAN: ("audit-server-unban", "audit-server-unban"),
    AuditAction.HOST_LINE: ("audit-host-line", "audit-host-line"),
    AuditAction.CANCEL_AS_MODERATOR: ("audit-cancel-moderator", "audit-cancel-moderator"),
    AuditAction.CANCEL_AS_HOST: ("audit-cancel-host", "audit-cancel-host"),
    AuditAction.BAN: ("audit-ban", "audit-ban"),
    AuditAction.TIMEOUT: ("audit-timeout", "audit-timeout"),
    AuditAction.UNBAN: ("audit-unban", "audit-unban"),
    AuditAction.CHANNEL_ALLOW: ("audit-channel-allow", "audit-channel-allow"),
    AuditAction.CHANNEL_DENY: ("audit-channel-deny", "audit-channel-deny"),
    AuditAction.WORD_ADD: ("audit-word-add", "audit-word-add"),
    AuditAction.WORD_REMOVE: ("audit-word-remove", "audit-word-remove"),
    AuditAction.STYLE_SET: ("audit-style-set", "audit-style-set"),
    AuditAction.STYLE_REMOVE: ("audit-style-remove", "audit-style-remove"),
    AuditAction.CHANNEL_CLEAR: ("audit-channel-clear", "audit-channel-clear"),
    AuditAction.REFUSED_MINORS: ("audit-refused-minors", "audit-refused-minors"),
    AuditAction.REFUSED_OTHERS_PICTURES: ("audit-refused-others-pictures", "audit-refused-others-pictures"),
    AuditAction.REFUSED_WORD: ("audit-refused-word", "audit-refused-word"),
    AuditAction.PICTURE_BLOCKED: ("audit-picture-blocked", "audit-picture-blocked"),
    AuditAction.WARN: ("audit-warn", "audit-warn"),
    AuditAction.HIDE: ("audit-hide", "audit-hide"),
    AuditAction.HIDE_REPORTED: ("audit-hide-reported", "audit-hide-reported"),
    AuditAction.SHOW: ("audit-show", "audit-show"),
    AuditAction.SHOW_AGAIN: ("audit-show-again", "audit-show-again"),
    AuditAction.DELETE_REPORTED: ("audit-delete-reported", "audit-delete-reported"),
    AuditAction.DISMISS: ("audit-dismiss", "audit-dismiss"),
    AuditAction.UNSHARE: ("audit-unshare", "audit-unshare"),
}


def own(texts: Texts, locale: str, found: Statement) -> str:
    """Return the answer to /quota."""
    title = texts.say(locale, "quota-title-own", **_rule(found.balance, "own"))
    return _statement(texts, locale, title, found)


def of_member(texts: Texts, locale: str, found: Statement) -> str:
    """Return what an admin sees of a member's quota."""
    member = core_text.mention(found.member.member_id)
    title = texts.say(locale, "quota-title-member", member=member, **_rule(found.balance, "member"))
    return _statement(texts, locale, title, found)


def changes(texts: Texts, locale: str, rows: tuple[AuditRow, ...]) -> str:
    """Return the changes of quotas in a server."""
    if not rows:
        return texts.say(locale, "admin-no-changes")
    lines = [f"- {audit_line(texts, locale, row)}" for row in rows]
    return core_text.bounded([f"**{texts.say(locale, 'admin-changes')}**", *lines])


def _statement(texts: Texts, locale: str, title: str, found: Statement) -> str:
    balance = found.balance
    lines = [f"**{title}**"]
    if len(balance.windows) > 1 or not _is_plain(balance):
        windows = (
            texts.say(
                locale, "quota-window",
                left=pictures(each.left_tenths), **explained(balance, each.window),
            )
            for each in balance.windows
        )  # fmt: skip
        lines.append(" · ".join(windows))
    returning = balance.next_return()
    if returning is not None:
        lines.append(
            texts.say(
                locale, "quota-returns", pictures=pictures(returning.tenths), at_s=_seconds(returning.at_ms)
            )
        )
    if balance.everywhere is not None and balance.is_bounded_everywhere:
        lines.append(
            texts.say(
                locale,
                "quota-everywhere",
                spent=pictures(balance.spent_everywhere_tenths),
                most=pictures(balance.everywhere.most_tenths),
                hours=balance.window_ms // HOUR_MS,
            )
        )
    for grant in balance.grants:
        values: Mapping[str, Parameter] = {
            "left": pictures(grant.left_tenths),
            "amount": pictures(grant.amount_tenths),
            "until_s": _seconds(grant.expires_ms),
        }
        if grant.reason:
            reason = core_text.shown_prompt(grant.reason, _REASON_CHARACTERS)
            lines.append(texts.say(locale, "quota-grant-because", reason=reason, **values))
        else:
            lines.append(texts.say(locale, "quota-grant", **values))
    if found.weight != 1.0:
        lines.append(texts.say(locale, "quota-weight", weight=found.weight))
    if not found.entries:
        return core_text.bounded([*lines, "", texts.say(locale, "quota-no-entries")])
    lines += ["", f"**{texts.say(locale, 'quota-entries')}**"]
    return core_text.bounded([*lines, *(f"- {_entry(texts, locale, entry)}" for entry in found.entries)])


def _rule(balance: Balance, whose: str) -> dict[str, Parameter]:
    """Return the variables of the sentence that says what is left and which rule gives it."""
    return {
        **explained(balance, balance.binding.window),
        "whose": whose,
        "left": pictures(balance.left_tenths),
        "limit": pictures(balance.limit_tenths),
        "plain": "yes" if _is_plain(balance) else "no",
    }


def _is_plain(balance: Balance) -> bool:
    """Tell whether the rule alone says what is left: neither grants nor other servers change it."""
    return not balance.granted_tenths and not balance.is_bounded_everywhere


def _entry(texts: Texts, locale: str, entry: LedgerEntry) -> str:
    said = texts.say(
        locale,
        _entry_name(entry),
        pictures=pictures(abs(entry.tenths)),
        number=str(entry.job_number),
        by=core_text.person(texts, locale, entry.made_by or 0),
        at_s=_seconds(entry.made_ms),
    )
    if entry.kind not in (EntryKind.GRANT, EntryKind.RESET) or not entry.reason:
        return said
    reason = core_text.shown_prompt(entry.reason, _REASON_CHARACTERS)
    return texts.say(locale, "entry-because", entry=said, reason=reason)


def _entry_name(entry: LedgerEntry) -> str:
    if entry.kind is EntryKind.REFUND and entry.job_number is None:
        return "entry-revived"
    if entry.kind is EntryKind.REFUND and entry.reason == USED:
        return "entry-refund-used"
    return _ENTRIES[entry.kind]


def audit_label(texts: Texts, locale: str, action: AuditAction) -> str:
    """Return what is done by an action, with nobody named: ``… banned …``."""
    names = ("actor", "member", "pictures", "number", "weight", "setting", "role")
    return texts.say(locale, AUDIT_SENTENCES[action][0], **dict.fromkeys(names, "…"))


def audit_line(texts: Texts, locale: str, row: AuditRow) -> str:
    """Return who changed what, and when."""
    tenths = row.details.get("tenths")
    with_amount, without = AUDIT_SENTENCES[row.action]
    what = texts.say(
        locale,
        without if tenths is None else with_amount,
        actor=core_text.person(texts, locale, row.actor_id),
        member=core_text.person(texts, locale, row.member_id or 0),
        pictures=pictures(int(tenths or 0)),
        number=str(row.details.get("number", "")),
        weight=row.details.get("weight", 1.0),
        setting=str(row.details.get("setting", "")),
        style=core_text.shown_prompt(str(row.details.get("style", "")), _STYLE_CHARACTERS),
        role=str(row.details.get("role", "")),
    )
    return texts.say(locale, "audit-row", what=what, at_s=_seconds(row.made_ms))


def _seconds(moment_ms: int) -> int:
    return -(-moment_ms // MS_PER_S)
