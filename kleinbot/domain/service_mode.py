"""Whether the bot takes and does work, as its host decided."""

from enum import StrEnum


class ServiceMode(StrEnum):
    """PAUSED: jobs are accepted and keep their places. DRAINING: what is in line is done, no more comes."""

    OPEN = "open"
    PAUSED = "paused"
    DRAINING = "draining"
