"""Posts shared pictures in showcases, each once, and keeps the posts up to date.

As with results, a post carries a nonce, and before it is repeated the channel is searched for the
publication's button, because Discord forgets a nonce within minutes. An edit may be repeated.
"""

import functools
import logging
from collections.abc import Callable

import discord

from kleinbot.chat.core.buttons import custom_ids
from kleinbot.chat.core.clock_skew import ClockSkew, snowflake_of
from kleinbot.chat.core.discord_errors import UNREACHED
from kleinbot.chat.delivery import channel_history, splitting
from kleinbot.chat.delivery.due_rows import DueRows, growing_pause_s
from kleinbot.chat.delivery.threads import GONE_OR_OUT_OF_REACH
from kleinbot.chat.showcase.buttons import WithdrawButton
from kleinbot.chat.showcase.content import ShowcaseContent
from kleinbot.domain.clock import MS_PER_S, Clock, run_within
from kleinbot.domain.moderation.reports import NoticeKind
from kleinbot.domain.people import MemberKey
from kleinbot.domain.showcase.publications import Publication, PublicationState
from kleinbot.store.database import Database
from kleinbot.store.moderation import member_notices
from kleinbot.store.showcase import posts, publications
from kleinbot.store.showcase.posts import ShowcasePost
from kleinbot.usecases.attachments import UploadLimits
from kleinbot.usecases.showcase.vote import recount_page

_log = logging.getLogger(__name__)

_ATTEMPT_S = 120.0
_ATTEMPTS_TAKEN = 300
"""With the growing pauses that is a day."""

_AT_ONCE = 16
_PAGES_AT_ONCE = 5
_MARGIN_MS = 30 * MS_PER_S
"""A search for a sent post begins this long before its mark: the skew is known to seconds."""

_LOST = frozenset({10003, 10008})
"""Unknown channel, unknown message: somebody has deleted the post, or the channel with it."""


