"""Fixtures for all tests, and the rule that marks tests as fast or slow."""

import asyncio
import gc
import os
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest

# Triton runs in its interpreter, on any machine. It decides at its first import, which torch may make.
os.environ["TRITON_INTERPRET"] = "1"

SET_ASIDE_AT_LEAST = 10_000

gc.disable()  # until the first test: no imported or collected object is garbage
SEEN_TO: pytest.StashKey[Path] = pytest.StashKey()
"""The test file for which the objects were last frozen."""


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Freeze all imported objects, once: each full collection over them takes a quarter of a second.

    Engines and bots request such collections when they end; a bot also undoes the freezing. Repeated only
    once per file: the interpreter counts frozen objects one by one, which takes a twentieth of a second.
    """
    if item.session.stash.get(SEEN_TO, None) == item.path:
        return
    item.session.stash[SEEN_TO] = item.path
    gc.enable()
    if gc.get_freeze_count() < SET_ASIDE_AT_LEAST:
        gc.collect()
        gc.freeze()


SLOW_FOLDERS = frozenset({"bench", "e2e", "engine", "golden", "gpu", "klein", "small_klein"})
"""Folders in which every test runs a model or the whole bot."""

_IS_SLOW = re.compile(
    r"^(?:from|import) (?:torch|diffusers|transformers|skimage|subprocess|hypothesis\.stateful"
    r"|tests\.(?:processes|bench|e2e|engine|golden|klein|small_klein))\b"
    r"|^pytestmark = .*\bpytest\.mark\.slow\b",
    re.MULTILINE,
)
"""A file that imports what starts a model, a process or a campaign, or that declares itself slow."""


@cache
def is_slow(file: Path) -> bool:
    """Return whether the tests of ``file`` are slow: by its folder, its imports or its own declaration."""
    folder = file.relative_to(Path(__file__).parent).parts[0]
    if folder in SLOW_FOLDERS:
        return True
    return file.suffix == ".py" and _IS_SLOW.search(file.read_text("utf-8")) is not None


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Skip files that ``-m fast`` would import in vain: their imports take longer than the fast tests."""
    is_of_ours = Path(__file__).parent in collection_path.parents
    return (config.option.markexpr == "fast" and is_of_ours and is_slow(collection_path)) or None


def pytest_itemcollected(item: pytest.Item) -> None:
    if item.get_closest_marker("slow") is None:
        item.add_marker("slow" if is_slow(item.path) else "fast")


@pytest.fixture
def clean_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in an empty folder, without any settings of this machine."""
    for name in list(os.environ):
        if name.startswith(("KLEINBOT_", "LC_")) or name in ("DISCORD_TOKEN", "LANG"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


class _ImpatientAsyncio:
    """``asyncio`` for the modules of discord.py, whose clock cannot be injected: waits are cut short."""

    def __getattr__(self, name: str) -> Any:
        return getattr(asyncio, name)

    async def sleep(self, delay_s: float, result: object = None) -> object:
        return await asyncio.sleep(min(delay_s, 0.01), result)


@pytest.fixture
def quick_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let discord.py wait milliseconds, not up to nine seconds, before it repeats or connects again.

    Not for tests of rate limits: it would not wait for those either.
    """
    for module in ("client", "http", "shard", "webhook.async_"):
        monkeypatch.setattr(f"discord.{module}.asyncio", _ImpatientAsyncio())
