"""The engine of a model whose card is not to be had at present."""

from collections.abc import Callable, Sequence
from typing import NoReturn

from kleinbot.domain.errors import Code, RenderError, StartError
from kleinbot.domain.work import EnginePhase, EngineState, ImageKey, RenderTask, StepReport, Suspended
from kleinbot.engine.protocol import never
from kleinbot.host.profile import Profile


class WaitingEngine:
    """Implements ``protocol.Engine``: FAILED from the beginning, for the reason that ``why`` gives by now."""

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

    def watch(self, listener: Callable[[EngineState], None]) -> None:
        self._listeners.append(listener)

    async def start(self) -> NoReturn:
        """Raise StartError with the reason."""
        error = self._why()
        self._state = _failed(error)
        for listener in self._listeners:
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

    def doubt(self) -> None:
        return

    async def verify(self) -> None:
        return

    async def close(self) -> None:
        return


def _failed(error: StartError) -> EngineState:
    told = StartError(error.code, **error.parameters)
    return EngineState(EnginePhase.FAILED, detail=str(error), error=told)
