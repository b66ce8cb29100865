import os
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from kleinbot.sandbox import FakeDiscord
from tests.e2e.bot_processes import BotSpawner, running_spawner
from tests.e2e.bots import Bots
from tests.e2e.running_bot import BotEnvironment, ShiftedClock, build_environment
from tests.klein.tiny import ensure_tiny
from tests.openapi import Checker


@pytest.fixture(autouse=True)
def no_gc_freeze(monkeypatch: pytest.MonkeyPatch) -> None:
    """A full collection over pytest's objects takes 0.3 s for each bot; separate bot processes do freeze."""
    monkeypatch.setattr("kleinbot.app.card.freeze", lambda: None)
    monkeypatch.setattr("kleinbot.app.lifecycle.unfreeze", lambda: None)


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return ensure_tiny(tmp_path_factory.mktemp("model") / "tiny-klein")


@pytest.fixture
async def environment(tmp_path: Path, tiny: Path) -> AsyncIterator[BotEnvironment]:
    clock = ShiftedClock()
    checker = Checker.from_environment(os.environ)
    async with FakeDiscord(now=clock.unix_s) as standin:
        standin.on_exchange.append(checker.check)
        yield build_environment(standin, clock, tmp_path / "data", tiny)
    assert checker.findings == []


@pytest.fixture(scope="session")
def spawner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BotSpawner]:
    if sys.platform == "win32":
        pytest.skip("needs fork")
    with running_spawner(tmp_path_factory.mktemp("spawner") / "stderr") as spawner:
        yield spawner


@pytest.fixture
def bots(environment: BotEnvironment, spawner: BotSpawner) -> Bots:
    return Bots(environment, spawner)
