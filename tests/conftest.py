"""What tests in several rooms stand on, and which of them are fast."""

import gc
import os
import re
from functools import cache
from pathlib import Path

import pytest

SET_ASIDE_AT_LEAST = 10_000

gc.disable()  # until the first test: of what is imported and collected nothing is garbage
SEEN_TO: pytest.StashKey[Path] = pytest.StashKey()
"""For the tests of which file it was last seen to that what was imported is set aside."""


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Set aside what was imported, once: each full look over it takes a quarter of a second.

    Engines and bots ask for such looks when they end; a bot also undoes this when it ends. Seen to once for
    each file: the interpreter counts what is set aside one by one, which takes a twentieth of a second.
    """
    if item.session.stash.get(SEEN_TO, None) == item.path:
        return
    item.session.stash[SEEN_TO] = item.path
    gc.enable()
    if gc.get_freeze_count() < SET_ASIDE_AT_LEAST:
        gc.collect()
        gc.freeze()


SLOW_FOLDERS = frozenset({"bench", "e2e", "engine", "golden", "gpu", "klein", "klein_small"})
"""Where each test runs a model or the whole bot."""

_IS_SLOW = re.compile(
    r"^(?:from|import) (?:torch|diffusers|transformers|skimage|subprocess|hypothesis\.stateful"
    r"|tests\.(?:processes|bench|e2e|engine|golden|klein|klein_small))\b"
    r"|^pytestmark = .*\bpytest\.mark\.slow\b",
    re.MULTILINE,
)
"""A file that imports what starts a model, a process or a campaign, or that says so itself."""


@cache
def is_slow(file: Path) -> bool:
    """Tell whether the tests of ``file`` are slow: by its folder, by what it imports or by its own word."""
    folder = file.relative_to(Path(__file__).parent).parts[0]
    if folder in SLOW_FOLDERS:
        return True
    return file.suffix == ".py" and _IS_SLOW.search(file.read_text("utf-8")) is not None


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out what ``-m fast`` would only import, and what it imports takes longer than the fast tests."""
    is_of_ours = Path(__file__).parent in collection_path.parents
    return (config.option.markexpr == "fast" and is_of_ours and is_slow(collection_path)) or None


def pytest_itemcollected(item: pytest.Item) -> None:
    if item.get_closest_marker("slow") is None:
        item.add_marker("slow" if is_slow(item.path) else "fast")


@pytest.fixture
def clean_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in an empty folder, with none of the settings that this machine may have."""
    for name in list(os.environ):
        if name.startswith("KLEINBOT_") or name == "DISCORD_TOKEN":
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path
