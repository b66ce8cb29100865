"""Measures a full list of words under a flood, through the whole bot: ``python -m tests.e2e.word_flood``.

The real client against the stand-in, which shares its process and its event loop: so the flood runs twice,
first without a list and then with 5,000 words and patterns. What the loop is later in the second run is the
list's part. Half of the prompts hold a word of the list.
"""

import argparse
import asyncio
import platform
import sys
import tempfile
import time
from pathlib import Path
from random import Random

from kleinbot.sandbox import FakeDiscord, InteractionHandle, WaitTimeoutError
from kleinbot.small_klein import CHECKPOINT
from kleinbot.store.members import servers
from kleinbot.store.moderation import words
from tests.content.measure_words import entries
from tests.e2e.running_bot import RunningBot, ShiftedClock, build_environment
from tests.images.hostile import conditions
from tests.scripted_engine import ScriptedEngine

MEMBERS = 200
_TURN_S = 0.01
_ANSWERS_S = 10.0


def _prompts(random: Random, listed: list[str], number: int) -> list[str]:
    """Return prompts of about 500 characters, every second one with a word of the list."""
    letters = "abcdefghijklmnopqrstuvwxyz"
    found = []
    for at in range(number):
        said = ["".join(random.choices(letters, k=random.randint(2, 12))) for _ in range(60)]
        if at % 2:
            said[30] = listed[at % len(listed)].strip("*").split()[0]
        found.append(" ".join(said))
    return found


async def _flood(bot: RunningBot, prompts: list[str], rate: float) -> str:
    world = bot.standin.world
    members = [world.add_member(bot.server, f"m{bot.clock.now_ms()}{at}") for at in range(MEMBERS)]
    late_ms: list[float] = []
    handles: list[InteractionHandle] = []

    async def watch() -> None:
        while True:
            begun_s = time.perf_counter()
            await asyncio.sleep(_TURN_S)
            late_ms.append((time.perf_counter() - begun_s - _TURN_S) * 1000)

    watching = asyncio.create_task(watch())
    begun_s, cpu_s = time.perf_counter(), time.process_time()
    for at, prompt in enumerate(prompts):
        await asyncio.sleep(max(0.0, begun_s + at / rate - time.perf_counter()))
        member = members[at % len(members)]
        handles.append(await member.command(bot.channel, "imagine", prompt=prompt))
    waits = (handle.message_where(lambda m: bool(m.text), timeout_s=_ANSWERS_S) for handle in handles)
    unanswered = sum(
        isinstance(each, WaitTimeoutError) for each in await asyncio.gather(*waits, return_exceptions=True)
    )
    took_s, cpu_s = time.perf_counter() - begun_s, time.process_time() - cpu_s
    watching.cancel()
    answers_ms = sorted(
        each.acknowledged_after_s * 1000 for each in handles if each.acknowledged_after_s is not None
    )
    refused = sum(
        "is not wanted in this server" in message.text for handle in handles for message in handle.messages
    )
    late_ms.sort()
    return (
        f"{len(handles)} prompts in {took_s:.1f} s ({cpu_s:.1f} s of processor time), {refused} refused for a"
        f" word, {unanswered} unanswered; answered after {_spread(answers_ms)};"
        f" loop late by {_spread(late_ms)}"
    )


def _spread(ordered: list[float]) -> str:
    middle, most = ordered[len(ordered) // 2], ordered[len(ordered) * 99 // 100]
    return f"{middle:.1f} ms (median), {most:.1f} (99 %), {ordered[-1]:.1f} (worst)"


async def measure(folder: Path, rate: float, seconds: float) -> None:
    random, clock = Random(5), ShiftedClock()
    listed = entries(random)
    async with FakeDiscord(now=clock.unix_s) as standin:
        environment = build_environment(standin, clock, folder, CHECKPOINT)
        for size in (0, len(listed)):
            async with environment.running_bot(ScriptedEngine()) as bot:
                async with bot.app.container.base.database.transaction() as transaction:
                    await servers.remember(transaction, bot.server.id, 1)
                    for entry in listed[:size]:
                        await words.put(transaction, bot.server.id, entry)
                found = await _flood(bot, _prompts(random, listed, round(rate * seconds)), rate)
                sys.stdout.write(f"{size} entries: {found}\n")


def main() -> int:
    """Print the figures with their conditions."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rate", type=float, default=100.0)
    parser.add_argument("--seconds", type=float, default=10.0)
    given = parser.parse_args()
    sys.stdout.write(f"{conditions()}, Python {platform.python_version()}, {given.rate:g} prompts a second\n")
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(measure(Path(folder), given.rate, given.seconds))
    return 0


if __name__ == "__main__":
    sys.exit(main())
