"""Only files proven to belong to this database are swept; everything else stays."""

import errno
import os
import sqlite3
import sys
import time
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from kleinbot.archive.archive import Archive
from kleinbot.archive.names import ArchiveFolder
from kleinbot.store.results import picture_rows
from kleinbot.upkeep.sweep import PAGE_FILES, Sweep
from tests.manual_clock import START_MS, ManualClock
from tests.store.million import Scale, build
from tests.upkeep.installation import SERVER, Installation, passed


async def test_files_of_jobs_that_ended_without_them_go(installation: Installation) -> None:
    kept = await installation.draw("a" * 24)
    await installation.accept("b" * 24)
    cancelled = await installation.put("b" * 24)
    await installation.accept("c" * 24)
    waiting = await installation.put("c" * 24)
    await installation.cancel("b" * 24)
    assert cancelled in installation.files()

    sweep = installation.sweep()

    assert installation.files() == {*kept, waiting}
    assert (sweep.counts.removed, sweep.counts.removed_bytes) == (1, len(b"orphan"))


@pytest.mark.skipif(sys.platform != "linux", reason="needs /dev/full")
async def test_a_full_disk_is_swept_too(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    """The probe file for the file system's time is created but cannot be written."""
    await installation.accept("b" * 24)
    await installation.put("b" * 24)
    await installation.cancel("b" * 24)

    def full(path: str, flags: int) -> int:
        os.close(os.open(path, flags, 0o600))
        return os.open("/dev/full", os.O_WRONLY)

    with monkeypatch.context() as patched:
        patched.setattr("kleinbot.process.private_files.opener", full)
        sweep = installation.sweep()
    assert sweep.failures == []
    assert installation.files() == set()


async def test_files_of_deleted_results_go(installation: Installation) -> None:
    await installation.draw("a" * 24)
    with closing(sqlite3.connect(installation.file)) as connection, connection:
        connection.execute("UPDATE jobs SET deleted_ms = 1")
    installation.sweep()
    assert installation.files() == set()
    assert not (installation.root / f"images/{SERVER}").exists()


async def test_input_pictures_of_jobs_that_never_were_go_with_what_writes_left(
    installation: Installation,
) -> None:
    kept = await installation.draw("a" * 24)
    await installation.put("b" * 24, ArchiveFolder.REFERENCES)
    part = installation.root / f"images/{SERVER}/k3x-0.png.{'ab' * 8}.tmp"
    part.write_bytes(b"half")
    foreign = installation.root / f"images/{SERVER}/notes of the host.png.txt"
    foreign.write_bytes(b"keep")
    installation.make_old()
    assert installation.sweep().counts.removed == 2
    assert installation.files() == {*kept, foreign.relative_to(installation.root).as_posix()}


async def test_pictures_of_jobs_that_this_database_never_had_stay(installation: Installation) -> None:
    await installation.draw("a" * 24)
    unknown = await installation.put("b" * 24)
    reference = await installation.put("b" * 24, ArchiveFolder.REFERENCES)
    sweep = installation.sweep()
    assert {unknown, reference} < installation.files()
    assert (sweep.counts.unknown_images, sweep.counts.unknown_references, sweep.counts.removed) == (1, 1, 0)


async def test_a_picture_that_lies_with_another_server_is_not_ours_to_remove(
    installation: Installation,
) -> None:
    [name] = await installation.draw("a" * 24)
    strange = installation.root / name.replace(f"/{SERVER}/", "/11/")
    strange.parent.mkdir()
    (installation.root / name).rename(strange)
    with closing(sqlite3.connect(installation.file)) as connection, connection:
        connection.execute("UPDATE jobs SET deleted_ms = 1")
    installation.make_old()
    assert installation.sweep().counts.unknown_images == 1
    assert strange.exists()


async def test_young_files_stay(installation: Installation) -> None:
    await installation.accept("b" * 24)
    name = await installation.put("b" * 24)
    await installation.cancel("b" * 24)
    os.utime(installation.root / name)
    assert installation.sweep().counts.removed == 0


async def test_where_nothing_is_to_be_removed_nothing_is(installation: Installation) -> None:
    await installation.draw("a" * 24)
    await installation.accept("b" * 24)
    await installation.put("b" * 24)
    await installation.cancel("b" * 24)
    before = installation.files()
    sweep = installation.sweep(removes=False)
    assert (sweep.counts.kept, sweep.counts.ours, sweep.counts.removed) == (1, 1, 0)
    assert installation.files() == before


async def test_a_picture_that_gets_its_row_during_a_sweep_stays(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its job looks ended at the first check, and its row exists at the second."""
    [name] = await installation.draw("a" * 24)
    with closing(sqlite3.connect(installation.file)) as connection, connection:
        connection.execute("UPDATE jobs SET deleted_ms = 1")
    old_files = Archive.old_files

    def row_comes(archive: Archive, names: Any, failures: list[OSError]) -> list[str]:
        found = old_files(archive, names, failures)
        with closing(sqlite3.connect(installation.file)) as connection, connection:
            connection.execute("UPDATE jobs SET deleted_ms = NULL")
        return found

    monkeypatch.setattr(Archive, "old_files", row_comes)
    assert installation.sweep().counts.removed == 0
    assert installation.files() == {name}


@pytest.mark.parametrize("behind_s", [4200, -4200])
async def test_a_picture_just_put_stays_whatever_the_file_servers_clock_says(
    installation: Installation, behind_s: int
) -> None:
    """Its file server stamps it 70 minutes old, or in the future."""
    clock = ManualClock()
    archive = Archive(installation.root, clock=clock)
    await installation.accept("b" * 24)
    await installation.cancel("b" * 24)
    stored = await archive.put(SERVER, "b" * 24, 0, b"pixels")
    stamped_s = time.time() - behind_s
    os.utime(installation.root / stored.path, (stamped_s, stamped_s))
    assert (
        passed(Sweep(archive.root, installation.file, remover=archive, is_together=True)).counts.removed == 0
    )
    clock.advance(3601)
    removed = passed(Sweep(archive.root, installation.file, remover=archive, is_together=True)).counts.removed
    assert removed == (1 if behind_s > 0 else 0)
    await archive.close()


async def test_age_is_judged_by_the_clock_that_stamps_the_files(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file server's clock is two hours behind, but a new file is not treated as old."""
    await installation.accept("b" * 24)
    name = await installation.put("b" * 24)
    await installation.cancel("b" * 24)
    os.utime(installation.root / name, (time.time() - 7200, time.time() - 7200))
    stat = Path.stat

    def behind(path: Path, **options: Any) -> os.stat_result:
        facts = stat(path, **options)
        if not path.name.startswith("kleinbot.now."):
            return facts
        return os.stat_result(list(facts), {"st_mtime_ns": facts.st_mtime_ns - 7200 * 10**9})

    with monkeypatch.context() as patched:
        patched.setattr(Path, "stat", behind)
        assert installation.sweep().counts.removed == 0
    assert installation.sweep().counts.removed == 1
    assert not list(installation.root.glob("kleinbot.now.*"))


async def test_what_cannot_be_removed_is_counted_and_keeps_nothing_else(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = await installation.draw("a" * 24, "b" * 24)
    more = await installation.draw("c" * 24, server_id=11)
    with closing(sqlite3.connect(installation.file)) as connection, connection:
        connection.execute("UPDATE jobs SET deleted_ms = 1")
    unlink, scandir = Path.unlink, os.scandir

    def in_use(path: Path, missing_ok: bool = False) -> None:
        if path.name.startswith("a" * 24):
            raise PermissionError(errno.EACCES, "in use by another process", str(path))
        unlink(path, missing_ok)

    def closed(path: Path) -> Any:
        if path.name == "11":
            raise PermissionError(errno.EACCES, "not yours", str(path))
        return scandir(path)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "unlink", in_use)
        patched.setattr(os, "scandir", closed)
        sweep = installation.sweep()
    assert (sweep.counts.removed, len(sweep.failures)) == (1, 2)
    assert installation.files() == {names[0], *more}


async def test_a_page_looks_at_few_files_and_asks_for_no_more_rows(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    await installation.draw(*(f"{number:024x}" for number in range(2 * PAGE_FILES + 1)))
    asked: list[int] = []
    real = picture_rows.jobs_of

    def noted(connection: sqlite3.Connection, job_ids: list[str]) -> Any:
        asked.append(len(job_ids))
        return real(connection, job_ids)

    monkeypatch.setattr(picture_rows, "jobs_of", noted)
    assert installation.sweep().counts.kept == 2 * PAGE_FILES + 1
    assert asked == [PAGE_FILES, PAGE_FILES, 1]


async def test_the_rows_of_a_page_are_searched_by_their_keys(installation: Installation) -> None:
    with picture_rows.reading(installation.file) as connection:
        plans: list[str] = []
        statements: list[str] = []
        connection.set_trace_callback(statements.append)
        picture_rows.jobs_of(connection, ["a" * 24])
        connection.set_trace_callback(None)
        statements = [statement for statement in statements if not statement.startswith("PRAGMA")]
        for statement in statements:
            plans += [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}")]
    assert len(statements) == 3
    assert not [plan for plan in plans if plan.startswith("SCAN") and "json_each" not in plan]


async def test_sweeping_an_empty_archive_is_no_error(installation: Installation) -> None:
    assert installation.sweep().counts.removed == 0


def test_a_start_finds_the_newest_picture_without_a_look_at_the_others(tmp_path: Path) -> None:
    steps = []
    for jobs in (500, 2_000):
        file = tmp_path / f"{jobs}.sqlite3"
        build(file, Scale(jobs=jobs, members=20, servers=2, open=10), START_MS)
        with picture_rows.reading(file) as connection:
            counted: list[int] = []
            connection.set_progress_handler(partial(counted.append, 1), 1)
            assert picture_rows.newest_file(connection) is not None
            picture_rows.numbers(connection)
            steps.append(len(counted))
    assert max(steps) < 2_000
