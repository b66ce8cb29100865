"""Named points at which a test may end the process, so that recovery is proven where it matters."""

from enum import StrEnum
from typing import Protocol


class FaultPoint(StrEnum):
    """Every moment between two durable facts."""

    AFTER_CLAIM = "after_claim"
    WITHIN_ENCODE = "within_encode"
    WITHIN_STEP = "within_step"
    WITHIN_DECODE = "within_decode"
    AFTER_FILE = "after_file"
    BEFORE_COMMIT = "before_commit"
    COMMITTING = "committing"
    AFTER_COMMIT = "after_commit"
    AFTER_POST = "after_post"
    AFTER_IDENTITY = "after_identity"
    """The database knows who it is, the archive does not yet know whose it is."""
    LOG_NOTED = "log_noted"
    """The token that the database is to get is noted, the database does not have it yet."""
    LOG_CLAIMED = "log_claimed"
    """The database has its token, in its log only."""


class Faults(Protocol):
    """Told whenever a fault point is reached; must be callable from any thread."""

    def reach(self, point: FaultPoint) -> None: ...


class NoFaults:
    """What production uses: nothing ever happens."""

    def reach(self, point: FaultPoint) -> None:
        del point
