"""Every statement of the store: SQLite's plan, and its work as the tables grow."""

import asyncio
import re
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from kleinbot.store.database import Database
from kleinbot.store.search_text import has_words
from tests.manual_clock import START_MS
from tests.new_database import make_new
from tests.store.everything import ask_everything
from tests.store.million import Scale, build
from tests.store.recorded import Record, recorded, written_places

SMALL = Scale(jobs=3_000, members=60, servers=3, heaviest_share=0.5, open=40)
LARGE = Scale(jobs=9_000, members=180, servers=3, heaviest_share=0.5, open=40)

BOUNDED = {
    "asked": "what the statement was given",
    "CONSTANT": "a row of constants",
    "json_each": "what is under way",
    "lanes": "as many channels as were asked for",
    "recent": "500 of a member's jobs",
    "made": "200 results that were made from one",
    "alike": "200 pictures with the same pixels",
    "latest": "500 entries of the ledger",
    "newest": "as many entries of the ledger as were asked for",
    "cause": "those entries that are shown",
    "servers": "a handful",
    "server_bans": "fewer than that",
    "s": "servers",
    "queue_tags": "who has work waiting, and the queue is bounded",
    "measured_seconds": "the shapes that were measured",
    "hand_overs": "what was being handed over when something failed",
    "outbox_due": "only what is still to be told",
    "erasures": "who asked that everything about them be deleted within 180 days",
    "server_settings": "one row for each server",
    "left_servers": "one row for each server",
    "takedowns": "what is being removed",
    "jobs_unsearched": "a page of what is not in the full-text index yet",
    "first_ended": "500 jobs that ended after a moment",
    "w": "the rows of the full-text index that have every token",
    "page": "so many of a member's jobs as were asked for",
    "best": "so many of each day as were asked for",
    "vote_recounts": "whose votes are being counted anew; it is emptied at once",
    "members_weighted": "only members with a weight of their own",
}
"""What a plan may scan: tables that do not grow with use, or the requested rows themselves."""

_SCAN = re.compile(r"SCAN (\w+)(?: USING (?:COVERING )?INDEX (\w+))?")


@dataclass(frozen=True)
class Asked:
    """The statements run on a small and on a large database."""

    small: Record
    large: Record


async def _record(folder: Path, scale: Scale) -> Record:
    file = folder / f"{scale.jobs}.sqlite3"
    build(file, scale, START_MS)
    database = await Database.open(file)
    try:
        async with recorded(database) as record:
            await ask_everything(database, START_MS)
    finally:
        await database.close()
    return record


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Asked:
    folder = tmp_path_factory.mktemp("grown")
    return Asked(*(asyncio.run(_record(folder, scale)) for scale in (SMALL, LARGE)))


def test_every_statement_that_is_written_is_asked_here(asked: Asked) -> None:
    """A new statement must be added to ``everything``; otherwise nothing checks its plan."""
    ran = [statement.place for statement in asked.small.statements]
    missing = [place for place in written_places() if not any(place.holds(other) for other in ran)]
    assert [f"{place}, line {place.first_line}" for place in missing] == []


def test_no_statement_scans_a_table_that_grows(asked: Asked, tmp_path: Path) -> None:
    file = tmp_path / "empty.sqlite3"
    make_new(file)
    found = set()
    with closing(sqlite3.connect(file)) as connection:
        connection.create_function("has_words", 2, has_words)
        for name in ("keyed_hash", "made_keyed_hash"):
            connection.create_function(name, 2, lambda *_: "")
        for each in asked.small.statements:
            for *_, detail in connection.execute(f"EXPLAIN QUERY PLAN {each.sql}", each.values):
                scan = _SCAN.match(detail)
                if scan and not BOUNDED.keys() & {scan[1], scan[2]}:
                    found.add(f"{each.place}: {detail}")
    assert sorted(found) == []


def test_no_statement_does_more_where_the_tables_are_larger(asked: Asked) -> None:
    """A plan of SEARCH may still scan all jobs of a member, so SQLite's own steps are counted."""
    small, large = asked.small.most_steps(), asked.large.most_steps()
    grown = {name: (small[name], steps) for name, steps in large.items() if steps > 1.3 * small[name] + 200}
    assert grown == {}
