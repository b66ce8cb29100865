"""Builds what admins set up and read in their server, and the bot's introduction there."""

from dataclasses import dataclass

from kleinbot.app.builders.base import Base, MessageWakes
from kleinbot.usecases.moderation.tell_members import waiting_reports
from kleinbot.usecases.notices import Notices, NoticeSource
from kleinbot.usecases.owner.host_lines import line_of_the_host
from kleinbot.usecases.privacy.purge import purge_notices
from kleinbot.usecases.prompt_check import PromptCheck
from kleinbot.usecases.quota.quota import QuotaRule
from kleinbot.usecases.setup.joining import JoiningPosts, impossible_post
from kleinbot.usecases.setup.set_up import SetUp
from kleinbot.usecases.setup.styles import Styles


@dataclass(frozen=True)
class ServerSetUp:
    joining_posts: JoiningPosts
    choices: SetUp
    styles: Styles


def build_set_up(base: Base, rule: QuotaRule, prompts: PromptCheck, wakes: MessageWakes) -> ServerSetUp:
    set_up = SetUp(base.database, rule, wakes.post, base.clock, base.judge)
    joining = JoiningPosts(base.database, base.clock)
    return ServerSetUp(joining, set_up, Styles(base.database, prompts, base.clock))


def build_notices(base: Base) -> Notices:
    return Notices(base.database, _notice_sources(), base.clock)


def _notice_sources() -> tuple[NoticeSource, ...]:
    """Return what admins may have to read below their next /admin answer, the most important first."""
    return (line_of_the_host, waiting_reports, impossible_post, purge_notices)
