"""Quota as frozen values: what a member may spend, and what changed it. Amounts are tenths of a picture."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from kleinbot.domain.errors import Parameter


class LimitSource(StrEnum):
    """Whose rule gives a member's limit; MOST: the host's bound for the server, below that rule."""

    MEMBER = "member"
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
"""The reason of a refund that leaves out what the card had used before its member cancelled."""


@dataclass(frozen=True)
class Entry:
    """What one cause changed: ledger entries of one kind, of one job where ``job_number`` says so."""

    kind: EntryKind
    tenths: int
    made_ms: int
    job_number: int | None
    reason: str
    made_by: int | None


@dataclass(frozen=True)
class Spending:
    """What was spent of the rolling allowance at one moment, refunds and resets taken off."""

    counts_ms: int
    tenths: int


@dataclass(frozen=True)
class EverywhereSpending:
    """What a person has spent at one moment over all servers, of allowances and grants; refunds taken off.

    ``here_tenths``: how much of it in the server that is asked about.
    """

    counts_ms: int
    tenths: int
    here_tenths: int


@dataclass(frozen=True)
class Grant:
    """Pictures given once, to be spent before ``expires_ms``."""

    grant_id: int
    amount_tenths: int
    left_tenths: int
    expires_ms: int
    reason: str
    granted_by: int


@dataclass(frozen=True)
class Fund:
    """A pot to pay from: a grant, or where ``grant_id`` is None the rolling allowance."""

    grant_id: int | None
    tenths: int


class Deed(StrEnum):
    """What admins and the host can change; each is an audit row."""

    QUOTA_SET = "quota-set"
    QUOTA_SET_DEFAULT = "quota-set-default"
    QUOTA_GRANT = "quota-grant"
    QUOTA_RESET = "quota-reset"
    WEIGHT = "weight"
    SHARE = "share"
    PAUSE = "pause"
    RESUME = "resume"
    DRAIN = "drain"
    CANCEL_AS_MODERATOR = "cancel-as-moderator"
    CANCEL_AS_HOST = "cancel-as-host"


@dataclass(frozen=True)
class AuditRow:
    """Who changed what. ``server_id`` None: the whole bot; ``member_id``: whom it was about."""

    deed: Deed
    actor_id: int
    server_id: int | None
    member_id: int | None
    details: Mapping[str, Parameter]
    made_ms: int
