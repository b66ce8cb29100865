"""Builds what members and admins do with quotas."""

from dataclasses import dataclass

from kleinbot.app.builders.base import Base
from kleinbot.app.builders.scheduling import Scheduling
from kleinbot.usecases.quota.administer import AdministerQuota
from kleinbot.usecases.quota.member_weight import SetMemberWeight
from kleinbot.usecases.quota.quota import QuotaRule
from kleinbot.usecases.quota.quota_view import QuotaView
from kleinbot.usecases.quota.role_rules import RoleRules
from kleinbot.usecases.quota.usage import QuotaUsage


@dataclass(frozen=True)
class Quotas:
    """The use cases of quotas."""

    view: QuotaView
    administer: AdministerQuota
    role_rules: RoleRules
    set_member_weight: SetMemberWeight
    usage: QuotaUsage


def build_quotas(base: Base, scheduling: Scheduling, rule: QuotaRule) -> Quotas:
    database, clock = base.database, base.clock
    return Quotas(
        QuotaView(database, rule, clock),
        AdministerQuota(database, rule, clock),
        RoleRules(database, rule, clock),
        SetMemberWeight(database, scheduling.scheduler, scheduling.shares, clock),
        QuotaUsage(database, clock),
    )
