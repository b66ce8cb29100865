"""Builds what admins set up in their server, and the bot's introduction there."""

from dataclasses import dataclass

from kleinbot.app.builders.base import Base
from kleinbot.usecases.quota.quota import QuotaRule
from kleinbot.usecases.setup.joining import JoiningPosts
from kleinbot.usecases.setup.set_up import SetUp


@dataclass(frozen=True)
class ServerSetUp:
    joining_posts: JoiningPosts
    choices: SetUp


def build_set_up(base: Base, rule: QuotaRule) -> ServerSetUp:
    return ServerSetUp(JoiningPosts(base.database, base.clock), SetUp(base.database, rule, base.clock))
