"""What an admin must know of a configured channel: whether it is there, and what the bot may not do in it."""

from dataclasses import dataclass

import discord

FOR_RESULTS = (
    "view_channel",
    "send_messages",
    "attach_files",
    "read_message_history",
    "send_messages_in_threads",
)
"""What posting results needs once a first response can no longer be edited; the response needs none."""

FOR_REPORTS = ("view_channel", "send_messages", "attach_files", "read_message_history")


@dataclass(frozen=True)
class ChannelState:
    """A channel of a server. ``is_there``: false once it was deleted. ``missing``: names of permissions."""

    channel_id: int
    is_there: bool
    missing: tuple[str, ...]

    @property
    def is_right(self) -> bool:
        return self.is_there and not self.missing


def missing(permissions: discord.Permissions, needed: tuple[str, ...]) -> tuple[str, ...]:
    """Return the needed permissions that are not among ``permissions``.

    Who cannot view a channel has no permission in it, and who cannot send cannot attach; only the cause is
    returned.
    """
    lacking = tuple(name for name in needed if not getattr(permissions, name))
    if "view_channel" in lacking:
        return ("view_channel",)
    if "send_messages" in lacking:
        return tuple(name for name in lacking if name != "attach_files")
    return lacking


def state_of(
    guild: discord.Guild, channel_id: int, needed: tuple[str, ...], *, only_text: bool = True
) -> ChannelState:
    """Return the state of a configured channel, by the permissions that are known of the bot there."""
    channel = guild.get_channel(channel_id)
    if channel is None or (only_text and not isinstance(channel, discord.TextChannel)):
        return ChannelState(channel_id, False, ())
    return ChannelState(channel_id, True, missing(channel.permissions_for(guild.me), needed))


def unsuitable(guild: discord.Guild, most_looked_at: int) -> list[ChannelState]:
    """Return the channels in which members may write, and so ask for pictures, and the bot may not post.

    Looks at the first ``most_looked_at`` text channels of the server.
    """
    found = []
    for channel in guild.text_channels[:most_looked_at]:
        everybody = channel.permissions_for(guild.default_role)
        if everybody.view_channel and everybody.send_messages:
            found.append(state_of(guild, channel.id, FOR_RESULTS))
    return [each for each in found if not each.is_right]
