"""Named points at which a test may kill the process to prove recovery."""

from enum import StrEnum
from typing import Protocol


class FaultPoint(StrEnum):
    """The moments between two durable writes."""

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
    """The database has its identity; the archive is not yet marked with it."""
    ERASURE_CANCELLED = "erasure_cancelled"
    """Everything about a person is to be deleted, and their open jobs are cancelled."""
    ERASURE_MARKED = "erasure_marked"
    """A page of their results is marked as deleted; nothing is gone yet."""
    ERASURE_FILES_GONE = "erasure_files_gone"
    """The page's files are gone; its rows are not."""
    ERASURE_PAGE_GONE = "erasure_page_gone"
    ERASURE_JOBS_GONE = "erasure_jobs_gone"
    """All results are gone; what is not about jobs is not."""
    ERASURE_REST_GONE = "erasure_rest_gone"
    """Everything is gone, and that is not noted yet."""
    PURGE_FILES_GONE = "purge_files_gone"
    """Old files of a page are gone; its rows do not say so yet."""
    SERVER_GONE = "server_gone"
    """A server is known to be gone; nothing of it is deleted yet."""
    SERVER_MEMBERS_GONE = "server_members_gone"
    """Everything of its members is deleted, and that is not noted yet."""
    RESULT_DELETED = "result_deleted"
    """A result is deleted, by its member or with what an author took back; its files are still there."""
    LOADING = "loading"
    """A part of the model is loaded, at the start or after the card was let go."""
    UNLOADING = "unloading"
    """The card is let go, nothing is drawn any more, and the model is still there."""
    LOG_NOTED = "log_noted"
    """The database's new token is noted; the database does not hold it yet."""
    LOG_CLAIMED = "log_claimed"
    """The database holds its token, but only in its write-ahead log."""


class Faults(Protocol):
    """Called whenever a fault point is reached; must be callable from any thread."""

    def reach(self, point: FaultPoint) -> None: ...


class NoFaults:
    """Does nothing; used in production."""

    def reach(self, point: FaultPoint) -> None:
        del point
