"""Database and archive identify each other, and a mismatched archive is never swept."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from kleinbot.archive.mark import MARK_FILE, NO_DATABASE, read_mark
from kleinbot.domain.errors import Code, StartError
from kleinbot.domain.faults import FaultPoint, NoFaults
from kleinbot.store.members import servers
from kleinbot.upkeep.pairing import Pairing, bind, require_database
from tests.manual_clock import ManualClock
from tests.upkeep.installation import SERVER, Installation


class _KilledError(Exception):
    """Simulates the end of the process."""


class _Kill:
    def reach(self, point: FaultPoint) -> None:
        if point is FaultPoint.AFTER_IDENTITY:
            raise _KilledError


def _forget_identities(installation: Installation) -> None:
    """Turn it into an installation without identities."""
    (installation.root / MARK_FILE).unlink()
    with closing(sqlite3.connect(installation.file)) as connection, connection:
        connection.execute("DELETE FROM facts WHERE name = 'database-identity'")


async def test_an_installation_stays_together_over_restarts(installation: Installation) -> None:
    await installation.draw("a" * 24, "b" * 24)
    assert installation.start() is Pairing.TOGETHER
    mark = read_mark(installation.root)
    assert mark is not None
    assert mark.numbers == {SERVER: 2}


async def test_what_an_interrupted_write_of_the_mark_has_left_goes_at_the_next_start(
    installation: Installation,
) -> None:
    await installation.draw("a" * 24)
    left, foreign = (
        installation.root / name for name in (f"{MARK_FILE}.{'0' * 16}.tmp", "somebody-elses.json.tmp")
    )
    for path in (left, foreign):
        path.write_text("{")
    assert installation.start() is Pairing.TOGETHER
    assert not left.exists()
    assert foreign.exists()
    assert read_mark(installation.root) is not None


async def test_present_installations_adopt_each_other(installation: Installation) -> None:
    await installation.draw("a" * 24)
    _forget_identities(installation)
    assert installation.start() is Pairing.TOGETHER
    assert installation.start() is Pairing.TOGETHER


async def test_none_is_adopted_whose_newest_picture_is_not_there(installation: Installation) -> None:
    await installation.draw("a" * 24)
    [newest] = await installation.draw("b" * 24)
    _forget_identities(installation)
    (installation.root / newest).unlink()
    assert installation.start() is Pairing.OTHER
    # Nor after it has made pictures of its own.
    await installation.draw("c" * 24)
    assert installation.start() is Pairing.OTHER


async def test_a_lost_database_does_not_take_the_archive(installation: Installation) -> None:
    await installation.draw("a" * 24, "b" * 24)
    installation.lose_database()
    assert installation.start() is Pairing.OTHER
    await installation.draw("c" * 24)
    assert installation.start() is Pairing.OTHER
    assert installation.numbers() == [3]


async def test_an_archive_from_before_identities_is_not_taken_by_a_new_database_either(
    installation: Installation,
) -> None:
    await installation.draw("a" * 24)
    _forget_identities(installation)
    before = installation.copy_database("kept")
    installation.lose_database()
    assert installation.start() is Pairing.OTHER
    await installation.draw("c" * 24)
    assert installation.start() is Pairing.OTHER
    installation.lose_database()
    installation.put_back(before)
    assert installation.start() is Pairing.TOGETHER


async def test_the_right_database_put_back_is_at_home_again(installation: Installation) -> None:
    await installation.draw("a" * 24)
    kept = installation.copy_database("kept")
    installation.lose_database()
    assert installation.start() is Pairing.OTHER
    installation.lose_database()
    installation.put_back(kept)
    assert installation.start() is Pairing.TOGETHER


async def test_an_older_database_is_noticed_and_its_numbers_go_on_above(installation: Installation) -> None:
    await installation.draw("a" * 24)
    older = installation.copy_database("older")
    await installation.draw("b" * 24, "c" * 24)
    installation.put_back(older)
    assert installation.start() is Pairing.OLDER
    await installation.draw("d" * 24)
    assert installation.numbers() == [1, 4]
    # Its numbers have caught up, but it still lacks two jobs.
    assert installation.start() is Pairing.OLDER


async def test_a_server_that_an_older_database_does_not_know_keeps_its_numbers(
    installation: Installation,
) -> None:
    await installation.draw("a" * 24)
    older = installation.copy_database("older")
    await installation.draw("b" * 24, "c" * 24, server_id=11)
    installation.put_back(older)
    with closing(sqlite3.connect(installation.file)) as connection, connection:
        connection.execute("INSERT INTO facts (name, value) VALUES (?, '0.25')", (servers.NEWCOMER_FACT,))
    assert installation.start() is Pairing.OLDER
    await installation.draw("d" * 24, server_id=11)
    assert installation.numbers() == [1, 3]
    with closing(sqlite3.connect(installation.file)) as connection:
        shares = connection.execute("SELECT share FROM servers ORDER BY server_id").fetchall()
    assert shares == [(1.0,), (0.25,)]  # it joined later


async def test_a_copy_of_the_whole_folder_is_a_backup(installation: Installation, tmp_path: Path) -> None:
    names = await installation.draw("a" * 24)
    kept = shutil.copytree(installation.folder, tmp_path.with_name(f"{tmp_path.name}-copy"))
    await installation.draw("b" * 24)
    shutil.rmtree(installation.folder)
    restored = Installation(kept)
    assert restored.start() is Pairing.TOGETHER
    assert restored.sweep().counts.removed == 0
    assert restored.files() == set(names)
    await restored.draw("c" * 24)
    assert restored.numbers() == [1, 2]


@pytest.mark.parametrize("is_old", [False, True], ids=["new", "from before identities"])
async def test_a_kill_between_the_two_notes_changes_nothing(tmp_path: Path, is_old: bool) -> None:
    installation = Installation(tmp_path)
    if is_old:
        installation.start()
        await installation.draw("a" * 24)
        _forget_identities(installation)
    with pytest.raises(_KilledError):
        installation.start(_Kill())
    assert read_mark(installation.root) is None
    assert installation.start() is Pairing.TOGETHER
    await installation.draw("b" * 24)
    assert installation.start() is Pairing.TOGETHER


async def test_a_kill_while_another_database_is_noticed_does_not_make_it_the_owner(
    installation: Installation,
) -> None:
    await installation.draw("a" * 24)
    _forget_identities(installation)
    installation.lose_database()
    with pytest.raises(_KilledError):
        installation.start(_Kill())
    assert installation.start() is Pairing.OTHER


@pytest.mark.parametrize("loss", ["lost", "older"])
async def test_adopting_binds_for_good_also_after_a_kill(installation: Installation, loss: str) -> None:
    older = installation.copy_database("older")
    await installation.draw("a" * 24)
    installation.lose_database()
    if loss == "older":
        installation.put_back(older)
    assert installation.start() is not Pairing.TOGETHER
    with pytest.raises(_KilledError):
        bind(installation.file, installation.root, ManualClock(), _Kill())
    bind(installation.file, installation.root, ManualClock(), NoFaults())
    assert installation.start() is Pairing.TOGETHER
    await installation.draw("b" * 24)
    assert installation.numbers() == [2]
    assert installation.start() is Pairing.TOGETHER


async def test_an_archive_without_pictures_is_anybodys(installation: Installation) -> None:
    [name] = await installation.draw("a" * 24)
    (installation.root / name).unlink()
    installation.lose_database()
    assert installation.start() is Pairing.TOGETHER
    await installation.draw("b" * 24)
    assert installation.numbers() == [2]


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"database": "x"}', b"\xff", b"[" * 100_000])
async def test_a_mark_that_cannot_be_understood_is_nobodys(
    installation: Installation, content: bytes
) -> None:
    await installation.draw("a" * 24)
    (installation.root / MARK_FILE).write_bytes(content)
    mark = read_mark(installation.root)
    assert mark is not None
    assert mark.database == NO_DATABASE
    assert installation.start() is Pairing.OTHER


async def test_an_empty_database_beside_an_archive_is_not_taken_for_a_new_one(
    installation: Installation,
) -> None:
    await installation.draw("a" * 24)
    installation.lose_database()
    require_database(installation.file, installation.root)  # a missing file is a new database
    installation.file.touch()
    with pytest.raises(StartError) as refused:
        require_database(installation.file, installation.root)
    assert refused.value.code is Code.DATABASE_EMPTY
    with closing(sqlite3.connect(installation.file)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("VACUUM")
    assert installation.file.stat().st_size > 0
    with pytest.raises(StartError) as refused:
        require_database(installation.file, installation.root)
    assert refused.value.code is Code.DATABASE_EMPTY


@pytest.mark.parametrize("share", [0.0, 0.5, 0.99])
@pytest.mark.parametrize("least", [1, 15, 100, 512, 4096])
async def test_a_truncated_database_is_refused(installation: Installation, least: int, share: float) -> None:
    await installation.draw("a" * 24)
    data = installation.file.read_bytes()
    installation.file.write_bytes(data[: max(least, int(len(data) * share))])
    before = installation.file.read_bytes()
    with pytest.raises((StartError, sqlite3.DatabaseError)) as refused:
        require_database(installation.file, installation.root)
        installation.start()
    if isinstance(refused.value, StartError):
        assert refused.value.code in (Code.DATABASE_DAMAGED, Code.DATABASE_EMPTY)
    assert installation.file.read_bytes() == before


async def test_an_empty_database_in_an_empty_folder_is_new(tmp_path: Path) -> None:
    installation = Installation(tmp_path)
    installation.file.touch()
    require_database(installation.file, installation.root)
    assert installation.start() is Pairing.TOGETHER
