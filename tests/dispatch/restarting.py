"""A new process over the same rows."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from kleinbot.dispatch.recovery import recover
from kleinbot.domain.errors import FatalEngineError
from kleinbot.domain.work import BatchResult, ImageKey, RenderTask, StepReport, Suspended
from kleinbot.engine.protocol import never
from kleinbot.host.profile import Profile
from tests.scripted_engine import ScriptedEngine
from tests.studio_harness import Studio, build


class DeadlyEngine(ScriptedEngine):
    """A card that fails for good under one job."""

    def __init__(self, profile: Profile, deadly: str | None) -> None:
        super().__init__(profile)
        self._deadly = deadly

    async def render(
        self,
        batch: Sequence[RenderTask],
        on_step: Callable[[StepReport], None],
        is_cancelled: Callable[[ImageKey], bool],
        must_yield: Callable[[], bool] = never,
    ) -> BatchResult | Suspended:
        if any(task.key.job_id == self._deadly for task in batch):
            self.failures = [FatalEngineError("illegal memory access")]
        return await super().render(batch, on_step, is_cancelled, must_yield)


async def restarted(
    studio: Studio, folder: Path, deadly: str | None = None, profile: Profile | None = None
) -> Studio:
    """Build everything anew over the same rows, as a new process does; the job ``deadly`` ends it again."""
    engine = DeadlyEngine(profile or studio.engine.profile, deadly)
    again = build(folder, studio.database, studio.clock, engine, chance=studio.chance)
    await again.learning.load(again.database.read)
    await recover(again.database, again.line, again.admission, engine.profile.checkpoints, again.clock)
    return again


async def dies(studio: Studio) -> None:
    """Run until the card fails for good under the next batch."""
    studio.engine.failures = [FatalEngineError("illegal memory access")]
    with pytest.raises(FatalEngineError):
        await asyncio.wait_for(studio.dispatcher.run(), 10)
