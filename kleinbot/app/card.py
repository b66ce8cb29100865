"""Loads the model onto the graphics card and lets the card go: the one owner of that state.

The card is the owner's first. Whatever the reason, jobs keep their places while it is away.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from kleinbot.app.card_wishes import CardWishes
from kleinbot.app.engine_startup import StartOutcome
from kleinbot.app.kept_near import KeptNear
from kleinbot.dispatch.dispatcher import Dispatcher
from kleinbot.domain.card import LetGo, LetGoReason
from kleinbot.domain.clock import Clock, run_within, sleep_until
from kleinbot.engine.protocol import Engine
from kleinbot.process.gc_freeze import freeze
from kleinbot.scheduler.scheduler import Scheduler

_log = logging.getLogger(__name__)

LOOK_EVERY_S = 5.0
FINISHES_S = 4.0
"""How long a card that the owner frees may still be drawn on: all of it is to end within ten seconds."""
FINISHES_ELSE_S = 120.0
"""For any other reason. A batch that takes longer waits again."""
UNLOADS_S = 60.0
"""A step, and the release of the memory. Longer takes a hang, which only the end of the process ends."""
_PUTS_BACK_S = 30.0
_BEGUN_EVERY_S = 0.1


class Card:
    """``run`` is its only task. ``ready`` is set once the model was loaded for the first time."""

    def __init__(
        self,
        *,
        engine: Engine,
        scheduler: Scheduler,
        dispatcher: Dispatcher,
        wishes: CardWishes,
        start: Callable[[], Awaitable[StartOutcome]],
        has_better: Callable[[], bool],
        changed: Callable[[], None],
        clock: Clock,
    ) -> None:
        """Take the functions that it calls.

        ``start`` starts the engine, as often as that may help. ``has_better``: whether a new process would
        choose a better profile; it is called on a thread. ``changed``: members may be told something else.
        """
        self._engine = engine
        self._scheduler = scheduler
        self._dispatcher = dispatcher
        self._wishes = wishes
        self._start = start
        self._has_better = has_better
        self._changed = changed
        self._clock = clock
        self._kept_near = KeptNear(lambda: engine.weight_files, clock)
        self._woken = asyncio.Event()
        self.ready = asyncio.Event()
        self.looks = 0
        """How often it was found that nothing changes."""
        scheduler.watch(self._woken.set)

    async def run(self) -> StartOutcome:
        """Load, let go and load again. Return only if the engine cannot be started in this process.

        Raises FatalEngineError if the GPU is lost.
        """
        while True:
            was_away = await self._away()
            if was_away and await asyncio.to_thread(self._has_better):
                _log.warning("a better profile fits now; a new process starts with it")
                return StartOutcome.NEW_PROCESS
            outcome = await self._loaded()
            if outcome is StartOutcome.READY:
                await self._used()
                outcome = None
            if outcome is not None:
                return outcome
            if not await self._unloaded():
                return StartOutcome.NEW_PROCESS

    async def _away(self) -> bool:
        """Wait until the card may be used; return whether it had been let go."""
        was_away = False
        keeping = asyncio.create_task(self._kept_near.run(), name="weights kept near")
        try:
            while (reason := await self._wishes.reason(is_loaded=False)) is not None:
                was_away = True
                self._tell(reason)
                await self._look_again()
        finally:
            keeping.cancel()
            await asyncio.gather(keeping, return_exceptions=True)
        if was_away:
            self._tell(LetGo(LetGoReason.LOADING))
        return was_away

    async def _loaded(self) -> StartOutcome | None:
        """Load the model; None where the card must be let go before it is loaded."""
        starting = asyncio.ensure_future(self._start())
        try:
            while not starting.done():
                if (reason := await self._wishes.reason(is_loaded=False)) is not None:
                    self._tell(reason)
                    return None
                looking = asyncio.ensure_future(self._look_again())
                try:
                    await asyncio.wait({starting, looking}, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    looking.cancel()
                    await asyncio.gather(looking, return_exceptions=True)
            return starting.result()
        finally:
            if not starting.done():
                starting.cancel()
                await asyncio.gather(starting, return_exceptions=True)

    async def _used(self) -> None:
        """Let the dispatcher draw until the card must be let go; return once nothing more is begun."""
        freeze()
        self._wishes.note_loaded()
        self.ready.set()
        self._tell(None)
        while (reason := await self._wishes.reason(is_loaded=True)) is None:
            await self._look_again()
        _log.info("the card is let go: %s", reason.reason)
        self._tell(reason)
        since_s = self._clock.monotonic_s()
        while self._dispatcher.has_begun:
            reason = await self._wishes.reason(is_loaded=True) or reason
            self._tell(reason)
            finishes_s = FINISHES_S if reason.reason is LetGoReason.HOST else FINISHES_ELSE_S
            if self._clock.monotonic_s() - since_s >= finishes_s:
                break
            await self._clock.sleep(_BEGUN_EVERY_S)
        self._tell(LetGo(reason.reason, reason.until_ms, puts_back=True))

    async def _unloaded(self) -> bool:
        """Unload the model; return False where the device does not come back."""
        since_s = self._clock.monotonic_s()
        try:
            await run_within(self._clock, UNLOADS_S, self._engine.unload())
        except TimeoutError:
            _log.error("the card was not freed within %.0f s; a new process frees it", UNLOADS_S)
            return False
        _log.info("the model left the card in %.1f s", self._clock.monotonic_s() - since_s)
        while self._dispatcher.has_begun and self._clock.monotonic_s() - since_s < _PUTS_BACK_S:
            await self._clock.sleep(_BEGUN_EVERY_S)
        return True

    def _tell(self, let_go: LetGo | None) -> None:
        if let_go != self._scheduler.let_go:
            self._scheduler.set_let_go(let_go)
        self._changed()

    async def _look_again(self) -> None:
        self.looks += 1
        self._woken.clear()
        await sleep_until(self._woken, self._clock, LOOK_EVERY_S)
