"""Interactions in the bot's own terms: who acts, where a reply can go, and how a person is answered."""

import functools
import logging
import secrets
from typing import Any

import discord

from kleinbot.chat.core import views as core_views
from kleinbot.chat.core.discord_errors import ALREADY_ACKNOWLEDGED, GONE, UNREACHED
from kleinbot.chat.core.ownership import Ownership
from kleinbot.chat.core.views import MessageContent
from kleinbot.domain.clock import MS_PER_S, Clock, run_within
from kleinbot.domain.errors import Code, KleinbotError, Refusal, RepeatedEvent
from kleinbot.domain.job import DiscordReply
from kleinbot.domain.moderation.bans import Target
from kleinbot.domain.people import Actor
from kleinbot.store.database import disk_is_full
from kleinbot.texts import Texts

_log = logging.getLogger(__name__)

_TOKEN_LIFE_MS = 15 * 60 * MS_PER_S

_LOOK_UP_S = 1.5
"""An interaction must be answered within three seconds."""


class Interactions:
    """Reads interactions and answers them."""

    def __init__(self, ownership: Ownership, texts: Texts, clock: Clock) -> None:
        self._ownership = ownership
        self._texts = texts
        self._clock = clock

    def actor_of(self, interaction: discord.Interaction[Any]) -> Actor:
        """Return who acts, with the powers that Discord states for them.

        Discord states permissions for the interaction's channel, and a member may have a channel of their
        own, so a moderator of the whole server is known by their roles. Raises Refusal NOT_IN_A_SERVER
        outside of servers.
        """
        if interaction.guild_id is None:
            raise Refusal(Code.NOT_IN_A_SERVER)
        user = interaction.user
        moderates_all = isinstance(user, discord.Member) and user.guild_permissions.manage_messages
        moderates_here = interaction.permissions.manage_messages
        return Actor(
            server_id=interaction.guild_id,
            member_id=interaction.user.id,
            locale=str(interaction.locale),
            is_moderator=moderates_here and moderates_all,
            is_admin=interaction.permissions.manage_guild,
            is_owner=self._ownership.has(interaction.user.id),
            moderated_channel_id=interaction.channel_id if moderates_here else None,
            event_id=interaction.id,
            channel_ids=_channels(interaction),
            role_ids=roles_of(user),
            here_since_ms=_here_since_ms(user),
            sees_channel=functools.partial(_sees, interaction),
        )

    def target_of(self, user: discord.User | discord.Member) -> Target:
        """Return the person whom a command's option names, with the powers that Discord states for them."""
        permissions = user.resolved_permissions if isinstance(user, discord.Member) else None
        return Target(
            user.id,
            is_admin=permissions is not None and permissions.manage_guild,
            is_owner=self._ownership.has(user.id),
        )

    async def look_up(self, interaction: discord.Interaction[Any], member_id: int) -> Target:
        """Return a person of whom only the id is known, with the powers that Discord states when asked.

        Whoever left the server has none. Raises Refusal POWERS_UNKNOWN if Discord does not say in time.
        """
        client: discord.Client = interaction.client
        guild = client.get_guild(interaction.guild_id or 0)
        is_admin = False
        try:
            if guild is None:
                raise TimeoutError
            found = await run_within(self._clock, _LOOK_UP_S, guild.fetch_member(member_id))
            is_admin = found.guild_permissions.manage_guild
        except discord.NotFound:
            pass
        except UNREACHED as error:
            raise Refusal(Code.POWERS_UNKNOWN, member=str(member_id)) from error
        return Target(member_id, is_admin=is_admin, is_owner=self._ownership.has(member_id))

    def reply_address(self, interaction: discord.Interaction[Any]) -> DiscordReply:
        """Return how the first response can be edited later, also by another process."""
        return DiscordReply(
            application_id=interaction.application_id,
            token=interaction.token,
            expires_ms=self._clock.now_ms() + _TOKEN_LIFE_MS,
            channel_id=interaction.channel_id or 0,
            upload_limit_bytes=interaction.filesize_limit,
            asked_id=interaction.id,
        )

    async def answer(
        self,
        interaction: discord.Interaction[Any],
        answer: str | discord.ui.LayoutView | MessageContent,
    ) -> None:
        """Answer the person alone, as the first response or as a follow-up.

        Raises what discord.py raises, as do handlers: the gate and the command tree answer errors.
        """
        content = core_views.plain(answer) if isinstance(answer, str) else answer
        message = content if isinstance(content, MessageContent) else MessageContent(content)
        if interaction.response.is_done():
            await interaction.followup.send(view=message.view, files=message.files, ephemeral=True)
        else:
            await interaction.response.send_message(view=message.view, files=message.files, ephemeral=True)

    async def replace(
        self,
        interaction: discord.Interaction[Any],
        answer: str | discord.ui.LayoutView,
        *,
        with_files: bool = True,
    ) -> None:
        """Put an answer in place of the pressed message, if only its reader sees that; else answer as usual.

        A custom id can be forged: a press under a public result must not replace it. ``with_files`` False:
        the message loses the files that it shows.
        """
        source = interaction.message
        if source is None or not source.flags.ephemeral:
            await self.answer(interaction, answer)
            return
        view = core_views.plain(answer) if isinstance(answer, str) else answer
        if with_files:
            await interaction.response.edit_message(view=view)
        else:
            await interaction.response.edit_message(view=view, attachments=[])

    async def answer_error(self, interaction: discord.Interaction[Any], error: BaseException) -> None:
        """Tell the person alone what went wrong. An unexpected error gets a code that the log has too."""
        if isinstance(error, RepeatedEvent) or getattr(error, "code", None) == ALREADY_ACKNOWLEDGED:
            _log.info("interaction %d was answered before: %s", interaction.id, error)
            return
        if isinstance(error, discord.HTTPException) and error.code in GONE:
            # The answer came too late, as will the next one.
            _log.warning("an answer did not reach its member: %s", error)
            return
        if disk_is_full(error):
            _log.error("the database cannot be written: %s", error)
            error = Refusal(Code.DISK_FULL)
        elif not isinstance(error, KleinbotError):
            incident = secrets.token_hex(4)
            _log.error("incident %s", incident, exc_info=error)
            error = Refusal(Code.UNEXPECTED, incident=incident)
        try:
            await self.answer(interaction, self._texts.error(error, str(interaction.locale)))
        except UNREACHED as unreached:
            _log.warning("an answer did not reach its member: %s", unreached)


