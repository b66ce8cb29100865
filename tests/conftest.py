"""What tests in several rooms stand on."""

import gc
import os
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


@pytest.fixture
def clean_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in an empty folder, with none of the settings that this machine may have."""
    for name in list(os.environ):
        if name.startswith("KLEINBOT_") or name == "DISCORD_TOKEN":
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path
