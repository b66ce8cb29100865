"""/quota and /admin quota."""

from kleinbot.chat.quota.handlers import QuotaHandlers
from kleinbot.chat.quota.rule_handlers import RoleRuleHandlers
from kleinbot.chat.quota.usage_handlers import UsageHandlers

__all__ = ["QuotaHandlers", "RoleRuleHandlers", "UsageHandlers"]
