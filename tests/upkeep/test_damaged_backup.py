"""How a restore handles a backup that was damaged or tampered with."""

import os
import shutil
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from kleinbot.domain.errors import Code
from kleinbot.upkeep.backup_files import MANIFEST
from kleinbot.upkeep.pairing import Pairing, require_database
from tests.upkeep.backup_place import FIRST, SECOND, THIRD, BackupPlace, refused, tamper
from tests.upkeep.installation import SERVER


@pytest.mark.parametrize(
    "values",
    [
        {"database": Path("..", "data", "kleinbot.sqlite3").as_posix()},
        {"database": "/etc/passwd"},
        {"database": ["x"]},
        {"left_out": ["../../secret.png"]},
        {"identity": "../x"},
        {"numbers": {"10": -1}},
        {"jobs": "many"},
        {"database_sha256": "0" * 64},
        {"database_bytes": 5},
        {"identity": "ab" * 16},
        {"format": "kleinbot-backup/2"},
    ],
)
async def test_a_manifest_that_is_not_as_it_was_is_refused(
    place: BackupPlace, values: dict[str, object]
) -> None:
    place.back_up()
    tamper(place, **values)
    assert refused(place.restore).code is Code.BACKUP_DAMAGED
    assert not place.target.file.exists()


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b"\xff", b"[" * 100_000])
async def test_a_manifest_that_cannot_be_read_is_refused(place: BackupPlace, content: bytes) -> None:
    place.back_up()
    (place.backup / MANIFEST).write_bytes(content)
    assert refused(place.restore).code is Code.BACKUP_DAMAGED
    assert refused(place.back_up).code is Code.BACKUP_DAMAGED


async def test_a_cut_or_changed_database_is_refused(place: BackupPlace) -> None:
    place.back_up()
    whole = place.database.read_bytes()
    for content in (whole[:-4096], whole[:5000] + b"x" + whole[5001:], b""):
        place.database.write_bytes(content)
        for act in (place.restore, place.check):
            assert refused(act).code is Code.BACKUP_DAMAGED
        assert not place.target.file.exists()
    place.database.unlink()
    assert refused(place.restore).code is Code.BACKUP_DAMAGED


async def test_a_log_beside_the_database_of_a_backup_is_not_mixed_in(place: BackupPlace) -> None:
    place.back_up()
    place.database.with_name(f"{place.database.name}-wal").write_bytes(b"x" * 100)
    for act in (place.restore, place.check):
        assert refused(act).code is Code.BACKUP_DAMAGED


def _changed(picture: Path) -> None:
    data = picture.read_bytes()
    picture.write_bytes(data[:-1] + b"?")


def _cut(picture: Path) -> None:
    picture.write_bytes(b"")


def _gone(picture: Path) -> None:
    picture.unlink()


def _linked(picture: Path) -> None:
    other = picture.rename(picture.with_name("elsewhere"))
    picture.symlink_to(other)


def _in_a_linked_folder(picture: Path) -> None:
    other = picture.parent.rename(picture.parents[3] / "elsewhere")
    picture.parent.symlink_to(other)


def _folder(picture: Path) -> None:
    picture.unlink()
    picture.mkdir()


def _pipe(picture: Path) -> None:
    picture.unlink()
    os.mkfifo(picture)


@pytest.mark.skipif(sys.platform == "win32", reason="links need a right of their own there")
@pytest.mark.parametrize("spoil", [_changed, _cut, _gone, _linked, _in_a_linked_folder, _folder, _pipe])
async def test_pictures_that_are_not_as_they_were_are_restored_only_around(
    place: BackupPlace, spoil: Callable[[Path], None]
) -> None:
    place.back_up()
    spoil(place.backup / "archive" / f"images/{SERVER}/{FIRST}-0.png")
    left = set() if spoil is _in_a_linked_folder else {f"images/{SERVER}/{SECOND}-0.png"}
    for act in (place.check, place.restore):
        assert refused(act).code is Code.BACKUP_PICTURES_DAMAGED
        assert f"images/{SERVER}/{FIRST}-0.png" in place.said
    assert not place.target.file.exists()
    assert place.restore(without_damaged=True)
    assert place.target.files() == left
    assert place.target.start() is Pairing.TOGETHER


async def test_a_row_that_names_a_file_elsewhere_copies_nothing_from_there(place: BackupPlace) -> None:
    secret = place.root / "secret.png"
    secret.write_bytes(b"secret")
    with closing(sqlite3.connect(place.source.file)) as connection, connection:
        connection.execute("UPDATE images SET file = '../../secret.png' WHERE job_id = ?", (FIRST,))
    place.back_up()
    assert place.said[-1] == "../../secret.png"
    assert "left_out" in (place.backup / MANIFEST).read_text()
    assert not any(path.name == "secret.png" for path in place.backup.rglob("*"))


async def test_another_backup_than_the_interrupted_one_begins_anew(place: BackupPlace) -> None:
    place.back_up()
    other = place.root / "other"
    shutil.copytree(place.backup, other)
    _gone(other / "archive" / f"images/{SERVER}/{FIRST}-0.png")
    await place.source.draw(THIRD)
    place.back_up()
    whole, place.backup = place.backup, other
    assert refused(place.restore).code is Code.BACKUP_PICTURES_DAMAGED
    place.backup = whole
    assert place.restore()
    assert list(place.target.folder.glob("kleinbot-re*")) == []
    assert len(place.target.files()) == 3


@pytest.mark.parametrize("content", ["{", '{"stage": "../x", "aside": "..", "phase": "switching"}'])
async def test_a_note_that_is_not_understood_stops_everything(place: BackupPlace, content: str) -> None:
    place.back_up()
    place.target.folder.mkdir()
    (place.target.folder / "kleinbot.restore.json").write_text(content)
    assert refused(place.restore).code is Code.RESTORE_NOTE_UNREADABLE
    stopped = refused(lambda: require_database(place.target.file, place.target.root))
    assert stopped.code is Code.RESTORE_NOTE_UNREADABLE
