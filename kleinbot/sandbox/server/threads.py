"""The effects of archiving and locking threads, which are channels below a channel.

https://docs.discord.com/developers/topics/threads
"""

from kleinbot.sandbox.rules.errors import thread_is_archived, thread_is_locked
from kleinbot.sandbox.server.channels import Channel


def require_active(channel: Channel) -> None:
    """Raise RefusedError if nothing in ``channel`` can be changed because it is archived or locked.

    The bot may not manage threads.
    """
    if channel.thread is None:
        return
    if channel.thread.is_archived:
        raise thread_is_archived()
    if channel.thread.is_locked:
        raise thread_is_locked()


def is_reopened(channel: Channel) -> bool:
    """Return whether sending a message now unarchives ``channel``, as Discord does.

    Raises RefusedError if it is locked.
    """
    thread = channel.thread
    if thread is None or not (thread.is_archived or thread.is_locked):
        return False
    if thread.is_locked:
        require_active(channel)
    return True
