"""Threads: a channel below a channel, which is archived and locked, and what that forbids.

https://docs.discord.com/developers/topics/threads
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kleinbot.sandbox.errors import thread_is_archived, thread_is_locked

if TYPE_CHECKING:
    from kleinbot.sandbox.state import Channel

PUBLIC_THREAD, PRIVATE_THREAD = 11, 12


@dataclass
class Thread:
    """What a channel is that is a thread. ``member_ids``: who was added; others do not see a private one."""

    parent: "Channel"
    is_private: bool
    owner_id: int
    created_at: float
    is_archived: bool = False
    is_locked: bool = False
    changed_at: float = 0.0
    member_ids: set[int] = field(default_factory=set)

    @property
    def type(self) -> int:
        return PRIVATE_THREAD if self.is_private else PUBLIC_THREAD


def require_active(channel: "Channel") -> None:
    """Raise RefusedError where nothing in ``channel`` can be changed: it is archived or locked.

    The bot may not manage threads.
    """
    if channel.thread is None:
        return
    if channel.thread.is_archived:
        raise thread_is_archived()
    if channel.thread.is_locked:
        raise thread_is_locked()


def is_reopened(channel: "Channel") -> bool:
    """Tell whether a message that is sent now takes ``channel`` out of the archive, which Discord does.

    Raises RefusedError where it is locked.
    """
    thread = channel.thread
    if thread is None or not (thread.is_archived or thread.is_locked):
        return False
    if thread.is_locked:
        require_active(channel)
    return True
