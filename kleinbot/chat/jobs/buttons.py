"""The button under an open job's message."""

from dataclasses import dataclass

from kleinbot.chat.core.buttons import JobId, PersistentButton


@dataclass(frozen=True)
class CancelButton(PersistentButton, name="cancel"):
    """Cancels a job that waits or runs."""

    job_id: JobId
