"""Quota as frozen values: what a member may spend and what changed it. Amounts are tenths of a picture."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from kleinbot.domain.errors import Parameter

LONGEST_WINDOW_HOURS = 7 * 24
"""The longest window that a rule of a server, a role or a member may have."""


@dataclass(frozen=True)
class QuotaTerms:
    """What a rule gives: ``tenths`` in any ``hours``; None: in the owner's window.

    Beside it at most ``hourly_tenths`` in any hour and ``burst_tenths`` in any ten minutes; None: unbounded.
    """

    tenths: int
    hours: int | None = None
    hourly_tenths: int | None = None
    burst_tenths: int | None = None


@dataclass(frozen=True)
class RoleRule:
    """What a server gives to those who have a role."""

    role_id: int
    terms: QuotaTerms


class LimitSource(StrEnum):
    """Whose rule sets a member's limit; HOST: the owner's. MOST: the owner's bound for the server."""

    MEMBER = "member"
    ROLE = "role"
    SERVER = "server"
    HOST = "host"
    MOST = "most"


class EntryKind(StrEnum):
    RESERVE = "reserve"
    SETTLE = "settle"
    REFUND = "refund"
    GRANT = "grant"
    EXPIRE = "expire"
    RESET = "reset"


USED = "used"
"""The reason of a refund that excludes the GPU time used before the member cancelled."""


@dataclass(frozen=True)
class LedgerEntry:
    """The sum of one cause's ledger entries of one kind; ``job_number``: the job that they belong to."""

    kind: EntryKind
    tenths: int
    made_ms: int
    job_number: int | None
    reason: str
    made_by: int | None


@dataclass(frozen=True)
class Spending:
    """What was spent of the rolling allowance at one moment, less refunds and resets."""

    counts_ms: int
    tenths: int


@dataclass(frozen=True)
class EverywhereSpending:
    """What a person spent at one moment in all servers, from allowances and grants, less refunds.

    ``here_tenths``: the part spent in the server in question.
    """

    counts_ms: int
    tenths: int
    here_tenths: int


@dataclass(frozen=True)
class Grant:
    """A one-time gift of pictures, to be spent before ``expires_ms``."""

    grant_id: int
    amount_tenths: int
    left_tenths: int
    expires_ms: int
    reason: str
    granted_by: int


@dataclass(frozen=True)
class Fund:
    """A balance to pay from: a grant, or the rolling allowance if ``grant_id`` is None."""

    grant_id: int | None
    tenths: int


@dataclass(frozen=True)
class MemberUsage:
    """How much a member of a server spent in some time."""

    member_id: int
    tenths: int


class AuditAction(StrEnum):
    """What admins and the owner can change. Each change is an audit row."""

    QUOTA_SET = "quota-set"
    QUOTA_SET_DEFAULT = "quota-set-default"
    QUOTA_SET_ROLE = "quota-set-role"
    QUOTA_GRANT = "quota-grant"
    QUOTA_RESET = "quota-reset"
    WEIGHT = "weight"
    SHARE = "share"
    SETTING = "setting"
    SERVER_BAN = "server-ban"
    SERVER_UNBAN = "server-unban"
    HOST_LINE = "host-line"
    PAUSE = "pause"
    RESUME = "resume"
    DRAIN = "drain"
    CANCEL_AS_MODERATOR = "cancel-as-moderator"
    CANCEL_AS_HOST = "cancel-as-host"
    BAN = "ban"
    TIMEOUT = "timeout"
    UNBAN = "unban"
    CHANNEL_ALLOW = "channel-allow"
    CHANNEL_DENY = "channel-deny"
    CHANNEL_CLEAR = "channel-clear"
    WORD_ADD = "word-add"
    WORD_REMOVE = "word-remove"
    STYLE_SET = "style-set"
    STYLE_REMOVE = "style-remove"
    REFUSED_MINORS = "refused-minors"
    REFUSED_OTHERS_PICTURES = "refused-others-pictures"
    REFUSED_WORD = "refused-word"
    PICTURE_BLOCKED = "picture-blocked"
    WARN = "warn"
    HIDE = "hide"
    HIDE_REPORTED = "hide-reported"
    SHOW = "show"
    SHOW_AGAIN = "show-again"
    DELETE_REPORTED = "delete-reported"
    DISMISS = "dismiss"
    UNSHARE = "unshare"


@dataclass(frozen=True)
class AuditRow:
    """Who changed what. ``server_id`` None: the whole bot. ``member_id``: the member concerned."""

    action: AuditAction
    actor_id: int
    server_id: int | None
    member_id: int | None
    details: Mapping[str, Parameter]
    made_ms: int
    audit_id: int = 0
