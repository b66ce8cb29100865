"""What the dispatcher knows of an engine. Imports no torch, so that tests of the dispatcher do not."""

from collections.abc import Callable, Sequence
from typing import Protocol

from kleinbot.domain.work import BatchResult, EngineState, ImageKey, RenderTask, StepReport, Suspended
from kleinbot.host.profile import Profile

SELF_TEST_STEPS = 2
"""Of the tiny picture by which an engine tests itself; with weights on disk, all are read for each."""


def never() -> bool:
    """Let nobody pass."""
    return False


class Engine(Protocol):
    """Owns one device. All methods are called from the event loop and never block it."""

    @property
    def profile(self) -> Profile:
        """What was asked for; once ready, as this host can do it."""
        ...

    @property
    def state(self) -> EngineState: ...

    @property
    def held_bytes(self) -> int:
        """What this process holds of the card's memory, at least; 0 on a CPU."""
        ...

    def watch(self, listener: Callable[[EngineState], None]) -> None:
        """Call ``listener`` on the event loop at each change of state."""
        ...

    async def start(self) -> None:
        """Download, load and warm the model; returns once ready.

        Raises StartError where the weights or the card cannot serve, FatalEngineError where only a new
        process can use the card; the state is then FAILED.
        """
        ...

    async def render(
        self,
        batch: Sequence[RenderTask],
        on_step: Callable[[StepReport], None],
        is_cancelled: Callable[[ImageKey], bool],
        must_yield: Callable[[], bool] = never,
    ) -> BatchResult | Suspended:
        """Make every image of ``batch``.

        All have one grid, step count, checkpoint and first sigma, and equal reference grids.
        ``on_step`` is called on the event loop after each denoising step. ``is_cancelled`` is asked on
        the engine's thread between two steps; when every image of the batch is cancelled the batch ends.
        A caller that is cancelled lets the running step finish; the engine stays usable.
        ``must_yield`` is asked there too, after the first step and before the last has run: where it says so
        the batch comes back ``Suspended``, and the engine is free for another one.

        Out of memory is handled here, down the rungs of ``Rung``; an image for which none of them helped
        comes back with its error. Raises RenderError when this batch cannot be made, FatalEngineError when
        nothing can any more.
        """
        ...

    async def resume(
        self,
        suspended: Suspended,
        on_step: Callable[[StepReport], None],
        is_cancelled: Callable[[ImageKey], bool],
        must_yield: Callable[[], bool] = never,
    ) -> BatchResult | Suspended:
        """Go on with a suspended batch where it stopped; otherwise as ``render``."""
        ...

    async def discard(self, suspended: Suspended) -> None:
        """Forget a suspended batch that nobody wants any more."""
        ...

    def doubt(self) -> None:
        """Have the engine tested before the next batch, and before one in hand is given out.

        Where it no longer computes what it did, that batch raises FatalEngineError.
        """
        ...

    async def verify(self) -> None:
        """Test an engine that is doubted now, before what it has just made is given out.

        Raises FatalEngineError where it no longer computes what it did.
        """
        ...

    async def close(self) -> None:
        """Finish the step in hand, release the device and end the thread. Idempotent."""
        ...
