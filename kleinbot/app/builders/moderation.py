"""Builds what moderators do, and how Discord reaches it."""

from dataclasses import dataclass

from kleinbot.app.builders.base import Base, MessageWakes
from kleinbot.app.builders.delivery import Delivery
from kleinbot.app.builders.scheduling import Scheduling
from kleinbot.chat.core.interactions import Interactions
from kleinbot.chat.create.handlers import CreateHandlers
from kleinbot.chat.moderation.audit_handlers import AuditHandlers
from kleinbot.chat.moderation.case_handlers import CaseHandlers
from kleinbot.chat.moderation.channel_handlers import ChannelHandlers
from kleinbot.chat.moderation.handlers import ModerationHandlers
from kleinbot.chat.moderation.member_handlers import MemberHandlers
from kleinbot.chat.moderation.report_handlers import ReportHandlers
from kleinbot.chat.moderation.word_handlers import WordHandlers
from kleinbot.domain.clock import Clock
from kleinbot.texts import Texts
from kleinbot.usecases.history import History
from kleinbot.usecases.moderation.ban_members import BanMembers
from kleinbot.usecases.moderation.cases import DecideCases
from kleinbot.usecases.moderation.channels import Channels
from kleinbot.usecases.moderation.hide import Hide
from kleinbot.usecases.moderation.read_audit import ReadAudit
from kleinbot.usecases.moderation.report import ReportPicture
from kleinbot.usecases.moderation.tell_members import TellMembers
from kleinbot.usecases.moderation.warn import Warn
from kleinbot.usecases.moderation.words import ForbiddenWords, Words


@dataclass(frozen=True)
class Moderation:
    """The use cases."""

    ban_members: BanMembers
    channels: Channels
    warn: Warn
    hide: Hide
    report: ReportPicture
    decide: DecideCases
    tell_members: TellMembers
    read_audit: ReadAudit
    words: Words


def build_moderation(
    base: Base, scheduling: Scheduling, history: History, forbidden: ForbiddenWords, wakes: MessageWakes
) -> Moderation:
    """Build the use cases; ``forbidden`` holds what requests are checked against."""
    database, clock = base.database, base.clock
    ban_members = BanMembers(database, scheduling.scheduler, wakes.deliver, clock)
    warn = Warn(database, clock)
    hide = Hide(database, wakes.refresh, clock)
    return Moderation(
        ban_members,
        Channels(database, clock),
        warn,
        hide,
        ReportPicture(database, history, hide, wakes.post, clock),
        DecideCases(database, base.archive, hide, ban_members, warn, wakes.remove, wakes.post, clock),
        TellMembers(database, clock),
        ReadAudit(database),
        Words(database, forbidden, clock),
    )


def build_moderation_handlers(
    moderation: Moderation,
    delivery: Delivery,
    create: CreateHandlers,
    interactions: Interactions,
    texts: Texts,
    clock: Clock,
) -> ModerationHandlers:
    """Build the handlers; ``create`` knows the forms that are open."""
    return ModerationHandlers(
        MemberHandlers(moderation.ban_members, moderation.warn, interactions, texts),
        ChannelHandlers(moderation.channels, interactions, texts),
        ReportHandlers(moderation.report, interactions, texts, create.modal_setup),
        CaseHandlers(moderation.decide, moderation.hide, delivery.case_poster, interactions, texts),
        AuditHandlers(moderation.read_audit, interactions, texts, clock),
        WordHandlers(moderation.words, interactions, texts),
    )