def our_id(interaction: discord.Interaction[Any]) -> int:
    """Return the id of our own account, which wrote our messages."""
    user = interaction.client.user
    return interaction.application_id if user is None else user.id


def roles_of(user: discord.User | discord.Member) -> frozenset[int]:
    """Return the roles that Discord states for a member, as far as the server's roles are known."""
    if not isinstance(user, discord.Member):
        return frozenset()
    return frozenset(role.id for role in user.roles if not role.is_default())


def _channels(interaction: discord.Interaction[Any]) -> tuple[int, ...]:
    """Return the channel of an interaction, and the one that its thread belongs to."""
    if interaction.channel_id is None:
        return ()
    channel = interaction.channel
    if isinstance(channel, discord.Thread):
        return (interaction.channel_id, channel.parent_id)
    return (interaction.channel_id,)


def _here_since_ms(user: discord.User | discord.Member) -> int | None:
    """Return since when an account exists and is in the server (epoch); None if Discord does not say."""
    joined_at = user.joined_at if isinstance(user, discord.Member) else None
    if joined_at is None:
        return None
    return round(max(joined_at, user.created_at).timestamp() * MS_PER_S)


def _sees(interaction: discord.Interaction[Any], channel_id: int) -> bool:
    """Tell whether who acts sees a channel, by their roles and its known permissions.

    False for a channel of another server, for a deleted channel, and for a private thread that they do not
    manage: Discord does not tell bots unasked who was added to a thread.
    """
    if channel_id == interaction.channel_id:
        return True
    server, user = interaction.guild, interaction.user
    channel = None if server is None else server.get_channel_or_thread(channel_id)
    if channel is None or not isinstance(user, discord.Member):
        return False
    try:
        permissions = channel.permissions_for(user)
    except discord.ClientException:  # the thread's channel is not known
        return False
    if isinstance(channel, discord.Thread) and channel.is_private():
        return permissions.manage_threads
    return permissions.view_channel
