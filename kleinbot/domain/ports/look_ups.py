"""The interface through which Discord is asked whether a server or a person is still there."""

from enum import StrEnum
from typing import Protocol


class Found(StrEnum):
    """``UNKNOWN``: Discord did not say: it could not be reached, was too slow, or answered something else."""

    THERE = "there"
    GONE = "gone"
    UNKNOWN = "unknown"


class LookUps(Protocol):
    """Answers within a bounded time, and raises nothing but when cancelled."""

    async def server(self, server_id: int) -> Found:
        """Return whether the bot is in a server."""
        ...

    async def member(self, server_id: int, member_id: int) -> Found:
        """Return whether a person is in a server; UNKNOWN if the bot is not in it."""
        ...
