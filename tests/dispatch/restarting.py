"""A new process over the same rows."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from kleinbot.dispatch.recovery import recover
from kleinbot.domain.errors import FatalEngineError
from kleinbot.domain.profile import Profile
from kleinbot.domain.work import ModelSize, RenderTask
from tests.scripted_engine import ScriptedEngine
from tests.usecase_harness import UseCaseHarness, build


async def restarted(
    harness: UseCaseHarness,
    folder: Path,
    deadly: str | None = None,
    profile: Profile | None = None,
    size: ModelSize | None = ModelSize.FULL,
    *,
    ended_cleanly: bool = False,
) -> UseCaseHarness:
    """Build everything anew over the same rows, as a new process does; the job ``deadly`` ends it again.

    ``size`` and ``profile``: the model that it serves.
    """
    engine = ScriptedEngine(profile or harness.engine.profile)

    def die(batch: Sequence[RenderTask]) -> None:
        if any(task.key.job_id == deadly for task in batch):
            engine.failures = [FatalEngineError("illegal memory access")]

    engine.before = die
    again = build(folder, harness.database, harness.clock, engine, chance=harness.chance)
    await again.measured_times.load(again.database.read)
    await recover(
        again.database,
        again.scheduler,
        engine.profile,
        size,
        again.clock,
        ended_cleanly=ended_cleanly,
    )
    return again


async def dies(harness: UseCaseHarness) -> None:
    """Run until the card fails for good under the next batch."""
    harness.engine.failures = [FatalEngineError("illegal memory access")]
    with pytest.raises(FatalEngineError):
        await asyncio.wait_for(harness.dispatcher.run(), 10)
