"""Whether the bot accepts and runs jobs, as the owner decided."""

from enum import StrEnum


class ServiceMode(StrEnum):
    """PAUSED: jobs are accepted but do not start. DRAINING: queued jobs run, new ones are refused."""

    OPEN = "open"
    PAUSED = "paused"
    DRAINING = "draining"
