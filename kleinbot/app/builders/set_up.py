"""Builds what admins set up and read in their server, and the bot's introduction there."""

from dataclasses import dataclass

from kleinbot.app.builders.base import Base, MessageWakes
from kleinbot.usecases.moderation.tell_members import waiting_reports
from kleinbot.usecases.notices import Notices, NoticeSource
from kleinbot.usecases.owner.host_lines import line_of_the_host
from kleinbot.usecases.privacy.purge import purge_notices
from kleinbot.usecases.quota.quota import QuotaRule
from kleinbot.usecases.setup.joining import JoiningPosts, impossible_post
from kleinbot.usecases.setup.set_up import SetUp


@dataclass(frozen=True)
class ServerSetUp:
    joining_posts: JoiningPosts
    choices: SetUp


def build_set_up(base: Base, rule: QuotaRule, wakes: MessageWakes) -> ServerSetUp:
    set_up = SetUp(base.database, rule, wakes.post, base.clock, base.judge)
    return ServerSetUp(JoiningPosts(base.database, base.clock), set_up)


def build_notices(base: Base) -> Notices:
    return Notices(base.database, _notice_sources(), base.clock)


def _notice_sources() -> tuple[NoticeSource, ...]:
    """Return what admins may have to read below their next /admin answer, the most important first."""
    return (line_of_the_host, waiting_reports, impossible_post, purge_notices)
