"""Runs every operation that searches results or keeps their index, on a database of ``million.build``."""

from pathlib import Path

from kleinbot.domain.geometry import Aspect
from kleinbot.domain.job_spec import JobKind
from kleinbot.domain.people import MemberKey
from kleinbot.store.database import Database, Reader, Transaction
from kleinbot.store.results import by_pixels, children, history, search_index
from kleinbot.store.results.history import HistoryQuery

_FILLED_AT_ONCE = 20_000


async def keep_index(transaction: Transaction) -> None:
    """Add a page, take a job out again, and clear what is left of it."""
    await search_index.add_page(transaction)
    added = await transaction.one("SELECT job_id FROM jobs WHERE searched = 1 LIMIT 1")
    assert added is not None
    await search_index.remove(transaction, [added["job_id"]])
    await search_index.begin_clearing(transaction)
    await search_index.clear_on(transaction)


async def search(read: Reader, member: MemberKey, number: int) -> None:
    """Search with every filter, in both directions."""
    await search_index.is_behind(read)
    await children.newest(read, "none", 12)
    await by_pixels.with_pixels(read, "0" * 64, member.server_id, 20)
    for wanted in (
        HistoryQuery(member, ("fox",)),
        HistoryQuery(member, ("fox",), kind=JobKind.IMAGINE, aspect=Aspect.SQUARE),
        HistoryQuery(member, ("fox",), since_ms=1, with_references=True),
    ):
        await history.older(read, wanted, number, 6)
        await history.newer(read, wanted, number, 6)


async def fill(file: Path) -> None:
    """Put every job of the database into the index, in larger pages than the bot does."""
    database = await Database.open(file)
    try:
        while True:
            async with database.transaction() as transaction:
                if await search_index.add_page(transaction, _FILLED_AT_ONCE) < _FILLED_AT_ONCE:
                    return
    finally:
        await database.close()
