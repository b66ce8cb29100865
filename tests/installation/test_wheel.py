"""A wheel holds what kleinbot needs and nothing else, and runs in an empty folder."""

import sqlite3
import zipfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from kleinbot import __version__
from kleinbot.process.private_files import open_to_others
from kleinbot.store.migrations import load_migrations, migrate
from tests.installation.wheel import ROOT, Installed, build, clean_environment, install
from tests.manual_clock import ManualClock
from tests.processes import finished

OLD_SCHEMA = 5
ANSWERED_S = 240.0
NEEDED_DATA = ("content/lists/*/*.txt", "small_klein/checkpoint/**/*", "texts/*/*.ftl")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def _modules() -> Iterator[str]:
    for file in (ROOT / "kleinbot").rglob("*.py"):
        name = file.relative_to(ROOT).as_posix()
        if not name.startswith("kleinbot/small_klein/training/"):
            yield name


def test_a_wheel_holds_every_module_text_weight_and_migration(names: set[str]) -> None:
    needed = set(_modules())
    needed |= {f"kleinbot/_cogs/{file.name}" for file in (ROOT / "cogs").glob("*.py")}
    needed |= {f"kleinbot/_migrations/{file.name}" for file in (ROOT / "migrations").glob("*.sql")}
    for pattern in NEEDED_DATA:
        files = [file for file in (ROOT / "kleinbot").glob(pattern) if file.is_file()]
        assert files
        needed |= {file.relative_to(ROOT).as_posix() for file in files}
    assert {name for name in names if ".dist-info/" not in name} == needed


def test_a_wheel_puts_kleinbot_alone_at_the_top(names: set[str]) -> None:
    assert {name.partition("/")[0] for name in names} == {"kleinbot", f"kleinbot-{__version__}.dist-info"}


def _old_database(file: Path) -> None:
    file.parent.mkdir(parents=True)
    migrate(file, load_migrations()[:OLD_SCHEMA], ManualClock())


def _version(file: Path) -> int:
    with closing(sqlite3.connect(file)) as connection:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _says(installed: Installed, folder: Path, *arguments: str) -> str:
    done = finished([installed.kleinbot, *arguments], cwd=folder, env=clean_environment(), ends_s=ANSWERED_S)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.timeout(600)
def test_an_installed_wheel_draws_in_an_empty_folder_and_migrates_an_old_database(
    wheel: Path, tmp_path: Path
) -> None:
    installed = install(wheel, tmp_path / "environment")
    folder = tmp_path / "empty"
    folder.mkdir()
    assert _says(installed, folder, "--version") == f"kleinbot {__version__}\n"
    assert list(folder.iterdir()) == []

    database = folder / "data" / "sandbox" / "kleinbot.sqlite3"
    _old_database(database)
    # Others' folders of these names must not be taken for ours.
    for name in ("cogs", "migrations"):
        (folder / name).mkdir()
        (folder / name / "__init__.py").write_text("raise AssertionError('of another program')")
    said = _says(installed, folder, "sandbox", "--run", '/imagine prompt:"a red circle" count:1')
    picture = folder / said.splitlines()[-1]
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert open_to_others(database.parent) == []
    assert _version(database) == len(load_migrations())
    assert [_version(file) for file in database.parent.glob("kleinbot-v*.backup")] == [OLD_SCHEMA]
