"""The bot in a separate process; a JSON argument says what it connects to and where it is killed."""

import asyncio
import json
import os
import random
import signal
import sys
from collections.abc import Callable, Coroutine, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

from kleinbot.app.container import Externals
from kleinbot.app.lifecycle import App
from kleinbot.app.model_choice import ModelChoice, choose_model
from kleinbot.app.opening import opened
from kleinbot.config.settings import Settings
from kleinbot.domain.faults import FaultPoint
from kleinbot.domain.work import RenderTask
from kleinbot.engine.gpu_engine import GpuEngine
from kleinbot.process.signals import stop_on_signals
from kleinbot.sandbox import Address, connector_for
from tests.e2e.running_bot import LOOKS_EVERY_S, QUIET, ShiftedClock


class KillAt:
    """Kills the process when a fault point is reached for the ``nth`` time.

    ``kill_prompt``: also in every step of a batch that draws this prompt. ``counts_after``: what is reached
    before this file exists is not counted: how often the upkeep commits meanwhile depends on the machine.
    """

    def __init__(
        self, point: str | None, nth: int, kill_prompt: str | None = None, counts_after: str | None = None
    ) -> None:
        self._point = point
        self._left = nth
        self._counts_after = counts_after
        self._kill_prompt = kill_prompt
        self._prompts: frozenset[str] = frozenset()

    def drawing(self, batch: Sequence[RenderTask]) -> None:
        self._prompts = frozenset(task.spec.prompt for task in batch)

    def reach(self, point: FaultPoint) -> None:
        if point == self._point and (self._counts_after is None or Path(self._counts_after).exists()):
            self._left -= 1
            if self._left == 0:
                _kill_self()
        if point is FaultPoint.WITHIN_STEP and self._kill_prompt in self._prompts:
            _kill_self()


def _kill_self() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _reporting_engine(faults: KillAt, holds: bool, starts_after: str | None) -> type[GpuEngine]:
    """Return an engine class that reports each batch to ``faults``, or that never draws.

    ``starts_after``: it loads the model only once this file exists.
    """

    class ReportingEngine(GpuEngine):
        async def start(self) -> None:
            while starts_after is not None and not Path(starts_after).exists():
                await asyncio.sleep(LOOKS_EVERY_S)
            await super().start()

        async def render(self, batch: Sequence[RenderTask], *more: Any, **named: Any) -> Any:
            faults.drawing(batch)
            if holds:
                await asyncio.Event().wait()
            return await super().render(batch, *more, **named)

    return ReportingEngine


def _model_with(profile: dict[str, Any]) -> Any:
    def choose(settings: Settings, **others: Any) -> ModelChoice:
        model = choose_model(settings, **others)
        return replace(model, profile=replace(model.profile, **profile))

    return choose


async def main(
    arguments: dict[str, Any],
    faults: KillAt | None = None,
    beside: Callable[[App], Coroutine[Any, Any, None]] | None = None,
) -> int:
    """Run the bot until a signal; return its exit code. ``beside`` runs as long as the bot does.

    ``arguments``: where everything is (``folder``, ``weights``, ``port``, ``ca_pem_path``, ``token``);
    ``kill_at`` and ``nth``, or ``kill_prompt``; ``holds``: it claims images and never draws;
    ``starts_after``: the file that must exist before the model is loaded and fault points are counted;
    ``ahead_s``: how far the clock is ahead of real time; ``settings`` and fields of the ``profile`` that
    differ from the usual ones.
    """
    given = {**QUIET, "device": "cpu", "grace_s": 5, **arguments.get("settings", {})}
    settings = Settings(data_folder=Path(arguments["folder"]), weights=Path(arguments["weights"]), **given)
    connector = connector_for(Address(arguments["port"], Path(arguments["ca_pem_path"])))
    clock = ShiftedClock()
    clock.advance(arguments.get("ahead_s", 0.0))
    starts_after = arguments.get("starts_after")
    faults = faults or KillAt(
        arguments.get("kill_at"), arguments.get("nth", 1), arguments.get("kill_prompt"), starts_after
    )
    externals = Externals(clock, random.SystemRandom(), faults, {"connector": connector})
    with ExitStack() as patches:
        patches.enter_context(
            mock.patch(
                "kleinbot.app.opening.GpuEngine",
                _reporting_engine(faults, arguments.get("holds", False), starts_after),
            )
        )
        if profile := arguments.get("profile"):
            patches.enter_context(mock.patch("kleinbot.app.opening.choose_model", _model_with(profile)))
        async with opened(settings, externals) as app:
            running_beside = [asyncio.create_task(beside(app))] if beside else []
            with stop_on_signals(app.request_stop):
                try:
                    return await app.run(arguments["token"])
                finally:
                    for task in running_beside:
                        task.cancel()


if __name__ == "__main__":
    sys.exit(asyncio.run(main(json.loads(sys.argv[1]))))
