"""/quota, and /admin for those who may manage the server."""

from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from kleinbot.chat.core.translator import t
from kleinbot.chat.quota.handlers import QuotaHandlers
from kleinbot.chat.quota.rule_handlers import RoleRuleHandlers
from kleinbot.chat.quota.usage_handlers import UsageHandlers
from kleinbot.domain.job import TENTHS
from kleinbot.domain.quota import LONGEST_WINDOW_HOURS, QuotaTerms

_MOST_PICTURES = 100_000.0
_MOST_DAYS = 366
_REASON_CHARACTERS = 200
_USUAL_DAYS = 30
_MOST_TOP_DAYS = 31
_USUAL_TOP_DAYS = 7

_Reason = app_commands.Range[str, 1, _REASON_CHARACTERS]
_Limit = app_commands.Range[float, 0.0, _MOST_PICTURES]
_Hours = app_commands.Range[int, 1, LONGEST_WINDOW_HOURS]
_Window = app_commands.Range[float, 0.1, _MOST_PICTURES]

_WINDOW_NAMES: dict[str, app_commands.locale_str | str] = {
    "pictures": t("admin-pictures-name"),
    "hours": t("admin-hours-name"),
    "hourly": t("admin-hourly-name"),
    "burst": t("admin-burst-name"),
}
_WINDOW_DESCRIPTIONS: dict[str, app_commands.locale_str | str] = {
    "pictures": t("admin-limit-description"),
    "hours": t("admin-hours-description"),
    "hourly": t("admin-hourly-description"),
    "burst": t("admin-burst-description"),
}


