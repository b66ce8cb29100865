"""The built database is one that the bot could have written."""

import sqlite3
from contextlib import closing
from pathlib import Path

from tests.manual_clock import START_MS
from tests.store.million import Scale, build
from tests.store.paths import measure

SAMPLE = Scale(jobs=600, members=30, servers=3, open=10)


def test_a_sample_keeps_every_rule_of_the_schema_and_is_the_same_each_time(tmp_path: Path) -> None:
    prompts = []
    for name in ("first", "second"):
        build(tmp_path / name, SAMPLE, START_MS)
        with closing(sqlite3.connect(tmp_path / name)) as connection:
            assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            prompts.append(connection.execute("SELECT job_id, prompt FROM jobs ORDER BY job_id").fetchall())
            (wrong,) = connection.execute(
                "SELECT COUNT(*) FROM jobs j WHERE pictures !="
                " (SELECT COUNT(*) FROM images i WHERE i.job_id = j.job_id AND i.state = 'done')"
            ).fetchone()
            assert wrong == 0
    assert prompts[0] == prompts[1]
    assert len(prompts[0]) == SAMPLE.jobs


async def test_a_sample_of_the_paths_is_asked_as_the_whole_is(tmp_path: Path) -> None:
    file = tmp_path / "kleinbot.sqlite3"
    build(file, SAMPLE, START_MS)
    figures = await measure(file, tmp_path, times=3)
    assert len({figure.path for figure in figures}) == len(figures) > 20
    assert all(figure.wall_ms for figure in figures)
