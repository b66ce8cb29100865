"""Handles /host. Only the owner gets an answer."""

from typing import Any

import discord
from discord import app_commands

from kleinbot.chat.core import choices
from kleinbot.chat.core import text as core_text
from kleinbot.chat.core.interactions import Interactions
from kleinbot.chat.owner import status_text
from kleinbot.chat.owner.server_names import NAME_CHARACTERS, ServerNames
from kleinbot.chat.owner.views import SERVICE_MODES
from kleinbot.domain.clock import HOUR_MS, MS_PER_S
from kleinbot.domain.errors import Parameter
from kleinbot.domain.job import TENTHS
from kleinbot.domain.work import EnginePhase
from kleinbot.store.members.servers import ServerRow
from kleinbot.texts import Texts
from kleinbot.usecases.owner.bot_control import BotControl, BotStatus
from kleinbot.usecases.owner.server_bans import REASON_CHARACTERS
from kleinbot.usecases.permissions import require_owner
from kleinbot.usecases.privacy.gone_servers import GoneServers, GoneSoon
from kleinbot.usecases.quota.quota import QuotaRule, pictures

_SHOWN_SERVERS = 20
_SHOWN_LEFT = 5
_PHASES = {
    EnginePhase.STARTING: "host-phase-starting",
    EnginePhase.DOWNLOADING: "host-phase-downloading",
    EnginePhase.LOADING: "host-phase-loading",
    EnginePhase.WARMING: "host-phase-warming",
    EnginePhase.READY: "host-phase-ready",
    EnginePhase.PAUSED: "host-phase-ready",
    EnginePhase.DISK_FULL: "host-phase-disk-full",
    EnginePhase.UNLOADING: "host-phase-unloading",
    EnginePhase.UNLOADED: "host-phase-unloaded",
    EnginePhase.FREED: "host-phase-freed",
    EnginePhase.QUIET_HOURS: "host-phase-quiet-hours",
    EnginePhase.CARD_TAKEN: "host-phase-card-taken",
    EnginePhase.DRAINING: "host-phase-draining",
    EnginePhase.FAILED: "host-phase-failed",
}


class OwnerHandlers:
    """One method for each command."""

    def __init__(
        self,
        control: BotControl,
        gone_servers: GoneServers,
        rule: QuotaRule,
        servers: ServerNames,
        interactions: Interactions,
        texts: Texts,
    ) -> None:
        self._control = control
        self._gone_servers = gone_servers
        self._rule = rule
        self._servers = servers
        self._interactions = interactions
        self._texts = texts

    async def servers(self, interaction: discord.Interaction[Any]) -> None:
        actor = self._interactions.actor_of(interaction)
        rows = await self._control.servers(actor, self._servers.present())
        left = await self._gone_servers.announced(actor)
        if not rows:
            await self._answer(interaction, "host-no-servers")
            return
        title = self._say(interaction, "host-servers", hours=self._rule.window_ms // HOUR_MS)
        lines = [f"**{title}**", *(self._row(interaction, row) for row in rows[:_SHOWN_SERVERS])]
        if len(rows) > _SHOWN_SERVERS:
            lines.append(self._say(interaction, "host-servers-more", rest=len(rows) - _SHOWN_SERVERS))
        lines += [self._left(interaction, each) for each in left[:_SHOWN_LEFT]]
        await self._interactions.answer(interaction, core_text.bounded(lines))

    def _left(self, interaction: discord.Interaction[Any], left: GoneSoon) -> str:
        server = str(left.server_id)
        if left.goes_ms is None:
            return self._say(interaction, "host-server-gone", server=server)
        goes_s = -(-left.goes_ms // MS_PER_S)
        return self._say(interaction, "host-server-left", server=server, pictures=left.pictures, at_s=goes_s)

    async def share(
        self,
        interaction: discord.Interaction[Any],
        server: str,
        share: float | None,
        most_pictures: float | None,
    ) -> None:
        """Set a server's share of the GPU and its bound; ``server``: its id, or a name that it alone has."""
        most = None if most_pictures is None else round(most_pictures * TENTHS)
        actor = self._interactions.actor_of(interaction)
        require_owner(actor)  # before anything is said about the names of servers
        server_id = self._servers.meant(server)
        row = await self._control.share(actor, server_id, self._servers.present(), share, most)
        await self._answer(interaction, "host-shared", row=self._row(interaction, row))

    async def server_choices(
        self, interaction: discord.Interaction[Any], typed: str
    ) -> list[app_commands.Choice[str]]:
        """Return the servers whose name or id contains what was typed; nothing to anybody but the owner."""
        actor = self._interactions.actor_of(interaction)
        if not actor.is_owner:
            return []
        rows = await self._control.servers(actor, self._servers.present())
        labels = [
            (f"{self._servers.of(row.server_id)} ({row.server_id})", str(row.server_id)) for row in rows
        ]
        return choices.matching(labels, typed)

    async def status(self, interaction: discord.Interaction[Any]) -> None:
        found = await self._control.status(self._interactions.actor_of(interaction))
        await self._interactions.answer(interaction, "\n".join(self._status(interaction, found)))

    def _status(self, interaction: discord.Interaction[Any], found: BotStatus) -> list[str]:
        lines = [
            self._say(
                interaction,
                "host-status-engine",
                phase=self._say(
                    interaction,
                    _PHASES[found.engine.phase],
                    loaded="yes" if found.is_loaded else "no",
                    **core_text.engine_values(found.engine),
                ),
                profile=found.profile.name,
                device=found.profile.device,
                door=self._say(interaction, SERVICE_MODES[found.service_mode]),
            )
        ]
        lines += status_text.engine(self._texts, str(interaction.locale), found.engine)
        lines += [
            self._say(
                interaction,
                "host-status-line",
                waiting=found.waiting_images,
                running=found.running_images,
            ),
            self._say(interaction, "host-status-disk", gib=round(found.free_bytes / 2**30, 1)),
        ]
        if found.archive_problem is not None:
            detail = self._texts.error(found.archive_problem, str(interaction.locale))
            lines.append(self._say(interaction, "host-status-archive", detail=detail))
        lines += status_text.clock(self._texts, str(interaction.locale), found.clock_ahead_ms)
        lines += status_text.profile(self._texts, str(interaction.locale), found.profile)
        lines += status_text.classifier(self._texts, str(interaction.locale), found.judge)
        lines += status_text.activity(self._texts, str(interaction.locale), found.activity)
        if found.loop_late_s is not None:
            lines.append(
                self._say(interaction, "host-status-loop", milliseconds=round(found.loop_late_s * 1000))
            )
        return lines

    def _row(self, interaction: discord.Interaction[Any], row: ServerRow) -> str:
        shown = self._say(
            interaction,
            "host-server",
            server=core_text.shown_prompt(self._servers.of(row.server_id), NAME_CHARACTERS),
            pictures=row.recent_pictures,
            open=row.open_jobs,
            share=row.share,
            most=pictures(row.most_tenths or 0),
        )
        if row.ban_reason is None:
            return shown
        reason = core_text.shown_prompt(row.ban_reason, REASON_CHARACTERS)
        return self._say(interaction, "host-server-banned", row=shown, reason=reason)

    def _say(self, interaction: discord.Interaction[Any], message_id: str, **values: Parameter) -> str:
        return self._texts.say(str(interaction.locale), message_id, **values)

    async def _answer(
        self, interaction: discord.Interaction[Any], message_id: str, **values: Parameter
    ) -> None:
        await self._interactions.answer(interaction, self._say(interaction, message_id, **values))
