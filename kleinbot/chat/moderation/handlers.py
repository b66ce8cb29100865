"""All handlers of moderation."""

from dataclasses import dataclass

from kleinbot.chat.moderation.audit_handlers import AuditHandlers
from kleinbot.chat.moderation.case_handlers import CaseHandlers
from kleinbot.chat.moderation.channel_handlers import ChannelHandlers
from kleinbot.chat.moderation.member_handlers import MemberHandlers
from kleinbot.chat.moderation.report_handlers import ReportHandlers
from kleinbot.chat.moderation.word_handlers import WordHandlers


@dataclass(frozen=True)
class ModerationHandlers:
    members: MemberHandlers
    channels: ChannelHandlers
    reports: ReportHandlers
    cases: CaseHandlers
    audit: AuditHandlers
    words: WordHandlers
