"""Tags of the former two lanes become tags of one order."""

import sqlite3
from contextlib import closing
from pathlib import Path

from kleinbot.store.migrations import load_migrations, migrate
from tests.manual_clock import ManualClock

_ONE_ORDER = 13
_LINE, _SERVER, _ADA, _BOB = (0, 0), (10, 0), (10, 1), (10, 2)


def test_who_was_ahead_in_either_lane_is_ahead_by_both(tmp_path: Path) -> None:
    file = tmp_path / "db"
    migrations = load_migrations()
    migrate(file, migrations[: _ONE_ORDER - 1], ManualClock())
    old = [
        ("token", *_LINE, 0, 1000),
        ("token", *_SERVER, 1300, 500),
        ("token", *_ADA, 520, 0),
        ("relaxed", *_LINE, 0, 70),
        ("relaxed", *_SERVER, 90, 40),
        ("relaxed", *_ADA, 47, 0),
        ("relaxed", *_BOB, 45, 0),
        ("relaxed", 11, 0, 60, 9),  # not ahead
        ("relaxed", 11, 3, 12, 0),
    ]
    with closing(sqlite3.connect(file)) as connection:
        connection.executemany("INSERT INTO queue_tags VALUES (?, ?, ?, ?, ?)", old)
        connection.commit()
    migrate(file, migrations, ManualClock())
    with closing(sqlite3.connect(file)) as connection:
        rows = connection.execute("SELECT * FROM queue_tags ORDER BY server_id, member_id").fetchall()
    assert rows == [
        (*_LINE, 0, 1000),
        (*_SERVER, 1000 + 300 + 20, 500),
        (*_ADA, 500 + 20 + 7, 0),
        (*_BOB, 500 + 5, 0),
        (11, 0, 1000, 0),
        (11, 3, 3, 0),
    ]
