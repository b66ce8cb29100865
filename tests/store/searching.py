"""Runs every operation that searches results or keeps their index, on a database of ``million.build``."""

from kleinbot.domain.geometry import Aspect
from kleinbot.domain.job_spec import JobKind
from kleinbot.domain.people import MemberKey
from kleinbot.store.database import Reader, Transaction
from kleinbot.store.results import by_pixels, history, search_index
from kleinbot.store.results.history import HistoryQuery


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
    await by_pixels.with_pixels(read, "0" * 64, member.server_id, 20)
    for wanted in (
        HistoryQuery(member, ("fox",)),
        HistoryQuery(member, ("fox",), kind=JobKind.IMAGINE, aspect=Aspect.SQUARE),
        HistoryQuery(member, ("fox",), since_ms=1, with_references=True),
    ):
        await history.older(read, wanted, number, 6)
        await history.newer(read, wanted, number, 6)
