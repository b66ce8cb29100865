"""Answers interactions: turns a use case's outcome, or its refusal, into the first response."""

import functools
import logging
import re
import secrets
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, cast

import discord
from discord import app_commands

from kleinbot.chat import layouts, waiting_layouts, wording
from kleinbot.chat.board import Board, Opening
from kleinbot.chat.deferral import Deferral
from kleinbot.chat.replies import UNREACHED
from kleinbot.domain.clock import Clock
from kleinbot.domain.errors import Code, KleinbotError, Refusal, RepeatedEvent
from kleinbot.domain.job import ImagineRequest, ReplyAddress
from kleinbot.domain.people import Actor
from kleinbot.domain.plain_text import one_line
from kleinbot.domain.work import EngineState
from kleinbot.store.database import disk_is_full
from kleinbot.studio.cancel import Cancel, Cancelled
from kleinbot.studio.recall import Recall
from kleinbot.studio.submit import Accepted, Submit
from kleinbot.texts import Texts

if TYPE_CHECKING:
    from kleinbot.chat.client import KleinbotClient

_log = logging.getLogger(__name__)
_CHOICES = 25
_CHOICE_CHARACTERS = 100
_TOKEN_LIFE_MS = 15 * 60 * 1000
_ALREADY_ANSWERED = 40060
"""Interaction has already been acknowledged: the event came twice, or an answer was sent again."""


class FrontDesk:
    """One method for each thing that a member can ask, whichever way they asked it."""

    def __init__(
        self,
        submit: Submit,
        cancel: Cancel,
        recall: Recall,
        board: Board,
        texts: Texts,
        engine_state: Callable[[], EngineState],
        clock: Clock,
    ) -> None:
        self._submit = submit
        self._deferral = Deferral(board, texts, clock)
        self._cancel = cancel
        self._recall = recall
        self._engine_state = engine_state
        self._board = board
        self._texts = texts
        self._clock = clock

    async def imagine(self, interaction: discord.Interaction[Any], request: ImagineRequest) -> None:
        """Accept a request and say where it stands; the row exists before the answer is sent."""
        accepting = self._submit.imagine(
            actor_of(interaction), request, reply_address(interaction, self._clock.now_ms())
        )
        await self.accept(interaction, accepting, private=request.private)

    async def accept(
        self, interaction: discord.Interaction[Any], accepting: Awaitable[Accepted], *, private: bool
    ) -> None:
        """Say where the job stands once it is accepted; where that takes long, defer until then."""
        async with self._deferral.outcome(interaction, accepting, private=private) as opening:
            if opening is not None:
                await self._show_accepted(interaction, opening)

    async def _show_accepted(self, interaction: discord.Interaction[Any], opening: Opening) -> None:
        """Say where an accepted job stands and what it costs; that is kept up to date afterwards."""
        job = opening.card.job
        try:
            if not interaction.response.is_done():
                view = self._board.open_view(opening.card)
                await interaction.response.send_message(view=view, ephemeral=job.private)
            elif not opening.is_overtaken:  # it was deferred; where the result waits, that comes next
                view = self._board.open_view(opening.card)
                await interaction.edit_original_response(view=view)
        except UNREACHED as error:
            # The job stands; its result finds another way (see delivery).
            _log.warning("job %s: the first response failed: %s", job.job_id, error)

    async def cancel(self, interaction: discord.Interaction[Any], job_id: str) -> None:
        """Cancel by key: what the button carries."""
        await self._say_cancelled(interaction, await self._cancel.by_id(actor_of(interaction), job_id))

    async def cancel_named(self, interaction: discord.Interaction[Any], job: str | None) -> None:
        """Cancel by the number that people see, typed or chosen; None means the newest open one."""
        number = None if job is None else _number(job)
        await self._say_cancelled(interaction, await self._cancel.by_number(actor_of(interaction), number))

    async def cancel_choices(
        self, interaction: discord.Interaction[Any], typed: str
    ) -> list[app_commands.Choice[str]]:
        """Return the member's open jobs whose number or prompt has what was typed."""
        queue = await self._recall.queue(actor_of(interaction))
        labels = {
            f"#{card.job.number}": f"#{card.job.number} {one_line(card.job.prompt)}"
            for card in reversed(queue.mine)
        }
        return [
            app_commands.Choice(name=label[:_CHOICE_CHARACTERS], value=value)
            for value, label in labels.items()
            if typed.casefold() in label.casefold()
        ][:_CHOICES]

    async def queue(self, interaction: discord.Interaction[Any]) -> None:
        """Show the member's jobs, with a button for each."""
        queue = await self._recall.queue(actor_of(interaction))
        view = waiting_layouts.queue(
            self._texts, str(interaction.locale), queue, self._engine_state(), is_open=self._submit.is_open
        )
        await interaction.response.send_message(view=view, ephemeral=True)

    async def answer_error(self, interaction: discord.Interaction[Any], error: BaseException) -> None:
        """Tell the person, and only them, what went wrong; the unexpected gets a code for the host's log."""
        if isinstance(error, RepeatedEvent) or getattr(error, "code", None) == _ALREADY_ANSWERED:
            _log.info("interaction %d was answered before: %s", interaction.id, error)
            return
        if disk_is_full(error):
            _log.error("the database cannot be written: %s", error)
            error = Refusal(Code.DISK_FULL)
        elif not isinstance(error, KleinbotError):
            incident = secrets.token_hex(4)
            _log.error("incident %s", incident, exc_info=error)
            error = Refusal(Code.UNEXPECTED, incident=incident)
        await self.answer(interaction, self._texts.error(error, str(interaction.locale)))

    async def answer(self, interaction: discord.Interaction[Any], text: str) -> None:
        """Say ``text`` to the person alone, as first response or after it."""
        view = layouts.plain(text)
        try:
            if interaction.response.is_done():
                await interaction.followup.send(view=view, ephemeral=True)
            else:
                await interaction.response.send_message(view=view, ephemeral=True)
        except UNREACHED as error:
            _log.warning("an answer did not reach its member: %s", error)

    async def _say_cancelled(self, interaction: discord.Interaction[Any], outcome: Cancelled) -> None:
        await self.answer(interaction, layouts.cancelled(self._texts, str(interaction.locale), outcome))


