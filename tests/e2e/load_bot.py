"""The bot of ``tests.e2e.load`` in a separate process: complete except for the model."""

import asyncio
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from kleinbot.app.container import real_externals
from kleinbot.app.opening import opened
from kleinbot.config.settings import Settings
from kleinbot.domain.job_spec import ImageKey
from kleinbot.domain.work import BatchResult, RenderTask, StepReport, Suspended
from kleinbot.engine.protocol import never
from kleinbot.process.signals import stop_on_signals
from kleinbot.sandbox import Address, connector_for
from tests.scripted_engine import ScriptedEngine


class PacedEngine(ScriptedEngine):
    """Takes ``picture_s`` for each picture."""

    def __init__(self, picture_s: float) -> None:
        super().__init__()
        self._picture_s = picture_s

    async def render(
        self,
        batch: Sequence[RenderTask],
        on_step: Callable[[StepReport], None],
        is_cancelled: Callable[[ImageKey], bool],
        must_yield: Callable[[], bool] = never,
    ) -> BatchResult | Suspended:
        await asyncio.sleep(self._picture_s * len(batch))
        return await super().render(batch, on_step, is_cancelled, must_yield)


async def main(arguments: dict[str, Any]) -> int:
    """Run until a signal; return the exit code."""
    connector = connector_for(Address(arguments["port"], Path(arguments["ca_pem_path"])))
    externals = replace(real_externals(), client_options={"connector": connector})
    settings = Settings(
        data_folder=Path(arguments["folder"]),
        device="cpu",
        joining_post=False,
        quota_pictures=100_000,
        quota_everywhere=1_000_000,
    )
    async with opened(settings, externals, PacedEngine(arguments["picture_s"])) as app:
        with stop_on_signals(app.request_stop):
            return await app.run(arguments["token"])


if __name__ == "__main__":
    sys.exit(asyncio.run(main(json.loads(sys.argv[1]))))
