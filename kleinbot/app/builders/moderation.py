"""Builds what moderators do, and how Discord reaches it."""

from collections.abc import Callable
from dataclasses import dataclass

from kleinbot.app.builders.base import Base
from kleinbot.app.builders.scheduling import Scheduling
from kleinbot.chat.core.interactions import Interactions
from kleinbot.chat.moderation.channel_handlers import ChannelHandlers
from kleinbot.chat.moderation.handlers import ModerationHandlers
from kleinbot.chat.moderation.member_handlers import MemberHandlers
from kleinbot.texts import Texts
from kleinbot.usecases.moderation.ban_members import BanMembers
from kleinbot.usecases.moderation.channels import Channels


@dataclass(frozen=True)
class Moderation:
    """The use cases."""

    ban_members: BanMembers
    channels: Channels


def build_moderation(base: Base, scheduling: Scheduling, wake_delivery: Callable[[], None]) -> Moderation:
    """Build the use cases."""
    return Moderation(
        BanMembers(base.database, scheduling.scheduler, wake_delivery, base.clock),
        Channels(base.database, base.clock),
    )


def build_moderation_handlers(
    moderation: Moderation, interactions: Interactions, texts: Texts
) -> ModerationHandlers:
    """Build the handlers."""
    return ModerationHandlers(
        MemberHandlers(moderation.ban_members, interactions, texts),
        ChannelHandlers(moderation.channels, interactions, texts),
    )
