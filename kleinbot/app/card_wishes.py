"""Tells whether the graphics card may be used, and why not."""

from collections.abc import Awaitable, Callable
from datetime import tzinfo

from kleinbot.config.quiet_hours import QuietHours
from kleinbot.config.settings import Settings
from kleinbot.domain.card import LetGo, LetGoReason
from kleinbot.domain.clock import Clock
from kleinbot.domain.service_mode import ServiceMode
from kleinbot.scheduler.scheduler import Scheduler

_S_PER_MINUTE = 60.0


async def nobody(*, is_loaded: bool) -> bool:
    """No other program takes the card."""
    del is_loaded
    return False


class CardWishes:
    """Asks, in this order: the owner, the quiet hours, other programs, and how long nothing was drawn."""

    def __init__(
        self,
        settings: Settings,
        scheduler: Scheduler,
        idle_s: Callable[[], float],
        clock: Clock,
        zone: tzinfo | None = None,
        is_taken: Callable[..., Awaitable[bool]] = nobody,
    ) -> None:
        """``idle_s``: for how long nothing was drawn while nothing waits. ``zone``: of the quiet hours."""
        self._quiet_hours = QuietHours(settings.quiet_hours, zone)
        minutes = settings.unload_idle_minutes
        self._most_idle_s = None if minutes is None else minutes * _S_PER_MINUTE
        self._scheduler = scheduler
        self._idle_s = idle_s
        self._clock = clock
        self._is_taken = is_taken
        self._loaded_s = 0.0

    def note_loaded(self) -> None:
        """Count the time without work from now on."""
        self._loaded_s = self._clock.monotonic_s()

    async def reason(self, *, is_loaded: bool) -> LetGo | None:
        """Return why the card must not be used now, or None."""
        if self._scheduler.service_mode is ServiceMode.FREED:
            return LetGo(LetGoReason.HOST)
        if (until_ms := self._quiet_hours.until_ms(self._clock.now_ms())) is not None:
            return LetGo(LetGoReason.QUIET_HOURS, until_ms)
        if await self._is_taken(is_loaded=is_loaded):
            return LetGo(LetGoReason.OTHER_PROGRAM)
        return LetGo(LetGoReason.IDLE) if self._is_idle(is_loaded=is_loaded) else None

    def _is_idle(self, *, is_loaded: bool) -> bool:
        if self._most_idle_s is None:
            return False
        if is_loaded:
            idle_s = min(self._idle_s(), self._clock.monotonic_s() - self._loaded_s)
            return idle_s >= self._most_idle_s
        let_go = self._scheduler.let_go
        was_idle = let_go is not None and let_go.reason is LetGoReason.IDLE
        return was_idle and self._scheduler.queue.next_due() is None
