"""/quota, and /admin for who may manage the server."""

from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from kleinbot.chat.core.translator import translated
from kleinbot.chat.quota.handlers import QuotaHandlers
from kleinbot.texts import Texts

_TEXTS = Texts()
_MOST_PICTURES = 100_000.0
_MOST_DAYS = 366
_REASON_CHARACTERS = 200
_USUAL_DAYS = 30

_Reason = app_commands.Range[str, 1, _REASON_CHARACTERS]
_Limit = app_commands.Range[float, 0.0, _MOST_PICTURES]


def _t(key: str) -> app_commands.locale_str:
    return translated(_TEXTS, key)


class QuotaCog(commands.Cog):
    """What members may make. Discord hides /admin from others; the use cases check it again."""

    admin = app_commands.Group(
        name=_t("admin-name"),
        description=_t("admin-description"),
        default_permissions=discord.Permissions(manage_guild=True),
    )
    admin_quota = app_commands.Group(
        name=_t("admin-quota-name"), description=_t("admin-quota-description"), parent=admin
    )

    def __init__(self, handlers: QuotaHandlers) -> None:
        self._handlers = handlers

    @app_commands.command(name=_t("quota-name"), description=_t("quota-description"))
    async def quota(self, interaction: discord.Interaction[Any]) -> None:
        await self._handlers.mine(interaction)

    @admin.command(name=_t("admin-weight-name"), description=_t("admin-weight-description"))
    @app_commands.rename(member=_t("admin-member-name"), weight=_t("admin-weight-weight-name"))
    @app_commands.describe(
        member=_t("admin-weight-member-description"), weight=_t("admin-weight-weight-description")
    )
    async def weight(
        self,
        interaction: discord.Interaction[Any],
        member: discord.User,
        weight: app_commands.Range[float, 0.1, 10.0],
    ) -> None:
        await self._handlers.weigh(interaction, member.id, weight)

    @admin_quota.command(name=_t("admin-quota-view-name"), description=_t("admin-quota-view-description"))
    @app_commands.rename(member=_t("admin-member-name"))
    @app_commands.describe(member=_t("admin-member-description"))
    async def view(self, interaction: discord.Interaction[Any], member: discord.User) -> None:
        await self._handlers.view(interaction, member.id)

    @admin_quota.command(name=_t("admin-quota-set-name"), description=_t("admin-quota-set-description"))
    @app_commands.rename(member=_t("admin-member-name"), pictures=_t("admin-pictures-name"))
    @app_commands.describe(member=_t("admin-member-description"), pictures=_t("admin-limit-description"))
    async def set(
        self, interaction: discord.Interaction[Any], member: discord.User, pictures: _Limit | None = None
    ) -> None:
        await self._handlers.set(interaction, member.id, pictures)

    @admin_quota.command(
        name=_t("admin-quota-set-default-name"), description=_t("admin-quota-set-default-description")
    )
    @app_commands.rename(pictures=_t("admin-pictures-name"))
    @app_commands.describe(pictures=_t("admin-default-limit-description"))
    async def set_default(
        self, interaction: discord.Interaction[Any], pictures: _Limit | None = None
    ) -> None:
        await self._handlers.set_default(interaction, pictures)

    @admin_quota.command(name=_t("admin-quota-clear-name"), description=_t("admin-quota-clear-description"))
    @app_commands.rename(member=_t("admin-member-name"))
    @app_commands.describe(member=_t("admin-clear-member-description"))
    async def clear(self, interaction: discord.Interaction[Any], member: discord.User | None = None) -> None:
        await self._handlers.ask_clear(interaction, None if member is None else member.id)

    @admin_quota.command(name=_t("admin-quota-grant-name"), description=_t("admin-quota-grant-description"))
    @app_commands.rename(
        member=_t("admin-member-name"),
        pictures=_t("admin-pictures-name"),
        reason=_t("admin-reason-name"),
        days=_t("admin-days-name"),
    )
    @app_commands.describe(
        member=_t("admin-member-description"),
        pictures=_t("admin-amount-description"),
        reason=_t("admin-reason-description"),
        days=_t("admin-days-description"),
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

    @admin_quota.command(name=_t("admin-quota-reset-name"), description=_t("admin-quota-reset-description"))
    @app_commands.rename(member=_t("admin-member-name"), reason=_t("admin-reason-name"))
    @app_commands.describe(member=_t("admin-member-description"), reason=_t("admin-reason-description"))
    async def reset(
        self, interaction: discord.Interaction[Any], member: discord.User, reason: _Reason | None = None
    ) -> None:
        await self._handlers.reset(interaction, member.id, reason or "")

    @admin_quota.command(
        name=_t("admin-quota-history-name"), description=_t("admin-quota-history-description")
    )
    @app_commands.rename(member=_t("admin-member-name"))
    @app_commands.describe(member=_t("admin-member-or-all-description"))
    async def history(
        self, interaction: discord.Interaction[Any], member: discord.User | None = None
    ) -> None:
        await self._handlers.history(interaction, None if member is None else member.id)
