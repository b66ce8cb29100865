"""Judges pictures one at a time on a thread of its own, and loads the model again where that failed."""

import asyncio
import logging
from collections import Counter, deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Protocol

from kleinbot.classifier.source import ClassifierSource, obtain
from kleinbot.domain.clock import Clock
from kleinbot.domain.errors import Code, KleinbotError, StartError
from kleinbot.domain.pictures import Pixels
from kleinbot.domain.ports.metrics_sink import MetricsSink
from kleinbot.domain.ports.picture_judge import JudgePhase, JudgeState, PictureVerdict

_log = logging.getLogger(__name__)

_FIRST_RETRY_S = 30.0
_LONGEST_RETRY_S = 1800.0
_JUDGE_S = 20.0
_STARTING_S = 60.0
"""How long a picture waits for a model that is being loaded."""

_REMEMBERED = 100


class LoadedClassifier(Protocol):
    def probability(self, pixels: Pixels) -> float: ...


def _load_vit(folder: Path, labels: tuple[str, ...]) -> LoadedClassifier:
    from kleinbot.classifier.vit import VitClassifier  # torch and transformers: seconds, and only where set

    return VitClassifier(folder, labels)


class ClassifierJudge:
    """``run`` loads the model and must run beside ``judge``."""

    def __init__(
        self,
        source: ClassifierSource,
        clock: Clock,
        metrics: MetricsSink,
        load: Callable[[Path, tuple[str, ...]], LoadedClassifier] = _load_vit,
    ) -> None:
        self._source = source
        self._clock = clock
        self._metrics = metrics
        self._load = load
        self._model: LoadedClassifier | None = None
        self._state = JudgeState(JudgePhase.STARTING, source.name)
        self._counts: Counter[PictureVerdict] = Counter()
        self._took_ms: deque[float] = deque(maxlen=_REMEMBERED)
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="classifier")
        self._turn = asyncio.Lock()
        self._tried = asyncio.Event()
        self._hanging: asyncio.Future[float] | None = None
        self._is_closed = False

    @property
    def state(self) -> JudgeState:
        return replace(
            self._state,
            passed=self._counts[PictureVerdict.PASSED],
            blocked=self._counts[PictureVerdict.BLOCKED],
            unjudged=self._counts[PictureVerdict.UNJUDGED],
            median_ms=median(self._took_ms) if self._took_ms else None,
        )

    async def run(self) -> None:
        """Download and load the model, again and again until that succeeds; then wait to be cancelled."""
        pause_s = _FIRST_RETRY_S
        while self._model is None:
            error: KleinbotError
            try:
                self._model = await asyncio.get_running_loop().run_in_executor(self._executor, self._open)
            except KleinbotError as failed:
                error = failed
            except Exception as failed:  # noqa: BLE001 - the edge: without a judge, pictures are still drawn
                _log.exception("the classifier %s could not be loaded", self._source.name)
                error = StartError(Code.CLASSIFIER_FAILED, reason=str(failed)[:200] or type(failed).__name__)
            else:
                self._state = replace(self._state, phase=JudgePhase.READY, error=None)
                self._tried.set()
                break
            _log.error("pictures are delivered unjudged, the classifier cannot be used yet: %s", error)
            self._state = replace(self._state, phase=JudgePhase.FAILED, error=error)
            self._tried.set()
            await self._clock.sleep(pause_s)
            pause_s = min(2 * pause_s, _LONGEST_RETRY_S)
        _log.info("pictures are judged by %s before anybody sees them", self._source.name)
        await asyncio.Event().wait()

    def _open(self) -> LoadedClassifier:
        return self._load(obtain(self._source, lambda: self._is_closed), self._source.labels)

    async def judge(self, pixels: Pixels) -> PictureVerdict:
        """Return the judgement; UNJUDGED where the model is not there, breaks, or takes too long."""
        judgement = await self._judgement(pixels)
        self._counts[judgement] += 1
        self._metrics.judged(judgement)
        return judgement

    async def _judgement(self, pixels: Pixels) -> PictureVerdict:
        if not self._tried.is_set():
            try:
                await asyncio.wait_for(self._tried.wait(), _STARTING_S)
            except TimeoutError:
                _log.warning("a picture is delivered unjudged: the classifier is still being loaded")
        async with self._turn:
            model = self._model
            if model is None or (self._hanging is not None and not self._hanging.done()):
                return PictureVerdict.UNJUDGED
            self._hanging = None
            return await self._asked(model, pixels)

    async def _asked(self, model: LoadedClassifier, pixels: Pixels) -> PictureVerdict:
        began_s = self._clock.monotonic_s()
        asked = asyncio.get_running_loop().run_in_executor(self._executor, model.probability, pixels)
        try:
            done, _ = await asyncio.wait({asked}, timeout=_JUDGE_S)
        except asyncio.CancelledError:
            asked.cancel()
            raise
        if not done:
            _log.error("a picture is delivered unjudged: the classifier takes more than %d s", _JUDGE_S)
            self._hanging = asked
            asked.add_done_callback(_retrieve)
            return PictureVerdict.UNJUDGED
        error = asked.exception()
        if error is not None:
            _log.error("a picture is delivered unjudged", exc_info=error)
            return PictureVerdict.UNJUDGED
        self._took_ms.append(1000 * (self._clock.monotonic_s() - began_s))
        return PictureVerdict.BLOCKED if asked.result() >= self._source.threshold else PictureVerdict.PASSED

    async def close(self) -> None:
        """Abandon a download, and end the thread once it has finished what it does."""
        self._is_closed = True
        await asyncio.to_thread(self._executor.shutdown, cancel_futures=True)


def _retrieve(asked: "asyncio.Future[float]") -> None:
    if not asked.cancelled():
        asked.exception()
