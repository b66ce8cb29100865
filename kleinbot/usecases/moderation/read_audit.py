"""The audit of a server: who changed and decided what. No prompt is in it."""

from dataclasses import dataclass

from kleinbot.domain.people import Actor
from kleinbot.domain.quota import AuditRow
from kleinbot.store.database import Database
from kleinbot.store.members import audit
from kleinbot.store.members.audit import AuditFilter
from kleinbot.usecases.permissions import require_moderator

PAGE_ROWS = 10


@dataclass(frozen=True)
class AuditPage:
    """A page, newest first. ``is_first``: nothing newer fits. ``older``: whether there is more."""

    wanted: AuditFilter
    rows: tuple[AuditRow, ...]
    is_first: bool
    older: bool


class ReadAudit:
    """For a server's moderators and admins, of their own server only."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(self, actor: Actor, wanted: AuditFilter, before: int | None = None) -> AuditPage:
        """Return the page below row ``before``, or the newest. Raises Refusal NOT_A_MODERATOR."""
        require_moderator(actor)
        found = await audit.filtered(self._database.read, actor.server_id, wanted, before, PAGE_ROWS + 1)
        return AuditPage(wanted, found[:PAGE_ROWS], before is None, len(found) > PAGE_ROWS)
