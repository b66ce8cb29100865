"""What tests in several rooms stand on."""

import gc
import os
from pathlib import Path

import pytest

SET_ASIDE_AT_LEAST = 10_000


def pytest_runtest_setup() -> None:
    """Set aside what was imported, once: each full look over it takes a quarter of a second.

    Engines and bots ask for such looks when they end; a bot also undoes this when it ends.
    """
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
