"""An installation, its backup and its restored copy, for the tests of backups."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from kleinbot.config.settings import Settings
from kleinbot.domain.errors import StartError
from kleinbot.texts import Texts
from kleinbot.upkeep.backup import BackupCommand
from kleinbot.upkeep.backup_files import MANIFEST, BackupStep, read_manifest
from kleinbot.upkeep.restore import RestoreCommand
from tests.upkeep.installation import Installation

FIRST, SECOND, THIRD = "a" * 24, "b" * 24, "c" * 24


class BackupPlace:
    """An installation with two pictures, and the paths of its backup and its restored copy."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.source = Installation(root / "data")
        self.source.folder.mkdir()
        self.source.start()
        self.backup = root / "backup"
        self.target = Installation(root / "restored")
        self.said: list[str] = []
        self.asked: list[str] = []

    def back_up(self, reached: Callable[[BackupStep], None] = lambda _: None) -> None:
        settings = Settings(data_folder=self.source.folder)
        BackupCommand(settings, self.backup, self.said.append, reached=reached).make()

    def restore(self, *, agrees: bool = False, without_damaged: bool = False) -> bool:
        return self._restorer(agrees).restore(without_damaged=without_damaged)

    def check(self) -> None:
        self._restorer(agrees=False).check()

    def _restorer(self, agrees: bool) -> RestoreCommand:
        def answer(question: str) -> bool:
            self.asked.append(question)
            return agrees

        return RestoreCommand(Settings(data_folder=self.target.folder), self.backup, self.said.append, answer)

    @property
    def database(self) -> Path:
        manifest = read_manifest(self.backup)
        assert manifest is not None
        return self.backup / manifest.database


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not path.is_symlink()
    }


def refused(act: Callable[[], object]) -> StartError:
    with pytest.raises(StartError) as raised:
        act()
    assert Texts().error(raised.value)
    return raised.value


def tamper(place: BackupPlace, **values: object) -> None:
    file = place.backup / MANIFEST
    file.write_text(json.dumps({**json.loads(file.read_text()), **values}))
