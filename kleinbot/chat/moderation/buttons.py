"""The buttons under a reported picture, in the moderators' channel or in a list."""

from dataclasses import dataclass
from typing import Annotated, ClassVar, Self

import discord

from kleinbot.chat.core.buttons import Codec, Flag, PersistentButton, one_of
from kleinbot.domain.clock import MS_PER_S
from kleinbot.domain.moderation.reports import CaseAction
from kleinbot.domain.quota import AuditAction
from kleinbot.store.members.audit import AuditFilter

CaseId = Annotated[int, Codec(r"\d{1,18}", int)]


@dataclass(frozen=True)
class CaseButton(PersistentButton, name="case"):
    """Opens a case for its reader alone."""

    case_id: CaseId


@dataclass(frozen=True)
class CaseActionButton(PersistentButton, name="judge"):
    """Does something about a case. ``is_sure``: the question before a deletion was answered."""

    case_id: CaseId
    action: Annotated[CaseAction, one_of(CaseAction)]
    is_sure: Flag | None = None

    style: ClassVar[discord.ButtonStyle] = discord.ButtonStyle.secondary


@dataclass(frozen=True)
class WordsPageButton(PersistentButton, name="words"):
    """Turns the pages of a server's forbidden words; ``page`` counts from 0."""

    page: Annotated[int, Codec(r"\d{1,4}", int)]


_Number = Annotated[int, Codec(r"\d{1,18}", int)]
_Action = Annotated[str, Codec(r"[a-z-]{0,30}")]


@dataclass(frozen=True)
class AuditPageButton(PersistentButton, name="audit"):
    """Turns a page of the audit: to what is older than row ``before``, or with 0 to the newest.

    ``member_id`` and ``since_s`` 0, and ``action`` empty: not asked for.
    """

    before: _Number
    member_id: _Number
    since_s: _Number
    action: _Action

    @classmethod
    def of(cls, wanted: AuditFilter, before: int | None) -> Self:
        """Return the button for a page of what ``wanted`` selects."""
        since_s = 0 if wanted.since_ms is None else wanted.since_ms // MS_PER_S
        return cls(before or 0, wanted.member_id or 0, since_s, wanted.action or "")

    @property
    def wanted(self) -> AuditFilter | None:
        """What the page selects; None for an action that there is not."""
        if self.action and self.action not in set(AuditAction):
            return None
        return AuditFilter(
            self.member_id or None,
            AuditAction(self.action) if self.action else None,
            self.since_s * MS_PER_S or None,
        )
