"""The button under an open job's message."""

from dataclasses import dataclass

from kleinbot.chat.core.buttons import Button, JobId


@dataclass(frozen=True)
class CancelButton(Button, name="cancel"):
    """Cancels a job that waits or runs."""

    job_id: JobId
