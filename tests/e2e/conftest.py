import os
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from kleinbot.sandbox import FakeDiscord
from tests.e2e.bot_processes import Nursery, opened_nursery
from tests.e2e.bots import Bots
from tests.e2e.running_bot import ShiftedClock, Stage, build_stage
from tests.klein.tiny import ensure_tiny
from tests.openapi import Checker


@pytest.fixture(autouse=True)
def garbage_as_usual(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looking over pytest's objects takes 0.3 s for each bot; those in processes of their own do it."""
    monkeypatch.setattr("kleinbot.app.lifecycle.freeze", lambda: None)
    monkeypatch.setattr("kleinbot.app.lifecycle.unfreeze", lambda: None)


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return ensure_tiny(tmp_path_factory.mktemp("model") / "tiny-klein")


@pytest.fixture
async def stage(tmp_path: Path, tiny: Path) -> AsyncIterator[Stage]:
    clock = ShiftedClock()
    checker = Checker.from_environment(os.environ)
    async with FakeDiscord(now=clock.unix_s) as standin:
        standin.on_exchange.append(checker.check)
        yield build_stage(standin, clock, tmp_path / "data", tiny)
    assert checker.findings == []


@pytest.fixture(scope="session")
def nursery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nursery]:
    if sys.platform == "win32":
        pytest.skip("needs fork")
    with opened_nursery(tmp_path_factory.mktemp("nursery") / "stderr") as nursery:
        yield nursery


@pytest.fixture
def bots(stage: Stage, nursery: Nursery) -> Bots:
    return Bots(stage, nursery)
