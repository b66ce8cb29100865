"""Why the bot lets the graphics card go, and for how long as far as that is known."""

from dataclasses import dataclass
from enum import StrEnum


class LetGoReason(StrEnum):
    """What the card is let go for; metrics and logs use the value."""

    HOST = "host"
    """The owner paused the queue and freed the card."""
    QUIET_HOURS = "quiet-hours"
    OTHER_PROGRAM = "other-program"
    """Another program takes memory that the next picture needs."""
    IDLE = "idle"
    """Nothing has been drawn for as long as the owner's setting says."""
    LOADING = "loading"
    """It is taken again, and the model is not loaded yet."""


@dataclass(frozen=True)
class LetGo:
    """The card is not used, for ``reason``; ``until_ms``: when that ends, where it is known.

    ``puts_back``: what is begun is not finished but waits again.
    """

    reason: LetGoReason
    until_ms: int | None = None
    puts_back: bool = False
