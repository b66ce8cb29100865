"""Tells how far an engine's start has come."""

from collections.abc import Callable
from functools import partial
from typing import Protocol

from kleinbot.bench.measuring import ProgressCallback
from kleinbot.domain.clock import Clock
from kleinbot.domain.work import EnginePhase, EngineState
from kleinbot.texts import Texts

_REPORTS_PER_PHASE = 20
"""Progress reports per phase: download, loading, warming up."""
_PHASE_MESSAGES = {
    EnginePhase.DOWNLOADING: "bench-downloading",
    EnginePhase.LOADING: "bench-loading",
    EnginePhase.WARMING: "bench-warming",
}


class Startable(Protocol):
    """What loads a model."""

    async def start(self) -> None:
        """Load it."""
        ...


class StartProgress:
    """Reports the phases of a start, and measures its time without the download."""

    def __init__(self, clock: Clock, texts: Texts, locale: str, on_progress: ProgressCallback) -> None:
        self._clock = clock
        self._say: Callable[..., str] = partial(texts.say, locale)
        self._on_progress = on_progress
        self._last = ""
        self._download_began_s: float | None = None
        self._download_s = 0.0

    async def seconds_of(self, ours: Startable) -> float:
        """Start ``ours``; return the seconds without the download."""
        began_s = self._clock.monotonic_s()
        await ours.start()
        return self._clock.monotonic_s() - began_s - self._download_s

    def on_state(self, state: EngineState) -> None:
        """Record and report the engine's new state."""
        if state.phase is EnginePhase.DOWNLOADING:
            if self._download_began_s is None:
                self._download_began_s = self._clock.monotonic_s()
        elif self._download_began_s is not None:
            self._download_s += self._clock.monotonic_s() - self._download_began_s
            self._download_began_s = None
        percent = int((state.fraction or 0.0) * _REPORTS_PER_PHASE) * 100 // _REPORTS_PER_PHASE
        # A cached download finishes without a report.
        if state.phase in _PHASE_MESSAGES and (percent or state.phase is not EnginePhase.DOWNLOADING):
            self._report_once(self._say(_PHASE_MESSAGES[state.phase], weights=state.detail, percent=percent))

    def _report_once(self, sentence: str) -> None:
        if sentence != self._last:
            self._last = sentence
            self._on_progress(sentence)
