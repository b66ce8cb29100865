"""The engine of a model whose GPU is currently unavailable."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

from kleinbot.domain.errors import Code, RenderError, StartError
from kleinbot.domain.job_spec import ImageKey
from kleinbot.domain.profile import Profile
from kleinbot.domain.work import EnginePhase, EngineState, RenderTask, StepReport, Suspended
from kleinbot.engine.protocol import never


class PlaceholderEngine:
    """Implements ``protocol.Engine``: always FAILED, for the reason that ``why`` currently returns."""

    def __init__(self, profile: Profile, why: Callable[[], StartError]) -> None:
        self._profile = profile
        self._why = why
        self._state = _failed(why())
        self._listeners: list[Callable[[EngineState], None]] = []

    @property
    def profile(self) -> Profile:
        return self._profile

    @property
    def state(self) -> EngineState:
        return self._state

    @property
    def held_bytes(self) -> int:
        return 0

    @property
    def weight_files(self) -> Sequence[Path]:
        return ()

    def watch(self, listener: Callable[[EngineState], None]) -> None:
        self._listeners.append(listener)

    def unwatch(self, listener: Callable[[EngineState], None]) -> None:
        self._listeners.remove(listener)

    async def start(self) -> NoReturn:
        """Raise StartError with the reason."""
        error = self._why()
        self._state = _failed(error)
        for listener in tuple(self._listeners):
            listener(self._state)
        raise error

    async def render(
        self,
        batch: Sequence[RenderTask],
        on_step: Callable[[StepReport], None],
        is_cancelled: Callable[[ImageKey], bool],
        must_yield: Callable[[], bool] = never,
    ) -> NoReturn:
        """Raise RenderError ENGINE_FAILED."""
        raise RenderError(Code.ENGINE_FAILED)

    async def resume(
        self,
        suspended: Suspended,
        on_step: Callable[[StepReport], None],
        is_cancelled: Callable[[ImageKey], bool],
        must_yield: Callable[[], bool] = never,
    ) -> NoReturn:
        """Raise RenderError ENGINE_FAILED."""
        raise RenderError(Code.ENGINE_FAILED)

    async def discard(self, suspended: Suspended) -> None:
        return

    def mark_suspect(self) -> None:
        return

    async def verify(self) -> None:
        return

    async def unload(self) -> None:
        return

    async def close(self) -> None:
        return


def _failed(error: StartError) -> EngineState:
    copy = StartError(error.code, **error.parameters)
    return EngineState(EnginePhase.FAILED, detail=str(error), error=copy)
