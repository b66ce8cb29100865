"""What depends on how kleinbot is installed, seen from this clone."""

import sys
import tomllib
from pathlib import Path

import pytest

from kleinbot import __version__
from kleinbot.installation import CLONE, COGS, MIGRATIONS, PROGRAM, make_cogs_importable, own_command
from kleinbot.texts import Texts, languages

ROOT = Path(__file__).parents[2]


def test_a_clone_has_cogs_and_migrations_beside_the_package() -> None:
    assert (CLONE, COGS, MIGRATIONS) == (ROOT, ROOT / "cogs", ROOT / "migrations")
    assert any(MIGRATIONS.glob("*.sql"))


def test_the_child_is_this_bot_in_this_python() -> None:
    assert own_command("serve") == [sys.executable, str(ROOT / "bot.py"), "serve"]


def test_cogs_are_ours_whatever_else_has_that_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "cogs").mkdir()
    (tmp_path / "cogs" / "__init__.py").write_text("raise AssertionError('of another program')")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "cogs", raising=False)
    make_cogs_importable()
    assert list(sys.modules["cogs"].__path__) == [str(COGS)]


@pytest.mark.parametrize("language", languages())
def test_sentences_name_the_command_as_it_is_typed_here(language: str) -> None:
    assert PROGRAM == "python bot.py"
    assert "python bot.py sandbox" in Texts().say(language, "error-token-missing")


def test_the_version_is_the_one_that_is_packaged() -> None:
    assert tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"] == __version__
