"""The engine interface that the dispatcher uses. Imports no torch, so neither do the dispatcher's tests."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from kleinbot.domain.job_spec import ImageKey
from kleinbot.domain.profile import Profile
from kleinbot.domain.work import BatchResult, EngineState, RenderTask, StepReport, Suspended

SELF_TEST_STEPS = 2
"""Steps of the tiny picture of an engine's self-test. With weights on disk, each step reads all of them."""


def never() -> bool:
    """Never yield to another batch."""
    return False


class Engine(Protocol):
    """Owns one device. All methods are called from the event loop and never block it."""

    @property
    def profile(self) -> Profile:
        """The requested profile; once ready, the profile as this machine can run it."""
        ...

    @property
    def state(self) -> EngineState: ...

    @property
    def held_bytes(self) -> int:
        """A lower bound of the GPU memory that this process holds; 0 on a CPU.

        Ask it on a thread: it may wait for the moment of an allocation.
        """
        ...

    @property
    def weight_files(self) -> Sequence[Path]:
        """The files that the model was read from last, and will be read from again; empty before that."""
        ...

    def watch(self, listener: Callable[[EngineState], None]) -> None:
        """Call ``listener`` on the event loop at each change of state."""
        ...

    def unwatch(self, listener: Callable[[EngineState], None]) -> None:
        """Call ``listener``, which watches, no more."""
        ...

    async def start(self) -> None:
        """Download, load and warm the model; return once ready.

        Raises StartError if the weights or the GPU are unusable, FatalEngineError if only a new process can
        use the GPU; the state is then FAILED.
        """
        ...

    async def render(
        self,
        batch: Sequence[RenderTask],
        on_step: Callable[[StepReport], None],
        is_cancelled: Callable[[ImageKey], bool],
        must_yield: Callable[[], bool] = never,
    ) -> BatchResult | Suspended:
        """Render every image of ``batch``.

        All images share one grid, step count, checkpoint and first sigma, and have equal reference grids.
        ``on_step`` is called on the event loop after each denoising step. ``is_cancelled`` is called on the
        engine's thread between two steps; the batch ends when all its images are cancelled. If the caller is
        cancelled, the running step finishes and the engine stays usable. ``must_yield`` is called on the same
        thread, after the first step and before the last: if it returns True, the batch is returned
        ``Suspended`` and the engine is free for another one.

        The engine handles out-of-memory errors itself, in the order of ``Fallback``; an image that no
        fallback could save is returned with its error. Raises RenderError if this batch cannot be rendered,
        FatalEngineError if no batch can be rendered any more.
        """
        ...

    async def resume(
        self,
        suspended: Suspended,
        on_step: Callable[[StepReport], None],
        is_cancelled: Callable[[ImageKey], bool],
        must_yield: Callable[[], bool] = never,
    ) -> BatchResult | Suspended:
        """Continue a suspended batch where it stopped; otherwise like ``render``."""
        ...

    async def discard(self, suspended: Suspended) -> None:
        """Drop a suspended batch that will not be resumed."""
        ...

    def mark_suspect(self) -> None:
        """Run the self-test before the next batch, and before the running one is returned.

        That batch raises FatalEngineError if the engine no longer computes correctly.
        """
        ...

    async def verify(self) -> None:
        """Run the self-test now if the engine is suspect, before its latest result is used.

        Raises FatalEngineError if the engine no longer computes correctly.
        """
        ...

    async def unload(self) -> None:
        """Release the device's memory until ``start`` is called again; idempotent.

        The batch in hand raises RenderError STOPPING between two steps, suspended ones are forgotten. If the
        caller is cancelled, the model is released all the same.
        """
        ...

    async def close(self) -> None:
        """Finish the running step, release the device and end the thread. Idempotent."""
        ...