class QuotaCog(commands.Cog):
    """Quotas. Discord hides /admin from ordinary members; the use cases check it again."""

    admin = app_commands.Group(
        name=t("admin-name"),
        description=t("admin-description"),
        default_permissions=discord.Permissions(manage_guild=True),
    )
    admin_quota = app_commands.Group(
        name=t("admin-quota-name"), description=t("admin-quota-description"), parent=admin
    )

    def __init__(
        self, handlers: QuotaHandlers, rule_handlers: RoleRuleHandlers, usage_handlers: UsageHandlers
    ) -> None:
        self._handlers = handlers
        self._rule_handlers = rule_handlers
        self._usage_handlers = usage_handlers

    @app_commands.command(name=t("quota-name"), description=t("quota-description"))
    async def quota(self, interaction: discord.Interaction[Any]) -> None:
        await self._handlers.mine(interaction)

    @admin.command(name=t("admin-weight-name"), description=t("admin-weight-description"))
    @app_commands.rename(member=t("admin-member-name"), weight=t("admin-weight-weight-name"))
    @app_commands.describe(
        member=t("admin-weight-member-description"),
        weight=t("admin-weight-weight-description"),
    )
    async def weight(
        self,
        interaction: discord.Interaction[Any],
        member: discord.User,
        weight: app_commands.Range[float, 0.1, 10.0],
    ) -> None:
        await self._handlers.weigh(interaction, member.id, weight)

    @admin_quota.command(name=t("admin-quota-view-name"), description=t("admin-quota-view-description"))
    @app_commands.rename(member=t("admin-member-name"))
    @app_commands.describe(member=t("admin-member-description"))
    async def view(self, interaction: discord.Interaction[Any], member: discord.User) -> None:
        await self._handlers.view(interaction, member)

    @admin_quota.command(name=t("admin-quota-set-name"), description=t("admin-quota-set-description"))
    @app_commands.rename(member=t("admin-member-name"), **_WINDOW_NAMES)
    @app_commands.describe(member=t("admin-member-description"), **_WINDOW_DESCRIPTIONS)
    async def set(
        self,
        interaction: discord.Interaction[Any],
        member: discord.User,
        pictures: _Limit | None = None,
        hours: _Hours | None = None,
        hourly: _Window | None = None,
        burst: _Window | None = None,
    ) -> None:
        await self._handlers.set(interaction, member, _optional_terms(pictures, hours, hourly, burst))

    @admin_quota.command(
        name=t("admin-quota-set-default-name"),
        description=t("admin-quota-set-default-description"),
    )
    @app_commands.rename(**_WINDOW_NAMES)
    @app_commands.describe(**_WINDOW_DESCRIPTIONS)
    async def set_default(
        self,
        interaction: discord.Interaction[Any],
        pictures: _Limit | None = None,
        hours: _Hours | None = None,
        hourly: _Window | None = None,
        burst: _Window | None = None,
    ) -> None:
        await self._handlers.set_default(interaction, _optional_terms(pictures, hours, hourly, burst))

    @admin_quota.command(name=t("admin-quota-role-name"), description=t("admin-quota-role-description"))
    @app_commands.rename(role=t("admin-role-name"), **_WINDOW_NAMES)
    @app_commands.describe(role=t("admin-role-description"), **_WINDOW_DESCRIPTIONS)
    async def role(
        self,
        interaction: discord.Interaction[Any],
        role: discord.Role,
        pictures: _Limit,
        hours: _Hours | None = None,
        hourly: _Window | None = None,
        burst: _Window | None = None,
    ) -> None:
        terms = _terms(pictures, hours, hourly, burst)
        await self._rule_handlers.set(interaction, role.id, terms)

    @admin_quota.command(name=t("admin-quota-rules-name"), description=t("admin-quota-rules-description"))
    async def rules(self, interaction: discord.Interaction[Any]) -> None:
        await self._rule_handlers.listed(interaction)

    @admin_quota.command(name=t("admin-quota-clear-name"), description=t("admin-quota-clear-description"))
    @app_commands.rename(member=t("admin-member-name"), role=t("admin-role-name"))
    @app_commands.describe(member=t("admin-clear-member-description"), role=t("admin-clear-role-description"))
    async def clear(
        self,
        interaction: discord.Interaction[Any],
        member: discord.User | None = None,
        role: app_commands.Range[str, 1, 100] | None = None,
    ) -> None:
        if role is not None:
            await self._rule_handlers.ask_clear(interaction, role)
        else:
            await self._handlers.ask_clear(interaction, None if member is None else member.id)

    @clear.autocomplete("role")
    async def _roles_with_a_rule(
        self, interaction: discord.Interaction[Any], typed: str
    ) -> list[app_commands.Choice[str]]:
        return await self._rule_handlers.choices(interaction, typed)

    @admin_quota.command(name=t("admin-quota-top-name"), description=t("admin-quota-top-description"))
    @app_commands.rename(days=t("admin-days-name"))
    @app_commands.describe(days=t("admin-quota-top-days-description"))
    async def top(
        self,
        interaction: discord.Interaction[Any],
        days: app_commands.Range[int, 1, _MOST_TOP_DAYS] = _USUAL_TOP_DAYS,
    ) -> None:
        await self._usage_handlers.top(interaction, days)

    @admin_quota.command(name=t("admin-quota-export-name"), description=t("admin-quota-export-description"))
    async def export(self, interaction: discord.Interaction[Any]) -> None:
        await self._usage_handlers.export(interaction)

    @admin_quota.command(name=t("admin-quota-grant-name"), description=t("admin-quota-grant-description"))
    @app_commands.rename(
        member=t("admin-member-name"),
        pictures=t("admin-pictures-name"),
        reason=t("admin-reason-name"),
        days=t("admin-days-name"),
    )
    @app_commands.describe(
        member=t("admin-member-description"),
        pictures=t("admin-amount-description"),
        reason=t("admin-reason-description"),
        days=t("admin-days-description"),
    )
    async def grant(
        self,
        interaction: discord.Interaction[Any],
        member: discord.User,
        pictures: app_commands.Range[float, 0.1, _MOST_PICTURES],
        reason: _Reason,
        days: app_commands.Range[int, 1, _MOST_DAYS] = _USUAL_DAYS,
    ) -> None:
        await self._handlers.grant(interaction, member, pictures, days, reason)

    @admin_quota.command(name=t("admin-quota-reset-name"), description=t("admin-quota-reset-description"))
    @app_commands.rename(member=t("admin-member-name"), reason=t("admin-reason-name"))
    @app_commands.describe(member=t("admin-member-description"), reason=t("admin-reason-description"))
    async def reset(
        self, interaction: discord.Interaction[Any], member: discord.User, reason: _Reason | None = None
    ) -> None:
        await self._handlers.reset(interaction, member, reason or "")

    @admin_quota.command(name=t("admin-quota-history-name"), description=t("admin-quota-history-description"))
    @app_commands.rename(member=t("admin-member-name"))
    @app_commands.describe(member=t("admin-member-or-all-description"))
    async def history(
        self, interaction: discord.Interaction[Any], member: discord.User | None = None
    ) -> None:
        await self._handlers.history(interaction, member)


def _optional_terms(
    pictures: float | None, hours: int | None, hourly: float | None, burst: float | None
) -> QuotaTerms | None:
    return None if pictures is None else _terms(pictures, hours, hourly, burst)


def _terms(pictures: float, hours: int | None, hourly: float | None, burst: float | None) -> QuotaTerms:
    return QuotaTerms(round(pictures * TENTHS), hours, _tenths(hourly), _tenths(burst))


def _tenths(amount: float | None) -> int | None:
    return None if amount is None else max(1, round(amount * TENTHS))
