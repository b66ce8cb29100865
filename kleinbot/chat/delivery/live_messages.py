"""Keeps the first responses of open jobs up to date. Lossy: only the latest state is shown."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace

import discord

from kleinbot.chat.core import views as core_views
from kleinbot.chat.core.discord_errors import GONE, UNREACHED
from kleinbot.chat.delivery import waiting_views
from kleinbot.chat.delivery.first_response import FirstResponses
from kleinbot.domain.clock import MS_PER_S, Clock
from kleinbot.domain.job import DiscordReply
from kleinbot.domain.pictures import Pixels
from kleinbot.domain.work import EnginePhase, EngineState, JobProgress, Preview
from kleinbot.texts import Texts
from kleinbot.usecases.job_queries import JobQueries, JobStatus

_log = logging.getLogger(__name__)

RUNNING_EDIT_EVERY_S = 2.0
WAITING_EDIT_EVERY_S = 5.0
PREVIEW_EDIT_EVERY_S = 3.0
_SLOW_EDIT_S = 1.0
_NO_PREVIEWS_FOR_S = 15.0
"""After an edit that took long: Discord or the way there has no room for pictures that nobody needs."""
_PREVIEWS_END_MS = 90 * MS_PER_S
"""Before its token dies the message is edited once more without a preview: nobody could remove it later."""
_EDITS_AT_ONCE = 8
_LEAST_SHIFT_MS = 5 * MS_PER_S
_LEAST_SHIFT_SHARE = 0.1
"""A shown start stays as it is if it moves by less, or by less than this share of the wait."""


@dataclass
class _Live:
    """One message that is kept up to date. ``starts_at_ms``: the expected start that it shows."""

    text: str
    looked_s: float
    starts_at_ms: int | None = None
    every_s: float = WAITING_EDIT_EVERY_S
    progress: JobProgress | None = None
    address: DiscordReply | None = None
    editing: asyncio.Lock = field(default_factory=asyncio.Lock)
    is_opening: bool = False
    opened: asyncio.Event = field(default_factory=asyncio.Event)
    is_settled: bool = False
    preview: Preview | None = None
    shown: Preview | None = None


class Opening:
    """A first response that is being sent. Until it is closed, nobody else edits the message."""

    def __init__(self, status: JobStatus, live: _Live) -> None:
        self.status = status
        self._live = live

    @property
    def is_overtaken(self) -> bool:
        """Whether the job has ended: its result is delivered after this response."""
        return self._live.is_settled

    def close(self) -> None:
        """Allow other edits. Idempotent."""
        self._live.is_opening = False
        self._live.opened.set()


class LiveMessages:
    """Owns the live messages. ``run`` is its only task."""

    def __init__(
        self,
        queries: JobQueries,
        first_responses: FirstResponses,
        texts: Texts,
        engine_state: Callable[[], EngineState],
        clock: Clock,
        encode_preview: Callable[[Pixels], Awaitable[bytes]],
    ) -> None:
        """``encode_preview`` must not keep the event loop."""
        self._encode_preview = encode_preview
        self._no_previews_until_s = 0.0
        self._queries = queries
        self._first_responses = first_responses
        self._texts = texts
        self._engine_state = engine_state
        self._clock = clock
        self._live: dict[str, _Live] = {}

    def open_view(self, status: JobStatus) -> discord.ui.LayoutView:
        """Return the first response of a job."""
        return waiting_views.waiting(self._texts, status, self._text(status, None))

    def begin(self, status: JobStatus) -> Opening:
        """Note a job whose first response is sent next and then kept up to date.

        Call it without any await since the job was accepted: then ``settle`` waits for that response,
        however late it is.
        """
        live = _Live(
            self._text(status, None), self._clock.monotonic_s(), status.starts_at_ms, is_opening=True
        )
        self._live[status.job.job_id] = live
        return Opening(status, live)

    def progress(self, job_id: str, progress: JobProgress) -> None:
        """Note the progress of a running job; the next turn shows it."""
        live = self._live.get(job_id)
        if live is not None:
            live.progress = progress
            live.preview = progress.preview or live.preview
            live.every_s = RUNNING_EDIT_EVERY_S if live.preview is None else PREVIEW_EDIT_EVERY_S

    async def settle(self, job_id: str) -> None:
        """Stop updating a job's message: afterwards no edit is in progress or will follow."""
        live = self._live.pop(job_id, None)
        if live is None:
            return
        live.is_settled = True
        if live.is_opening:
            await live.opened.wait()
        async with live.editing:
            pass

    async def resume(self) -> None:
        """Keep every open job's message up to date again, after a restart."""
        for job in await self._queries.open_jobs():
            live = _Live("", self._clock.monotonic_s())
            self._live.setdefault(job.job_id, live)

    async def run(self, turn_s: float = 0.5) -> None:
        """Turn until cancelled."""
        while True:
            await self.turn()
            await self._clock.sleep(turn_s)

    async def turn(self) -> None:
        """Edit the messages whose text has changed and whose pause is over, a few at a time."""
        now_s = self._clock.monotonic_s()
        await self._refresh_each(
            [(job_id, live) for job_id, live in self._live.items() if now_s - live.looked_s >= live.every_s]
        )

    async def last_turn(self) -> None:
        """Update every message at once: the process is about to end."""
        await self._refresh_each(list(self._live.items()))

    async def _refresh_each(self, wanted: list[tuple[str, _Live]]) -> None:
        gate = asyncio.Semaphore(_EDITS_AT_ONCE)
        async with asyncio.TaskGroup() as group:
            for job_id, live in wanted:
                group.create_task(self._refresh(gate, job_id, live))

    async def _refresh(self, gate: asyncio.Semaphore, job_id: str, live: _Live) -> None:
        preview = live.preview if self._clock.monotonic_s() >= self._no_previews_until_s else None
        # Before the lock, which a delivery waits for.
        encoded = None if preview is None else await self._encoded(preview)
        async with gate, live.editing:
            if self._live.get(job_id) is not live or live.is_opening:
                return
            live.looked_s = self._clock.monotonic_s()
            status = await self._queries.status(job_id)
            if status is None or status.job.state.is_terminal:
                return  # delivery makes the last edit
            status = self._with_shown_start(live, status)
            text = self._text(status, live.progress)
            live.address = live.address or await self._queries.reply_address(job_id)
            if preview is None or encoded is None or not self._may_show_preview(live, status):
                if text != live.text or live.shown is not None:
                    view = waiting_views.waiting(self._texts, status, text)
                    await self._edit(live, status, text, core_views.MessageContent(view))
            elif text != live.text or preview != live.shown:
                message = waiting_views.waiting_with(self._texts, status, text, preview, encoded)
                await self._edit(live, status, text, message, preview)

    async def _encoded(self, preview: Preview) -> bytes | None:
        try:
            return await self._encode_preview(preview.pixels)
        except (OSError, RuntimeError, ValueError) as error:
            _log.info("a preview was not shown: %r", error)
            return None

    def _may_show_preview(self, live: _Live, status: JobStatus) -> bool:
        """Whether the job is being drawn, and its message can still be edited for long enough."""
        if live.address is None or self._engine_state().phase is not EnginePhase.READY:
            return False
        lives_ms = live.address.expires_ms - self._clock.now_ms()
        return status.is_drawn and lives_ms > _PREVIEWS_END_MS

    def _with_shown_start(self, live: _Live, status: JobStatus) -> JobStatus:
        """Return ``status`` with the start that its message shows, if that still holds."""
        shown_ms, now_ms = live.starts_at_ms, self._clock.now_ms()
        if shown_ms is not None and status.starts_at_ms is not None and shown_ms > now_ms:
            slack_ms = max(_LEAST_SHIFT_MS, _LEAST_SHIFT_SHARE * (shown_ms - now_ms))
            if abs(status.starts_at_ms - shown_ms) <= slack_ms:
                return replace(status, starts_at_ms=shown_ms)
        live.starts_at_ms = status.starts_at_ms
        return status

    async def _edit(
        self,
        live: _Live,
        status: JobStatus,
        text: str,
        message: core_views.MessageContent,
        preview: Preview | None = None,
    ) -> None:
        if live.address is None or self._clock.now_ms() >= live.address.expires_ms:
            return
        began_s = self._clock.monotonic_s()
        live.shown = preview
        try:
            await self._first_responses.edit(live.address, message)
        except UNREACHED as error:
            _log.info("job %s: progress was not shown: %s", status.job.job_id, error)
            if isinstance(error, discord.HTTPException) and error.code in GONE:
                self._live.pop(status.job.job_id, None)
        live.text = text
        live.looked_s = self._clock.monotonic_s()  # the pause begins once the edit has arrived
        if live.looked_s - began_s > _SLOW_EDIT_S:
            self._no_previews_until_s = live.looked_s + _NO_PREVIEWS_FOR_S

    def _text(self, status: JobStatus, progress: JobProgress | None) -> str:
        return waiting_views.waiting_text(self._texts, status, self._engine_state(), progress)
