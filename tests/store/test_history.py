"""Rows of the history: pages, literal search, and results that were delivered before the rows existed."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from kleinbot.domain.geometry import Aspect, Grid
from kleinbot.domain.job_spec import ImageKey, JobKind
from kleinbot.domain.people import MemberKey
from kleinbot.store.database import Database
from kleinbot.store.delivery import outbox, posted
from kleinbot.store.jobs import deletion, jobs
from kleinbot.store.migrations import load_migrations, migrate
from kleinbot.store.results import favourites, history, search_index
from kleinbot.store.results.history import HistoryQuery
from tests.manual_clock import START_MS, ManualClock
from tests.specs import with_spec
from tests.store.rows import ADA, finished, new_job, store

BOB = MemberKey(ADA.server_id, 2)


async def _done(
    database: Database,
    index: int,
    prompt: str,
    owner: MemberKey = ADA,
    *,
    private: bool = False,
    kind: JobKind = JobKind.IMAGINE,
    grid: Grid | None = None,
) -> ImageKey:
    job_id = f"{index:024x}"
    job = with_spec(replace(new_job(job_id, owner=owner), private=private), prompt=prompt, kind=kind)
    await store(database, job if grid is None else with_spec(job, grid=grid))
    key = ImageKey(job_id, 0)
    async with database.transaction() as transaction:
        await jobs.claim(transaction, key, "batch", START_MS)
        await jobs.finish_image(transaction, finished(key), START_MS)
    return key


async def _numbers(database: Database, *words: str, before: int | None = None) -> list[int]:
    found = await history.older(database.read, HistoryQuery(ADA, words), before, 3)
    return [job.number for job in found]


async def test_a_page_begins_below_a_number_and_the_one_before_it_ends_above(database: Database) -> None:
    for index in range(1, 8):
        await _done(database, index, "a fox")
    assert await _numbers(database) == [7, 6, 5]
    assert await _numbers(database, before=5) == [4, 3, 2]
    newer = await history.newer(database.read, HistoryQuery(ADA), 4, 2)
    assert [job.number for job in newer] == [6, 5]


async def test_what_like_would_read_as_a_pattern_is_read_as_text(database: Database) -> None:
    for index, prompt in enumerate(("100% wolf", "1000 wolves", "a_b", "axb", "back\\slash"), start=1):
        await _done(database, index, prompt)
    assert await _numbers(database, "0%") == [1]
    assert await _numbers(database, "a_b") == [3]
    assert await _numbers(database, "\\") == [5]


async def test_jobs_without_a_picture_are_not_listed(database: Database) -> None:
    await store(database, new_job("a" * 24))
    assert await _numbers(database) == []


async def test_a_favourite_that_became_unseen_is_not_listed(database: Database) -> None:
    public = await _done(database, 1, "a fox", BOB)
    private = await _done(database, 2, "a secret", BOB, private=True)
    async with database.transaction() as transaction:
        for key in (public, private):
            assert await favourites.add(transaction, ADA, key, START_MS)
            assert not await favourites.add(transaction, ADA, key, START_MS)
    found = await history.older(database.read, HistoryQuery(ADA, favourites=True), None, 9)
    assert [job.number for job in found] == [1]


async def test_results_delivered_before_the_migration_can_be_removed_too(tmp_path: Path) -> None:
    file, every = tmp_path / "old.sqlite3", load_migrations()
    migrate(file, every[:3], ManualClock())
    job_id = "b" * 24
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript(f"""
            INSERT INTO servers (server_id, first_seen_ms) VALUES (10, 1);
            INSERT INTO members (server_id, member_id, first_seen_ms) VALUES (10, 1, 1);
            INSERT INTO jobs (job_id, server_id, member_id, number, kind, prompt, columns, rows, steps,
                checkpoint, seed, count, private, price_tenths, lane, locale, channel_id, state, created_ms,
                ended_ms)
            VALUES ('{job_id}', 10, 1, 1, 'imagine', 'a fox', 16, 16, 4, 'distilled',
                7, 1, 0, 10, 'token', 'en-US', 5, 'done', 1, 2);
            INSERT INTO images (job_id, position, server_id, base_seed, columns, rows, state, file, sha256,
                pixel_hash) VALUES ('{job_id}', 0, 10, 7, 16, 16, 'done', 'f', 'a', 'b');
            INSERT INTO outbox (job_id, server_id, state, due_ms, nonce, way, channel_id, message_id, sent_ms)
            VALUES ('{job_id}', 10, 'sent', 1, 'n', 'reply', 5, 77, 2);
        """)
    migrate(file, every, ManualClock())
    database = await Database.open(file)
    assert await posted.delivered(database.read, job_id) == {0: 77}
    await database.close()


async def test_what_was_made_marked_and_kept_before_the_migration_is_found_as_ever(tmp_path: Path) -> None:
    file, every = tmp_path / "old.sqlite3", load_migrations()
    migrate(file, every[:7], ManualClock())
    job_id = "b" * 24
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript(f"""
            INSERT INTO servers (server_id, first_seen_ms) VALUES (10, 1);
            INSERT INTO members (server_id, member_id, first_seen_ms) VALUES (10, 1, 1);
            INSERT INTO jobs (job_id, server_id, member_id, number, kind, prompt, columns, rows, steps,
                checkpoint, seed, count, private, price_tenths, lane, locale, channel_id, state, created_ms,
                ended_ms)
            VALUES ('{job_id}', 10, 1, 41, 'imagine', 'a fox', 16, 16, 4, 'distilled',
                7, 1, 0, 10, 'token', 'en-US', 5, 'done', 1, 2);
            INSERT INTO images (job_id, position, server_id, base_seed, columns, rows, state, file, sha256,
                pixel_hash) VALUES ('{job_id}', 0, 10, 7, 16, 16, 'done', 'f', 'a', 'b');
            INSERT INTO outbox (job_id, server_id, state, due_ms, nonce)
            VALUES ('{job_id}', 10, 'kept', 1, 'n');
            INSERT INTO favourites (server_id, member_id, job_id, position, made_ms)
            VALUES (10, 1, '{job_id}', 0, 3);
        """)
    migrate(file, every, ManualClock())
    database = await Database.open(file)
    assert await _numbers(database) == [41]
    marked = await history.older(database.read, HistoryQuery(ADA, favourites=True), 42, 9)
    assert [job.number for job in marked] == [41]
    assert [row.job_id for row in await outbox.undelivered_for(database.read, ADA, 3)] == [job_id]
    await database.close()


async def test_words_are_found_whatever_their_case_in_every_alphabet(database: Database) -> None:
    for index, prompt in enumerate(("Ein Fuchs unter ÄPFELN", "straße", "ЛИСА", "plain"), start=1):
        await _done(database, index, prompt)
    assert await _numbers(database, "äpfel") == [1]
    assert await _numbers(database, "STRASSE") == [2]
    assert await _numbers(database, "лиса") == [3]


async def test_a_suggestion_asks_the_newest_results_only(database: Database) -> None:
    for index in range(1, 6):
        await _done(database, index, f"a fox of {index}")
    found = await history.recent(database.read, HistoryQuery(ADA, ("FOX",)), 3, 9)
    assert [job.number for job in found] == [5, 4, 3]
    assert await history.recent(database.read, HistoryQuery(ADA, ("1",)), 3, 9) == []


SCRIPTS = {
    "Ein roter Fuchs im Baumhaus": ("FUCHS", "haus", "rot fuchs", "umha"),
    "A café in Zürich, Straße": ("cafe", "ZURICH", "strasse", "Café"),
    "雪の中の赤い狐": ("中の", "赤い", "赤い狐", "雪 狐"),
    "兔子和狐狸在森林里": ("狐狸", "森林", "兔"),
    "눈 속의 여우": ("여우", "눈"),
    "สุนัขจิ้งจอกในหิมะ": ("หิมะ", "จิ้งจอก"),
    "рыжая ёлка": ("елка", "РЫЖАЯ"),
    "एक लाल लोमड़ी": ("लोमड़ी", "लाल"),
    "a 🦊, 100% wolf at 3d_x": ("🦊", "0%", "d_x", "3d"),
}


async def test_words_are_found_in_every_script_before_and_after_they_are_in_the_index(
    database: Database,
) -> None:
    for index, prompt in enumerate(SCRIPTS, start=1):
        await _done(database, index, prompt)
        await _done(database, 100 + index, prompt, BOB)
    numbers = {text: 2 * index - 1 for index, texts in enumerate(SCRIPTS.values(), start=1) for text in texts}
    for is_in_index in (False, True):
        if is_in_index:
            async with database.transaction() as transaction:
                assert await search_index.add_page(transaction) == 2 * len(SCRIPTS)
            assert not await search_index.is_behind(database.read)
        found = {text: await _numbers(database, *text.split()) for text in numbers}
        assert found == {text: [number] for text, number in numbers.items()}
        assert await _numbers(database, "か", "zebra") == []
    await _done(database, 50, "a fox of today")
    assert await _numbers(database, "fox") == [2 * len(SCRIPTS) + 1]


async def test_filters_hold_before_and_after_the_index(database: Database) -> None:
    wide, tall = Grid(84, 48), Grid(40, 78)
    await _done(database, 1, "a fox", grid=wide)
    await _done(database, 2, "a fox", kind=JobKind.EDIT, grid=tall)
    await _done(database, 3, "a wolf", grid=wide)
    for _ in range(2):
        for wanted, numbers in (
            (HistoryQuery(ADA, kind=JobKind.EDIT), [2]),
            (HistoryQuery(ADA, aspect=Aspect.WIDE_16_9), [3, 1]),
            (HistoryQuery(ADA, aspect=Aspect.TALL_9_16), [2]),
            (HistoryQuery(ADA, ("fox",), aspect=Aspect.WIDE_16_9), [1]),
            (HistoryQuery(ADA, since_ms=START_MS), [3, 2, 1]),
            (HistoryQuery(ADA, since_ms=START_MS + 1), []),
            (HistoryQuery(ADA, with_references=True), []),
        ):
            assert [job.number for job in await history.older(database.read, wanted, None, 3)] == numbers
            newer = await history.newer(database.read, wanted, 0, 3)
            assert [job.number for job in newer] == numbers
        async with database.transaction() as transaction:
            await search_index.add_page(transaction)


async def test_what_is_deleted_leaves_the_index_and_after_a_clearing_the_file(
    database: Database, database_file: Path
) -> None:
    for index in range(1, 20):
        await _done(database, index, "qqxzzjw" if index == 7 else f"a fox {index}")
        async with database.transaction() as transaction:
            await search_index.add_page(transaction)
    async with database.transaction() as transaction:
        assert await deletion.delete(transaction, f"{7:024x}", 1, START_MS) is not None
        await search_index.remove(transaction, [f"{7:024x}"])  # a second time changes nothing
        await transaction.change("UPDATE jobs SET prompt = '' WHERE number = 7")
    assert await _numbers(database, "qqx") == []
    async with database.transaction() as transaction:
        await search_index.begin_clearing(transaction)
        while await search_index.clear_on(transaction):
            pass
    assert await database.truncate_log()
    assert b"qxz" not in database_file.read_bytes()
    assert await _numbers(database, "fox") == [19, 18, 17]
    assert (
        await database.read.number("SELECT COUNT(*) FROM search_tokens WHERE search_tokens MATCH 'fox'") == 18
    )
