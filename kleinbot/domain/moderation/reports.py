"""Reports of pictures, what is decided about them, and hidden results, as frozen values."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from kleinbot.domain.errors import Parameter
from kleinbot.domain.people import MemberKey

WORDS_CHARACTERS = 300


class ReportReason(StrEnum):
    """Why a picture is reported, in the order in which a member is asked."""

    SHOWS_ME = "shows-me"
    MINE = "mine"
    MINOR = "minor"
    SEXUAL = "sexual"
    HATEFUL = "hateful"
    OTHER = "other"


HIDES_AT_ONCE = frozenset({ReportReason.SHOWS_ME, ReportReason.MINE, ReportReason.MINOR})
"""Within bounds (``usecases.moderation.report``)."""

MODERATED = "moderated"
"""The reason of a result that a moderator hid without a report."""


@dataclass(frozen=True)
class Hiding:
    """Nobody is shown a result's pictures or prompt.

    ``reason``: of a report, or MODERATED. ``words``: what the moderator wrote. ``hidden_by`` None: a report
    hid it by itself. ``until_ms`` None: until a moderator shows it again.
    """

    job_id: str
    server_id: int
    reason: str
    words: str
    hidden_by: int | None
    hidden_ms: int
    until_ms: int | None


class CaseState(StrEnum):
    OPEN = "open"
    UPHELD = "upheld"
    DISMISSED = "dismissed"


class CaseAction(StrEnum):
    """What a moderator can do about a case, each once. DISMISS only instead of all others."""

    HIDE = "hide"
    DELETE = "delete"
    DISMISS = "dismiss"
    WARN = "warn"
    TIMEOUT = "timeout"
    BAN = "ban"


@dataclass(frozen=True)
class FiledReport:
    reporter_id: int
    reason: ReportReason
    words: str
    position: int
    made_ms: int


@dataclass(frozen=True)
class DoneAction:
    action: CaseAction
    actor_id: int


@dataclass(frozen=True)
class ReportCase:
    """All reports of one result until it was decided. ``is_posted``: it stands in the moderators' channel.

    ``reports``: the first few, oldest first, of ``report_count``. ``is_about_minor``: one of them all is.
    """

    case_id: int
    server_id: int
    job_id: str
    opened_ms: int
    state: CaseState
    closed_by: int | None
    is_posted: bool
    reports: tuple[FiledReport, ...] = ()
    report_count: int = 0
    actions: tuple[DoneAction, ...] = ()
    is_about_minor: bool = False

    @property
    def reason(self) -> ReportReason:
        """The reason of the first report."""
        return self.reports[0].reason


class NoticeKind(StrEnum):
    """What a member is told alone, below the answer to their next command."""

    WARNING = "warning"
    HIDDEN = "hidden"
    SHOWN = "shown"
    DELETED = "deleted"
    REPORT_UPHELD = "report-upheld"
    REPORT_DISMISSED = "report-dismissed"
    NOT_SHARED = "not-shared"
    UNSHARED = "unshared"


@dataclass(frozen=True)
class MemberNotice:
    notice_id: int
    member: MemberKey
    kind: NoticeKind
    details: Mapping[str, Parameter]
