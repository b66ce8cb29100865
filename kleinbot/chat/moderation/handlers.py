"""All handlers of moderation."""

from dataclasses import dataclass

from kleinbot.chat.moderation.channel_handlers import ChannelHandlers
from kleinbot.chat.moderation.member_handlers import MemberHandlers


@dataclass(frozen=True)
class ModerationHandlers:
    members: MemberHandlers
    channels: ChannelHandlers
