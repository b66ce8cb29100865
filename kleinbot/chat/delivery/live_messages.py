"""Live messages: keeps the first responses of open jobs up to date. Lossy; only the latest value counts."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import discord

from kleinbot.chat.core import views as core_views
from kleinbot.chat.core.discord_errors import GONE, UNREACHED
from kleinbot.chat.delivery import waiting_views
from kleinbot.chat.delivery.first_response import FirstResponses
from kleinbot.domain.clock import MS_PER_S, Clock
from kleinbot.domain.job import ReplyAddress
from kleinbot.domain.work import EngineState, JobProgress
from kleinbot.texts import Texts
from kleinbot.usecases.job_queries import JobQueries, JobStatus

_log = logging.getLogger(__name__)

RUNNING_EDIT_EVERY_S = 2.0
WAITING_EDIT_EVERY_S = 5.0
_EDITS_AT_ONCE = 8
_MOVED_LEAST_MS = 5 * MS_PER_S
_MOVED_PART = 0.1
"""A told start that has moved by less, or by less than this part of the wait, is let stand."""


@dataclass
class _Live:
    """One message that is being kept up to date. ``starts_at_ms``: the expected start that it tells."""

    text: str
    looked_s: float
    starts_at_ms: int | None = None
    every_s: float = WAITING_EDIT_EVERY_S
    progress: JobProgress | None = None
    address: ReplyAddress | None = None
    editing: asyncio.Lock = field(default_factory=asyncio.Lock)
    is_opening: bool = False
    opened: asyncio.Event = field(default_factory=asyncio.Event)
    is_settled: bool = False


class Opening:
    """A first response that is still to be sent: nothing is told by others before it ends, or is closed."""

    def __init__(self, status: JobStatus, live: _Live) -> None:
        self.status = status
        self._live = live

    @property
    def is_overtaken(self) -> bool:
        """Whether the job has ended: its result waits for the end of this."""
        return self._live.is_settled

    def close(self) -> None:
        """Let others tell; idempotent."""
        self._live.is_opening = False
        self._live.opened.set()


class LiveMessages:
    """Owns the live messages. ``run`` is its only task."""

    def __init__(
        self,
        recall: JobQueries,
        replies: FirstResponses,
        texts: Texts,
        engine_state: Callable[[], EngineState],
        clock: Clock,
    ) -> None:
        self._recall = recall
        self._replies = replies
        self._texts = texts
        self._engine_state = engine_state
        self._clock = clock
        self._live: dict[str, _Live] = {}

    def open_view(self, status: JobStatus) -> discord.ui.LayoutView:
        """Return the message with which a job begins."""
        return waiting_views.waiting(self._texts, status, self._text(status, None))

    def begin(self, status: JobStatus) -> Opening:
        """Note a job whose first response is sent next, and kept up to date afterwards.

        To be called without any await since the job was accepted: ``settle`` then waits for that response,
        however late it is.
        """
        live = _Live(
            self._text(status, None), self._clock.monotonic_s(), status.starts_at_ms, is_opening=True
        )
        self._live[status.job.job_id] = live
        return Opening(status, live)

    def progress(self, job_id: str, progress: JobProgress) -> None:
        """Note how far a running job is; shown at the next turn."""
        live = self._live.get(job_id)
        if live is not None:
            live.progress = progress
            live.every_s = RUNNING_EDIT_EVERY_S

    async def settle(self, job_id: str) -> None:
        """Let go of a job's message: after this no edit of ours is under way or will come."""
        live = self._live.pop(job_id, None)
        if live is None:
            return
        live.is_settled = True
        if live.is_opening:
            await live.opened.wait()
        async with live.editing:
            pass

    async def resume(self) -> None:
        """Watch every open job again, after a restart."""
        for job in await self._recall.open_jobs():
            live = _Live("", self._clock.monotonic_s())
            self._live.setdefault(job.job_id, live)

    async def run(self, turn_s: float = 0.5) -> None:
        """Turn until cancelled."""
        while True:
            await self.turn()
            await self._clock.sleep(turn_s)

    async def turn(self) -> None:
        """Edit the messages whose words have changed and whose pause is over, a few at a time."""
        now_s = self._clock.monotonic_s()
        await self._refresh_each(
            [(job_id, live) for job_id, live in self._live.items() if now_s - live.looked_s >= live.every_s]
        )

    async def last_turn(self) -> None:
        """Bring every message up to date at once: the process is about to end."""
        await self._refresh_each(list(self._live.items()))

    async def _refresh_each(self, wanted: list[tuple[str, _Live]]) -> None:
        gate = asyncio.Semaphore(_EDITS_AT_ONCE)
        async with asyncio.TaskGroup() as group:
            for job_id, live in wanted:
                group.create_task(self._refresh(gate, job_id, live))

    async def _refresh(self, gate: asyncio.Semaphore, job_id: str, live: _Live) -> None:
        async with gate, live.editing:
            if self._live.get(job_id) is not live or live.is_opening:
                return
            live.looked_s = self._clock.monotonic_s()
            status = await self._recall.status(job_id)
            if status is None or status.job.state.is_terminal:
                return  # delivery says the last word
            status = self._as_told(live, status)
            text = self._text(status, live.progress)
            if text == live.text:
                return
            live.address = live.address or await self._recall.reply_address(job_id)
            await self._edit(live, status, text)

    def _as_told(self, live: _Live, status: JobStatus) -> JobStatus:
        """Return ``card`` with the start that its message tells, where that still holds."""
        told_ms, now_ms = live.starts_at_ms, self._clock.now_ms()
        if told_ms is not None and status.starts_at_ms is not None and told_ms > now_ms:
            slack_ms = max(_MOVED_LEAST_MS, _MOVED_PART * (told_ms - now_ms))
            if abs(status.starts_at_ms - told_ms) <= slack_ms:
                return replace(status, starts_at_ms=told_ms)
        live.starts_at_ms = status.starts_at_ms
        return status

    async def _edit(self, live: _Live, status: JobStatus, text: str) -> None:
        if live.address is None or self._clock.now_ms() >= live.address.expires_ms:
            return
        view = waiting_views.waiting(self._texts, status, text)
        try:
            await self._replies.edit(live.address, core_views.MessageContent(view))
        except UNREACHED as error:
            _log.info("job %s: progress was not shown: %s", status.job.job_id, error)
            if isinstance(error, discord.HTTPException) and error.code in GONE:
                self._live.pop(status.job.job_id, None)
        live.text = text
        live.looked_s = self._clock.monotonic_s()  # the pause begins when the edit has arrived

    def _text(self, status: JobStatus, progress: JobProgress | None) -> str:
        return waiting_views.waiting_text(self._texts, status, self._engine_state(), progress)
