"""/mod, for those who may manage messages, /admin channels and /admin audit."""

from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from kleinbot.chat.core.translator import t
from kleinbot.chat.moderation.channel_handlers import ChannelHandlers
from kleinbot.chat.moderation.handlers import ModerationHandlers
from kleinbot.chat.moderation.word_handlers import WordHandlers
from kleinbot.domain.errors import Code, Refusal
from kleinbot.domain.moderation.bans import REASON_CHARACTERS

_ADMIN = "admin"
"""The group of ``QuotaCog``, which is loaded before."""

_MOST_HOURS = 28 * 24
_MOST_DAYS = 3650
_USUAL_HOURS = 24

_Reason = app_commands.Range[str, 1, REASON_CHARACTERS]


class RuledChannel(app_commands.Transformer):
    """The id of a channel for which there may be a rule: no thread, since threads follow their channel."""

    @property
    def type(self) -> discord.AppCommandOptionType:
        return discord.AppCommandOptionType.channel

    @property
    def channel_types(self) -> list[discord.ChannelType]:
        kinds = discord.ChannelType
        return [kinds.text, kinds.news, kinds.voice, kinds.stage_voice, kinds.forum]

    async def transform(
        self,
        interaction: discord.Interaction[Any],
        value: Any,  # noqa: ANN401 - as the base class has it
        /,
    ) -> int:
        del interaction
        if not isinstance(value, app_commands.AppCommandChannel) or value.type not in self.channel_types:
            raise Refusal(Code.OPTION_NOT_OFFERED, option=self._error_display_name)
        return value.id


_Channel = app_commands.Transform[int, RuledChannel]


class ChannelsGroup(app_commands.Group):
    """/admin channels."""

    def __init__(self, handlers: ChannelHandlers) -> None:
        super().__init__(name=t("admin-channels-name"), description=t("admin-channels-description"))
        self._handlers = handlers

    @app_commands.command(
        name=t("admin-channels-allow-name"), description=t("admin-channels-allow-description")
    )
    @app_commands.rename(channel=t("admin-channel-name"))
    @app_commands.describe(channel=t("admin-channel-description"))
    async def allow(self, interaction: discord.Interaction[Any], channel: _Channel) -> None:
        await self._handlers.choose(interaction, channel, is_allowed=True)

    @app_commands.command(
        name=t("admin-channels-deny-name"), description=t("admin-channels-deny-description")
    )
    @app_commands.rename(channel=t("admin-channel-name"))
    @app_commands.describe(channel=t("admin-channel-description"))
    async def deny(self, interaction: discord.Interaction[Any], channel: _Channel) -> None:
        await self._handlers.choose(interaction, channel, is_allowed=False)

    @app_commands.command(
        name=t("admin-channels-clear-name"), description=t("admin-channels-clear-description")
    )
    @app_commands.rename(channel=t("admin-channel-name"))
    @app_commands.describe(channel=t("admin-channel-or-all-description"))
    async def clear(self, interaction: discord.Interaction[Any], channel: _Channel | None = None) -> None:
        await self._handlers.clear(interaction, channel)

    @app_commands.command(
        name=t("admin-channels-list-name"), description=t("admin-channels-list-description")
    )
    async def list(self, interaction: discord.Interaction[Any]) -> None:
        await self._handlers.list(interaction)


class ReadWordsGroup(app_commands.Group):
    """/mod words: what moderators may do with the list that admins keep."""

    def __init__(self, handlers: WordHandlers) -> None:
        super().__init__(name=t("admin-words-name"), description=t("admin-words-description"))
        self._handlers = handlers

    @app_commands.command(name=t("admin-words-list-name"), description=t("admin-words-list-description"))
    async def list(self, interaction: discord.Interaction[Any]) -> None:
        await self._handlers.list(interaction)

    @app_commands.command(name=t("admin-words-test-name"), description=t("admin-words-test-description"))
    @app_commands.rename(text=t("admin-words-text-name"))
    @app_commands.describe(text=t("admin-words-text-description"))
    async def test(
        self, interaction: discord.Interaction[Any], text: app_commands.Range[str, 1, 2000]
    ) -> None:
        await self._handlers.test(interaction, text)


