"""A copy of the database is of one moment and comes to its end, however much is written meanwhile."""

import sqlite3
from contextlib import closing
from pathlib import Path

from kleinbot.store.snapshot import copy_database, damage_of, database_bytes

ROWS, ROW_BYTES = 6000, 4000


def test_a_writer_neither_waits_nor_makes_the_copy_begin_anew(tmp_path: Path) -> None:
    file, copy = tmp_path / "database", tmp_path / "copy"
    with closing(sqlite3.connect(file, isolation_level=None)) as writer:
        writer.execute("PRAGMA journal_mode = WAL")
        writer.execute("PRAGMA busy_timeout = 0")
        writer.execute("CREATE TABLE rows (content BLOB)")
        writer.execute(
            f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {ROWS})"
            f" INSERT INTO rows SELECT randomblob({ROW_BYTES}) FROM n"
        )
        told: list[tuple[int, int]] = []

        def write_meanwhile(done: int, total: int) -> None:
            told.append((done, total))
            assert len(told) < ROWS, "it begins anew at each write"
            writer.execute("INSERT INTO rows VALUES ('later')")
            writer.execute("PRAGMA wal_checkpoint(PASSIVE)")

        expected_bytes = database_bytes(file)
        copy_database(file, copy, write_meanwhile)
        assert writer.execute("SELECT COUNT(*) FROM rows").fetchone() == (ROWS + len(told),)
    assert len(told) > 1
    assert [done for done, _ in told] == sorted({done for done, _ in told})
    assert {total for _, total in told} == {told[-1][0]}
    assert copy.stat().st_size == expected_bytes
    assert damage_of(copy) is None
    with closing(sqlite3.connect(copy)) as connection:
        assert connection.execute("SELECT COUNT(*) FROM rows").fetchone() == (ROWS,)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("delete",)
    assert {path.name for path in tmp_path.glob("copy*")} == {"copy"}