class ShowcasePoster:
    """Sends and edits posts that are due. ``run`` is its only task; ``wake`` announces new ones."""

    def __init__(
        self,
        database: Database,
        content: ShowcaseContent,
        wake_removal: Callable[[], None],
        client: Callable[[], discord.Client],
        clock: Clock,
        skew: ClockSkew,
    ) -> None:
        self._database = database
        self._content = content
        self._wake_removal = wake_removal
        self._client = client
        self._clock = clock
        self._skew = skew
        next_due_ms = functools.partial(posts.next_due_ms, database.read)
        self._rows = DueRows("the post of publication", self._begin_due, next_due_ms, clock)

    def wake(self) -> None:
        self._rows.wake()

    async def run(self) -> None:
        """Post until cancelled; a failed attempt is repeated after a growing pause."""
        await self._rows.run()

    async def _begin_due(self, now_ms: int) -> None:
        for _ in range(_PAGES_AT_ONCE):
            if not await recount_page(self._database, now_ms):
                break
        else:
            self.wake()
        found = await posts.due(self._database.read, now_ms, without=self._rows.busy, most=_AT_ONCE)
        for row in found:
            if not self._rows.has_room:
                return
            self._rows.begin(
                row.publication_id,
                row.channel_id,
                functools.partial(self._post_or_postpone, row),
                functools.partial(self._postpone, row, TimeoutError("others were due")),
            )

    async def _post_or_postpone(self, row: ShowcasePost) -> None:
        try:
            await run_within(self._clock, _ATTEMPT_S, self._post(row))
        except UNREACHED as error:
            await self._postpone(row, error)

    async def _post(self, row: ShowcasePost) -> None:
        try:
            await self._bring_up_to_date(row)
        except discord.HTTPException as error:
            if error.code not in GONE_OR_OUT_OF_REACH and row.attempts < _ATTEMPTS_TAKEN:
                raise
            _log.warning("publication %d cannot be posted: %s", row.publication_id, error)
            if row.message_id is None or error.code in _LOST:
                await self._end(row)
                return
            async with self._database.transaction() as transaction:
                await posts.mark_unreached(transaction, row)

    async def _bring_up_to_date(self, row: ShowcasePost) -> None:
        """Send, edit or find the post. Raises discord.HTTPException."""
        found = await publications.by_id(self._database.read, row.publication_id)
        if found is None:
            return
        message_id = row.message_id
        if message_id is None and row.is_posting:
            message_id = await self._sent_before(row, found)
        if found.state is PublicationState.ENDED:
            await self._over(row, message_id)
        elif message_id is None:
            await self._send(row, found)
        else:
            await self._edit(row, found, message_id)

    async def _over(self, row: ShowcasePost, message_id: int | None) -> None:
        """Have a message removed that was under way when its publication ended."""
        async with self._database.transaction() as transaction:
            if message_id is None:
                await posts.mark_over(transaction, row.publication_id)
                return
            now_ms = self._clock.now_ms()
            await posts.mark_posted(transaction, row, message_id, "", shows=False, now_ms=now_ms)
            transaction.after_commit(self._wake_removal)

    async def _send(self, row: ShowcasePost, found: Publication) -> None:
        async def attempt(limits: UploadLimits) -> None:
            content = await self._content.whole(found, limits)
            if content is None:
                await self._end(row)
                return
            file = content.files[0].filename if content.files else ""
            after_id = self._skew.snowflake(self._clock.now_ms() - _MARGIN_MS)
            async with self._database.transaction() as transaction:
                is_wanted = await posts.mark_posting(transaction, row.publication_id, file, after_id)
            if not is_wanted:
                return
            channel = self._client().get_partial_messageable(row.channel_id, guild_id=row.server_id)
            nonce = f"share{row.publication_id}"
            sent = await channel.send(view=content.view, files=list(content.files), nonce=nonce)
            await self._note(row, sent.id, file)

        await splitting.fitting(self._limits(row), attempt)

    async def _edit(self, row: ShowcasePost, found: Publication, message_id: int) -> None:
        """Edit the post; the picture is sent again only where it comes back, and goes where it is hidden."""
        message = self._client().get_partial_messageable(row.channel_id).get_partial_message(message_id)
        shows = found.state is PublicationState.SHOWN
        if shows and row.shows:
            view = await self._content.view(found, found.post_file)
            if view is None:
                await self._end(row)
                return
            await message.edit(view=view)
            await self._note(row, message_id, found.post_file)
            return

        async def attempt(limits: UploadLimits) -> None:
            content = await self._content.whole(found, limits)
            if content is None:
                await self._end(row)
                return
            await message.edit(view=content.view, attachments=list(content.files))
            await self._note(row, message_id, content.files[0].filename if content.files else "")

        await splitting.fitting(self._limits(row), attempt)

    async def _note(self, row: ShowcasePost, message_id: int, file: str) -> None:
        async with self._database.transaction() as transaction:
            now_ms = self._clock.now_ms()
            is_wanted = await posts.mark_posted(
                transaction, row, message_id, file, shows=bool(file), now_ms=now_ms
            )
            if not is_wanted:
                transaction.after_commit(self._wake_removal)

    async def _end(self, row: ShowcasePost) -> None:
        """End a publication that cannot be posted, or whose post is gone; its author is told."""
        async with self._database.transaction() as transaction:
            now_ms = self._clock.now_ms()
            found = await publications.by_id(transaction, row.publication_id)
            if found is not None and await publications.end(transaction, row.publication_id, now_ms):
                author = MemberKey(found.server_id, found.member_id)
                channel = {"channel": f"<#{found.channel_id}>"}
                await member_notices.put(transaction, author, NoticeKind.NOT_SHARED, now_ms, channel)
            await posts.mark_over(transaction, row.publication_id)

    async def _sent_before(self, row: ShowcasePost, found: Publication) -> int | None:
        """Return the message that an earlier process sent and did not note, or None."""
        wanted = WithdrawButton(row.publication_id).custom_id
        from_id = row.after_id or snowflake_of(found.made_ms - _MARGIN_MS)
        channel = self._client().get_partial_messageable(row.channel_id, guild_id=row.server_id)
        async for message in channel_history.since(channel, from_id):
            if message.author == self._client().user and wanted in custom_ids(message):
                return message.id
        return None

    def _limits(self, row: ShowcasePost) -> UploadLimits:
        return splitting.limits_of_channel(self._client(), row.server_id)

    async def _postpone(self, row: ShowcasePost, error: Exception) -> None:
        pause_s = growing_pause_s(row.attempts)
        _log.warning(
            "publication %d was not posted, next attempt in %d s: %s", row.publication_id, pause_s, error
        )
        async with self._database.transaction() as transaction:
            due_ms = self._clock.now_ms() + pause_s * MS_PER_S
            await posts.postpone(transaction, row.publication_id, due_ms)
