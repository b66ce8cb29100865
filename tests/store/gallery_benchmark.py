"""How long a page of the gallery takes: ``python -m tests.store.gallery_benchmark``.

One server with 100,000 publications of 1,000 members within a year, and 1,000,000 votes. Prints the median
and the 99th percentile of the first page and of pages deep within each order, in milliseconds.
"""

import asyncio
import sqlite3
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from random import Random

from kleinbot.domain.clock import DAY_MS
from kleinbot.domain.showcase.gallery import GalleryOrder, GalleryPlace, GalleryQuery
from kleinbot.store.database import Database
from kleinbot.store.showcase import gallery
from tests.new_database import make_new

PUBLICATIONS, MEMBERS, VOTES = 100_000, 1_000, 1_000_000
SERVER_ID, NOW_MS, LIMIT = 10, 1_900_000_000_000, 6


def build(file: Path, publications: int, votes: int, random: Random) -> None:
    """Write the rows. Foreign keys are not enforced: a page reads no jobs."""
    make_new(file)
    pairs = {
        (1 + int(publications * random.random() ** 2), 5_000 + random.randrange(MEMBERS))
        for _ in range(votes)
    }
    counts = Counter(publication_id for publication_id, _ in pairs)
    with closing(sqlite3.connect(file)) as connection:
        connection.executemany(
            "INSERT INTO publications (publication_id, server_id, member_id, job_id, position, caption,"
            " shows_prompt, others_may_edit, spoiler, made_ms, state, votes, post_state, post_channel_id,"
            " post_message_id) VALUES (?, ?, ?, ?, 0, 'a caption', 1, 1, 0, ?, 'shown', ?, 'posted', 7, ?)",
            (
                (
                    number, SERVER_ID, random.randrange(MEMBERS), f"{number:024x}",
                    NOW_MS - 365 * DAY_MS * (publications - number) // publications, counts[number], number,
                )
                for number in range(1, publications + 1)
            ),
        )  # fmt: skip
        connection.executemany(
            f"INSERT INTO votes (publication_id, member_id, server_id, made_ms, counts)"
            f" VALUES (?, ?, {SERVER_ID}, {NOW_MS}, 1)",
            sorted(pairs),
        )
        connection.commit()
        connection.execute("ANALYZE")


async def measured(database: Database, repeats: int, random: Random) -> dict[str, tuple[float, float]]:
    """Return the median and the 99th percentile of each kind of page in milliseconds."""
    figures = {}
    queries = {order.value: GalleryQuery(order) for order in GalleryOrder}
    queries["member"] = GalleryQuery(member_id=random.randrange(MEMBERS))
    for name, wanted in queries.items():
        for depth in ("first", "deep"):
            took_ms = []
            for _ in range(repeats):
                deep = GalleryPlace(random.randrange(40), random.randrange(1, PUBLICATIONS))
                place = gallery.FIRST if depth == "first" else deep
                began = time.perf_counter()
                await gallery.page(database.read, SERVER_ID, wanted, place, NOW_MS, older=True, limit=LIMIT)
                took_ms.append((time.perf_counter() - began) * 1_000)
            figures[f"{name}, {depth} page"] = _median_and_p99(took_ms)
    return figures


def _median_and_p99(took_ms: Sequence[float]) -> tuple[float, float]:
    ordered = sorted(took_ms)
    return ordered[len(ordered) // 2], ordered[int(len(ordered) * 0.99)]


async def main() -> None:
    random = Random(18)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "kleinbot.sqlite3"
        build(file, PUBLICATIONS, VOTES, random)
        database = await Database.open(file)
        try:
            for name, (median_ms, p99_ms) in (await measured(database, 1_000, random)).items():
                print(f"{name}: median {median_ms:.2f} ms, 99th percentile {p99_ms:.2f} ms")  # noqa: T201
        finally:
            await database.close()


if __name__ == "__main__":
    asyncio.run(main())
