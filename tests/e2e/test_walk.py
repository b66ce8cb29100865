"""Through how many functions of ours a picture passes: from its claim to pixels, and on to its message."""

import functools
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import kleinbot
from kleinbot.chat.delivery.first_response import FirstResponses
from kleinbot.chat.delivery.outbox_worker import OutboxWorker
from kleinbot.dispatch.batch_runner import BatchRunner
from kleinbot.dispatch.finishing import Finisher
from kleinbot.engine.gpu_engine import GpuEngine
from kleinbot.engine.worker import Worker
from kleinbot.klein.pipeline.denoise import Denoising
from kleinbot.store.delivery import outbox
from tests.e2e.running_bot import BotEnvironment, has_pictures

WAIT_S = 60.0
MOST_FRAMES = 12
ROOT = str(Path(kleinbot.__file__).parent)


class Walk:
    """Records our frames on the stack at certain calls; keeps the last stack of each."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch
        self._seen: dict[str, list[str]] = {}

    def at(self, owner: Any, name: str, begins: str = "") -> str:
        """Note the stack whenever ``owner.name`` is called, from the frame ``begins`` on; all where empty."""
        place = f"{getattr(owner, '__name__', owner)}.{name}"
        original: Callable[..., Any] = getattr(owner, name)

        @functools.wraps(original)
        def noting(*values: Any, **named: Any) -> Any:
            frames = [frame.name for frame in traceback.extract_stack() if frame.filename.startswith(ROOT)]
            if begins in frames or not begins:
                self._seen[place] = [*frames[frames.index(begins) if begins else 0 :], name]
            return original(*values, **named)

        self._monkeypatch.setattr(owner, name, noting)
        return place

    def frames(self, places: list[str]) -> list[str]:
        return [frame for place in places for frame in self._seen[place]]


async def test_a_picture_passes_through_few_functions(
    environment: BotEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    walk = Walk(monkeypatch)
    to_pixels = [
        walk.at(BatchRunner, "run", begins="_begin"),
        walk.at(GpuEngine, "_work"),
        walk.at(Worker, "make", begins="_make"),
        walk.at(Denoising, "step", begins="_attempt"),
    ]
    to_message = [
        walk.at(Finisher, "accept", begins="_done"),
        walk.at(outbox, "put"),
        walk.at(OutboxWorker, "_deliver"),
        walk.at(FirstResponses, "edit", begins="by_reply"),
    ]
    async with environment.running_bot(weights=None) as bot:
        await bot.ready()
        handle = await bot.ada.command(bot.channel, "imagine", prompt="a green triangle")
        await handle.message_where(has_pictures, timeout_s=WAIT_S)
    pixels, message = walk.frames(to_pixels), walk.frames(to_message)
    assert (pixels[0], pixels[-1]) == ("_begin", "step")
    assert (message[0], message[-1]) == ("_done", "edit")
    assert len(pixels) <= MOST_FRAMES, pixels
    assert len(message) <= MOST_FRAMES, message
