"""Whether the bot accepts and runs jobs, as the owner decided."""

from enum import StrEnum


class ServiceMode(StrEnum):
    """PAUSED: jobs are accepted but do not start. DRAINING: queued jobs run, new ones are refused.

    FREED: PAUSED, and the model leaves the graphics card.
    """

    OPEN = "open"
    PAUSED = "paused"
    FREED = "freed"
    DRAINING = "draining"
