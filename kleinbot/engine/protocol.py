"""What the dispatcher knows of an engine. Imports no torch, so that tests of the dispatcher do not."""

from collections.abc import Callable, Sequence
from typing import Protocol

from kleinbot.domain.work import BatchResult, EngineState, ImageKey, RenderTask, StepReport
from kleinbot.host.profile import Profile


class Engine(Protocol):
    """Owns one device. All methods are called from the event loop and never block it."""

    @property
    def profile(self) -> Profile: ...

    @property
    def state(self) -> EngineState: ...

    def watch(self, listener: Callable[[EngineState], None]) -> None:
        """Call ``listener`` on the event loop at each change of state."""
        ...

    async def start(self) -> None:
        """Download, load and warm the model; returns once ready.

        Raises StartError where the weights or the card cannot serve; the state is then FAILED.
        """
        ...

    async def render(
        self,
        batch: Sequence[RenderTask],
        on_step: Callable[[StepReport], None],
        is_cancelled: Callable[[ImageKey], bool],
    ) -> BatchResult:
        """Make every image of ``batch``.

        All have one grid, step count, checkpoint and first sigma, and equal reference grids.
        ``on_step`` is called on the event loop after each denoising step. ``is_cancelled`` is asked on
        the engine's thread between two steps; when every image of the batch is cancelled the batch ends.
        A caller that is cancelled lets the running step finish; the engine stays usable.

        Raises RenderError when this batch cannot be made, FatalEngineError when nothing can any more.
        """
        ...

    async def close(self) -> None:
        """Finish the step in hand, release the device and end the thread. Idempotent."""
        ...
