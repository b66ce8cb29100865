"""Measures the bot's memory while one member sends edits faster than pictures can be read.

``python -m tests.e2e.flood --edits 120 --over-s 12``: the bot is one process, which never draws; the stand-in
and the member are another. Prints how often each answer occurred, and the largest resident memory of the bot
and of its intake above that before the first edit. Not for Windows.
"""

import argparse
import asyncio
import io
import tempfile
from collections import Counter
from pathlib import Path

import numpy as np
import psutil
from PIL import Image

from kleinbot.sandbox import FakeDiscord, ShownMessage, WaitTimeoutError
from tests.e2e.bot_processes import running_spawner
from tests.e2e.bots import Bots
from tests.e2e.running_bot import ShiftedClock, build_environment
from tests.klein.tiny import ensure_tiny

MIB = 1024 * 1024
LOOK_S = 0.05
ANSWERED_S = 120.0


def noise(side_px: int) -> bytes:
    """Return a PNG that cannot be compressed: three bytes per pixel."""
    file = io.BytesIO()
    pixels = np.random.default_rng(1).integers(0, 256, (side_px, side_px, 3), np.uint8)
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def has_words(message: ShownMessage) -> bool:
    return bool(message.text)


class Memory:
    """The resident bytes of a process and of its children, sampled every 50 ms."""

    def __init__(self, pid: int) -> None:
        self._process = psutil.Process(pid)
        self.first = self.now()
        self.most = self.first

    def now(self) -> tuple[int, int]:
        children = 0
        for child in self._process.children():
            try:
                children += child.memory_info().rss
            except psutil.NoSuchProcess:
                continue
        return self._process.memory_info().rss, children

    async def watch(self) -> None:
        while True:
            now = self.now()
            self.most = (max(self.most[0], now[0]), max(self.most[1], now[1]))
            await asyncio.sleep(LOOK_S)


async def flood(folder: Path, edits: int, over_s: float, side_px: int) -> None:
    clock = ShiftedClock()
    picture = noise(side_px)
    async with FakeDiscord(now=clock.unix_s) as standin:
        environment = build_environment(standin, clock, folder / "data", ensure_tiny(folder / "tiny"))
        with running_spawner(folder / "log") as spawner:
            async with Bots(environment, spawner).one(holds=True, settings={"quota_pictures": 5}) as bot:
                memory = Memory(bot.pid)
                watching = asyncio.create_task(memory.watch())

                async def edit(number: int) -> str:
                    await asyncio.sleep(number * over_s / edits)
                    handle = await environment.ada.command(
                        environment.channel, "edit", instruction=f"a hat {number}", image=picture
                    )
                    try:
                        text = (await handle.message_where(has_words, timeout_s=ANSWERED_S)).text
                    except WaitTimeoutError:
                        return "no answer"
                    return "accepted" if "a hat" in text else text

                bot_arguments = Counter(await asyncio.gather(*map(edit, range(edits))))
                watching.cancel()
                at_end = memory.now()
    print(f"{edits} edits of {len(picture) / MIB:.2f} MiB within {over_s:g} s by one member")  # noqa: T201
    for text, count in bot_arguments.most_common():
        print(f"{count:5} × {text}")  # noqa: T201
    (bot_first, _), (bot_most, children_most), (bot_end, children_end) = memory.first, memory.most, at_end
    print(  # noqa: T201
        f"bot: {bot_first // MIB} MiB before, {(bot_most - bot_first) / MIB:+.0f} at most, "
        f"{(bot_end - bot_first) / MIB:+.0f} at the end; intake: {children_most // MIB} MiB at most, "
        f"{children_end // MIB} at the end"
    )


def main() -> None:
    """Run one flood."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--edits", type=int, default=120)
    parser.add_argument("--over-s", type=float, default=12.0)
    parser.add_argument("--side-px", type=int, default=590, help="about three bytes for each pixel")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(flood(Path(folder), chosen.edits, chosen.over_s, chosen.side_px))


if __name__ == "__main__":
    main()
