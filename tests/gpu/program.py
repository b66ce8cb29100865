"""Runs the whole program with a checkout on a GPU: ``python -m tests.gpu.program FOLDER``.

A person types ``/imagine`` for four 1024² pictures through the fake Discord. Prints the received message, the
seconds of each stage from the engine's log, the peak memory and the event loop's longest delay.
"""

import argparse
import asyncio
import dataclasses
import logging
import sys
import tempfile
import time
from pathlib import Path

from kleinbot.app.container import real_externals
from kleinbot.app.opening import opened
from kleinbot.config.settings import Settings
from kleinbot.domain.work import EnginePhase
from kleinbot.engine.gpu_engine import GpuEngine
from kleinbot.sandbox import FakeDiscord, ShownMessage

GIB = 2**30
WAIT_S = 300.0


async def play(folder: Path, data: Path, pictures: Path | None) -> None:
    async with FakeDiscord() as standin:
        server = standin.world.add_server("Studio")
        channel = standin.world.add_channel(server, "pictures")
        ada = standin.world.add_member(server, "ada")
        externals = dataclasses.replace(real_externals(), client_options={"connector": standin.connector()})
        settings = Settings(data_folder=data, weights=folder, device="cuda", classifier="off")
        async with opened(settings, externals) as app:
            running = asyncio.create_task(app.run(standin.token))
            await standin.registered("imagine", timeout_s=WAIT_S)
            await standin.online(timeout_s=WAIT_S)
            started_s = time.monotonic()
            early = await ada.command(channel, "imagine", prompt="while it loads")
            await early.message_where(lambda message: bool(message.pictures), timeout_s=WAIT_S)
            say(f"first picture {time.monotonic() - started_s:.1f} s after login")
            assert app.container.scheduling.engines[0].state.phase is EnginePhase.READY
            app.container.loop_lag.reset()
            started_s = time.monotonic()
            handle = await ada.command(channel, "imagine", prompt="a red fox in the snow", count=4, seed=1)
            done = await handle.message_where(lambda message: bool(message.pictures), timeout_s=WAIT_S)
            say(f"four pictures {time.monotonic() - started_s:.2f} s after the command")
            say(f"acknowledged after {1000 * (handle.acknowledged_after_s or 0):.0f} ms")
            report(done, app.container.scheduling.engines[0])
            say(f"worst delay of the event loop {1000 * app.container.loop_lag.worst_s:.0f} ms")
            if pictures is not None:
                (pictures / "first.png").write_bytes(done.pictures[0].data)
            app.request_stop()
            say(f"exit code {await running}")


def report(done: ShownMessage, engine: object) -> None:
    for text in (*done.texts_so_far, done.text):
        say(text)
    for picture in done.pictures:
        say(picture.filename, len(picture.data), "bytes:", picture.alt_text)
    assert isinstance(engine, GpuEngine)
    peak = engine.memory_peak
    if peak is not None:
        allocated, reserved = peak.allocated_bytes / GIB, peak.reserved_bytes / GIB
        say(f"peak {allocated:.2f} GiB allocated, {reserved:.2f} GiB reserved")


def say(*values: object) -> None:
    sys.stdout.write(" ".join(str(value) for value in values) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--pictures", type=Path)
    chosen = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(name)s %(message)s", stream=sys.stdout)
    logging.getLogger("discord").setLevel(logging.WARNING)
    with tempfile.TemporaryDirectory() as place:
        asyncio.run(play(chosen.folder, Path(place), chosen.pictures))
