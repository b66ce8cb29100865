"""Measures a full list of words under a flood: ``python -m tests.content.measure_words``.

5,000 words and patterns of one server, 100 prompts a second for ten seconds, each looked at on a thread as in
the bot, while a task counts how late the event loop is.
"""

import asyncio
import platform
import sys
import time
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from kleinbot.content.server_words import MOST_WORDS, compiled
from kleinbot.store.database import Database
from kleinbot.store.members import servers
from kleinbot.store.moderation import words
from kleinbot.usecases.moderation.words import ForbiddenWords
from tests.new_database import make_new

SERVER = 10
SECONDS = 10
A_SECOND = 100


def entries(random: Random) -> list[str]:
    """Return distinct words of eight letters: a third whole, a third with a star, a sixth each otherwise."""
    found = {"".join(random.choices("bcdfghjklmnpqrstvwz", k=8)) for _ in range(MOST_WORDS + 50)}
    forms = ("{0}", "{0}", "{0}*", "*{0}", "*{0}*", "{0} fox")
    return [forms[at % len(forms)].format(word) for at, word in enumerate(sorted(found)[:MOST_WORDS])]


async def measure(folder: Path) -> str:
    random = Random(5)
    listed = entries(random)
    began = time.perf_counter()
    compiled(listed)
    compile_ms = (time.perf_counter() - began) * 1000
    make_new(folder / "words.sqlite3")
    database = await Database.open(folder / "words.sqlite3")
    async with database.transaction() as transaction:
        await servers.remember(transaction, SERVER, 0)
        for entry in listed:
            await words.put(transaction, SERVER, entry)
    flooded = await _flood(ForbiddenWords(database), random)
    await database.close()
    return f"compiled in {compile_ms:.0f} ms; {flooded}"


async def _flood(forbidden: ForbiddenWords, random: Random) -> str:
    letters = "abcdefghijklmnopqrstuvwxyz"
    prompts = [
        " ".join("".join(random.choices(letters, k=random.randint(2, 12))) for _ in range(60))
        for _ in range(A_SECOND)
    ]
    late: list[float] = []
    took: list[float] = []

    async def watch() -> None:
        while True:
            began = time.perf_counter()
            await asyncio.sleep(0.01)
            late.append((time.perf_counter() - began - 0.01) * 1000)

    async def one(prompt: str) -> None:
        began = time.perf_counter()
        await forbidden.found(SERVER, prompt)
        took.append((time.perf_counter() - began) * 1000)

    watching = asyncio.create_task(watch())
    began = time.perf_counter()
    for second in range(SECONDS):
        async with asyncio.TaskGroup() as group:
            for at, prompt in enumerate(prompts):
                await asyncio.sleep(max(0.0, began + second + at / A_SECOND - time.perf_counter()))
                group.create_task(one(prompt))
    watching.cancel()
    late.sort()
    took.sort()
    return (
        f"{len(took)} prompts of about {len(prompts[0])} characters in {time.perf_counter() - began:.1f} s: "
        f"median {took[len(took) // 2]:.1f} ms, worst {took[-1]:.1f} ms; event loop late by "
        f"{late[len(late) // 2]:.1f} ms in the median, {late[len(late) * 99 // 100]:.1f} ms in the 99th "
        f"percentile, {late[-1]:.1f} ms at worst"
    )


def main() -> int:
    """Print the figures with their conditions."""
    with TemporaryDirectory() as folder:
        found = asyncio.run(measure(Path(folder)))
    machine = f"Python {platform.python_version()}, {platform.machine()}, {MOST_WORDS} entries"
    sys.stdout.write(f"{machine}: {found}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
