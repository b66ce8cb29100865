"""The entry point: its message when it cannot run, and how little it imports."""

import ast
import importlib.util
import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import bot
from kleinbot.process.supervisor import RESTART_CODE
from tests.processes import finished

ROOT = Path(bot.__file__).parent
TOKEN = ".".join(("A" * 24, "b" * 6, "c" * 38))
HEAVY = ("torch", "discord", "diffusers", "transformers", "numpy", "PIL")


pytestmark = pytest.mark.usefixtures("clean_folder")


def python(code: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-c", code, *arguments]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return finished(command, env=environment)


IMPORTED = """
import json, runpy, sys
sys.argv = ["bot.py", *sys.argv[2:]]
try:
    runpy.run_path(entry, run_name="__main__")
finally:
    print(json.dumps(sorted(sys.modules)))
"""


@pytest.mark.parametrize("command", ["--help", "version", "settings"])
def test_looking_around_imports_nothing_heavy(command: str) -> None:
    done = python(f"entry = {str(ROOT / 'bot.py')!r}\n{IMPORTED}", "--", command)
    assert done.returncode == 0, done.stderr
    modules = json.loads(done.stdout.splitlines()[-1])
    assert "kleinbot.cli" in modules
    assert not set(HEAVY) & set(modules)


def test_the_parent_imports_nothing_heavy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISCORD_TOKEN", TOKEN)
    stand_in = """
import kleinbot.cli, sys
class Child:
    def wait(self, timeout=None): return 0
kleinbot.cli.start_child = lambda command: Child()
"""
    done = python(f"{stand_in}entry = {str(ROOT / 'bot.py')!r}\n{IMPORTED}", "--", "run")
    assert done.returncode == 0, done.stderr
    assert not set(HEAVY) & set(json.loads(done.stdout.splitlines()[-1]))


def test_a_lost_gpu_ends_the_child_though_a_thread_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISCORD_TOKEN", TOKEN)
    code = f"""
import sys, threading, types
app = types.ModuleType("kleinbot.entrances")
async def serve(settings, on_ending):
    threading.Thread(target=threading.Event().wait).start()
    return {RESTART_CODE}
app.serve = serve
sys.modules["kleinbot.entrances"] = app
import bot
sys.argv = ["bot.py", "serve"]
bot.main()
"""
    assert python(code).returncode == RESTART_CODE


def test_an_old_python_is_told_in_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 10, 4, "final", 0))
    with pytest.raises(SystemExit) as caught:
        bot.main()
    assert caught.value.code == (
        f"kleinbot needs Python 3.11 or newer, and this is 3.10.4; with a newer one, run: {bot.INSTALL}"
    )


def test_an_old_python_can_read_the_entry() -> None:
    ast.parse((ROOT / "bot.py").read_text("utf-8"), feature_version=(3, 7))


@pytest.fixture
def torch_and_discord_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    found = importlib.util.find_spec
    missing = ("torch", "discord")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name in missing else found(name))


@pytest.mark.usefixtures("torch_and_discord_missing")
def test_missing_packages_are_told_in_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bot, "VENV_PYTHON", tmp_path / "python")
    with pytest.raises(SystemExit) as caught:
        bot.main()
    assert (
        caught.value.code
        == f"kleinbot cannot start without discord.py, torch; in its folder, run: {bot.INSTALL}"
    )


def test_the_entry_looks_for_exactly_the_projects_dependencies() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    unconditional = {wanted.split(">=")[0] for wanted in project["dependencies"] if ";" not in wanted}
    assert set(bot.MODULES) == unconditional
    assert project["requires-python"] == f">={'.'.join(map(str, bot.OLDEST_PYTHON))}"


@pytest.mark.usefixtures("torch_and_discord_missing")
def test_the_wrong_python_beside_a_finished_installation_is_told_the_right_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "python").touch()
    monkeypatch.setattr(bot, "VENV_PYTHON", tmp_path / "python")
    monkeypatch.setattr(bot, "VENV", tmp_path)
    with pytest.raises(SystemExit) as caught:
        bot.main()
    assert str(caught.value.code).startswith(
        f"This Python lacks discord.py, torch; in kleinbot's folder, run: {bot.VENV_START} "
    )