class ModerationCog(commands.Cog):
    """A command of its own: Discord hides /admin from moderators, who may not manage the server."""

    mod = app_commands.Group(
        name=t("mod-name"),
        description=t("mod-description"),
        default_permissions=discord.Permissions(manage_messages=True),
    )

    def __init__(self, tree: app_commands.CommandTree[Any], handlers: ModerationHandlers) -> None:
        self._tree = tree
        self._handlers = handlers
        self._menu = app_commands.ContextMenu(name=t("menu-report"), callback=self._report)

    async def cog_load(self) -> None:
        admin = self._tree.get_command(_ADMIN)
        if not isinstance(admin, app_commands.Group):
            raise TypeError(admin)
        admin.add_command(ChannelsGroup(self._handlers.channels))
        for group in (admin, self.mod):
            audit = app_commands.Command[Any, ..., None](
                name=t("admin-audit-name"), description=t("admin-audit-description"), callback=self.audit
            )
            audit.autocomplete("action")(self._actions)
            group.add_command(audit)
        self.mod.add_command(ReadWordsGroup(self._handlers.words))
        self._tree.add_command(self._menu)

    async def cog_unload(self) -> None:
        self._tree.remove_command(self._menu.name, type=self._menu.type)

    @app_commands.rename(
        member=t("mod-member-name"), action=t("admin-audit-action-name"), days=t("mod-days-name")
    )
    @app_commands.describe(
        member=t("admin-audit-member-description"),
        action=t("admin-audit-action-description"),
        days=t("admin-audit-days-description"),
    )
    async def audit(
        self,
        interaction: discord.Interaction[Any],
        member: discord.User | None = None,
        action: app_commands.Range[str, 1, 100] | None = None,
        days: app_commands.Range[int, 1, _MOST_DAYS] | None = None,
    ) -> None:
        member_id = None if member is None else member.id
        option = t("admin-audit-action-name").message
        await self._handlers.audit.open(interaction, member_id, action, days, option)

    async def _actions(
        self, interaction: discord.Interaction[Any], typed: str
    ) -> list[app_commands.Choice[str]]:
        return await self._handlers.audit.actions(interaction, typed)

    async def _report(self, interaction: discord.Interaction[Any], message: discord.Message) -> None:
        await self._handlers.reports.report_message(interaction, message)

    @mod.command(name=t("mod-ban-name"), description=t("mod-ban-description"))
    @app_commands.rename(member=t("mod-member-name"), reason=t("mod-reason-name"), days=t("mod-days-name"))
    @app_commands.describe(
        member=t("mod-member-description"),
        reason=t("mod-reason-description"),
        days=t("mod-days-description"),
    )
    async def ban(
        self,
        interaction: discord.Interaction[Any],
        member: discord.User,
        reason: _Reason,
        days: app_commands.Range[int, 1, _MOST_DAYS] | None = None,
    ) -> None:
        await self._handlers.members.ban(interaction, member, days, reason)

    @mod.command(name=t("mod-timeout-name"), description=t("mod-timeout-description"))
    @app_commands.rename(member=t("mod-member-name"), reason=t("mod-reason-name"), hours=t("mod-hours-name"))
    @app_commands.describe(
        member=t("mod-member-description"),
        reason=t("mod-reason-description"),
        hours=t("mod-hours-description"),
    )
    async def timeout(
        self,
        interaction: discord.Interaction[Any],
        member: discord.User,
        reason: _Reason,
        hours: app_commands.Range[int, 1, _MOST_HOURS] = _USUAL_HOURS,
    ) -> None:
        await self._handlers.members.time_out(interaction, member, hours, reason)

    @mod.command(name=t("mod-unban-name"), description=t("mod-unban-description"))
    @app_commands.rename(member=t("mod-member-name"))
    @app_commands.describe(member=t("mod-member-description"))
    async def unban(self, interaction: discord.Interaction[Any], member: discord.User) -> None:
        await self._handlers.members.unban(interaction, member.id)

    @mod.command(name=t("mod-bans-name"), description=t("mod-bans-description"))
    async def bans(self, interaction: discord.Interaction[Any]) -> None:
        await self._handlers.members.bans(interaction)

    @mod.command(name=t("mod-warn-name"), description=t("mod-warn-description"))
    @app_commands.rename(member=t("mod-member-name"), reason=t("mod-reason-name"))
    @app_commands.describe(member=t("mod-member-description"), reason=t("mod-reason-description"))
    async def warn(
        self, interaction: discord.Interaction[Any], member: discord.User, reason: _Reason
    ) -> None:
        await self._handlers.members.warn(interaction, member, reason)

    @mod.command(name=t("mod-reports-name"), description=t("mod-reports-description"))
    async def reports(self, interaction: discord.Interaction[Any]) -> None:
        await self._handlers.cases.waiting(interaction)

    @mod.command(name=t("mod-hide-name"), description=t("mod-hide-description"))
    @app_commands.rename(job=t("mod-job-name"), reason=t("mod-reason-name"))
    @app_commands.describe(job=t("mod-job-description"), reason=t("mod-hide-reason-description"))
    async def hide(
        self, interaction: discord.Interaction[Any], job: app_commands.Range[str, 1, 100], reason: _Reason
    ) -> None:
        await self._handlers.cases.hide(interaction, job, reason)

    @mod.command(name=t("mod-unhide-name"), description=t("mod-unhide-description"))
    @app_commands.rename(job=t("mod-job-name"))
    @app_commands.describe(job=t("mod-job-description"))
    async def unhide(
        self, interaction: discord.Interaction[Any], job: app_commands.Range[str, 1, 100]
    ) -> None:
        await self._handlers.cases.show(interaction, job)