def actor_of(interaction: discord.Interaction[Any]) -> Actor:
    """Return who acts, with the powers that Discord states for them.

    What it states is for this channel, and a member may have been given a channel of their own: the whole
    server's moderators are known by their roles. Raises Refusal NOT_IN_A_SERVER outside of servers.
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
        is_host=cast("KleinbotClient", interaction.client).host_powers.has(interaction.user.id),
        moderated_channel_id=interaction.channel_id if moderates_here else None,
        event_id=interaction.id,
        sees_channel=functools.partial(_sees, interaction),
    )


def _sees(interaction: discord.Interaction[Any], channel_id: int) -> bool:
    """Tell whether who acts sees a channel, by what is known of its permissions and of their roles.

    Not those of another server, of a deleted channel, or of a private thread that they do not manage: whom
    it was opened to is not told to bots without asking.
    """
    if channel_id == interaction.channel_id:
        return True
    server, user = interaction.guild, interaction.user
    channel = None if server is None else server.get_channel_or_thread(channel_id)
    if channel is None or not isinstance(user, discord.Member):
        return False
    try:
        permissions = channel.permissions_for(user)
    except discord.ClientException:  # the channel of a thread is not known
        return False
    if isinstance(channel, discord.Thread) and channel.is_private():
        return permissions.manage_threads
    return permissions.view_channel


def reply_address(interaction: discord.Interaction[Any], arrived_ms: int) -> ReplyAddress:
    """Return how the first response can be edited later, also by another process."""
    return ReplyAddress(
        application_id=interaction.application_id,
        token=interaction.token,
        expires_ms=arrived_ms + _TOKEN_LIFE_MS,
        channel_id=interaction.channel_id or 0,
        upload_limit_bytes=interaction.filesize_limit,
        asked_id=interaction.id,
    )


def _number(job: str) -> int:
    match = re.fullmatch(r"\s*#?(\d{1,9})\b.*", job, re.DOTALL)
    if match is None:
        raise Refusal(Code.JOB_UNKNOWN, job=wording.shown_prompt(job, 40))
    return int(match[1])
