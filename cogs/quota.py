"""/quota, and /admin for those who may manage the server."""

from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from kleinbot.chat.core.translator import t
from kleinbot.chat.quota.handlers import QuotaHandlers

_MOST_PICTURES = 100_000.0
_MOST_DAYS = 366
_REASON_CHARACTERS = 200
_USUAL_DAYS = 30

_Reason = app_commands.Range[str, 1, _REASON_CHARACTERS]
_Limit = app_commands.Range[float, 0.0, _MOST_PICTURES]


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

    def __init__(self, handlers: QuotaHandlers) -> None:
        self._handlers = handlers

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
        await self._handlers.view(interaction, member.id)

    @admin_quota.command(name=t("admin-quota-set-name"), description=t("admin-quota-set-description"))
    @app_commands.rename(member=t("admin-member-name"), pictures=t("admin-pictures-name"))
    @app_commands.describe(member=t("admin-member-description"), pictures=t("admin-limit-description"))
    async def set(
        self, interaction: discord.Interaction[Any], member: discord.User, pictures: _Limit | None = None
    ) -> None:
        await self._handlers.set(interaction, member.id, pictures)

    @admin_quota.command(
        name=t("admin-quota-set-default-name"),
        description=t("admin-quota-set-default-description"),
    )
    @app_commands.rename(pictures=t("admin-pictures-name"))
    @app_commands.describe(pictures=t("admin-default-limit-description"))
    async def set_default(
        self, interaction: discord.Interaction[Any], pictures: _Limit | None = None
    ) -> None:
        await self._handlers.set_default(interaction, pictures)

    @admin_quota.command(name=t("admin-quota-clear-name"), description=t("admin-quota-clear-description"))
    @app_commands.rename(member=t("admin-member-name"))
    @app_commands.describe(member=t("admin-clear-member-description"))
    async def clear(self, interaction: discord.Interaction[Any], member: discord.User | None = None) -> None:
        await self._handlers.ask_clear(interaction, None if member is None else member.id)

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
        await self._handlers.grant(interaction, member.id, pictures, days, reason)

    @admin_quota.command(name=t("admin-quota-reset-name"), description=t("admin-quota-reset-description"))
    @app_commands.rename(member=t("admin-member-name"), reason=t("admin-reason-name"))
    @app_commands.describe(member=t("admin-member-description"), reason=t("admin-reason-description"))
    async def reset(
        self, interaction: discord.Interaction[Any], member: discord.User, reason: _Reason | None = None
    ) -> None:
        await self._handlers.reset(interaction, member.id, reason or "")

    @admin_quota.command(name=t("admin-quota-history-name"), description=t("admin-quota-history-description"))
    @app_commands.rename(member=t("admin-member-name"))
    @app_commands.describe(member=t("admin-member-or-all-description"))
    async def history(
        self, interaction: discord.Interaction[Any], member: discord.User | None = None
    ) -> None:
        await self._handlers.history(interaction, None if member is None else member.id)
