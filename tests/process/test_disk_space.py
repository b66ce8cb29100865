"""A start on a full disk: it prints a sentence, waits, and writes nothing."""

import logging
from pathlib import Path

import pytest

from kleinbot.app.opening import opened
from kleinbot.config.settings import Settings
from kleinbot.domain.errors import Code, StartError
from kleinbot.process import disk_space
from kleinbot.process.disk_space import LEAST_BYTES, require_disk_space, until_disk_space
from tests.manual_clock import START_MS, ManualClock


def free(monkeypatch: pytest.MonkeyPatch, *in_turn: int | None) -> None:
    left = list(in_turn)
    monkeypatch.setattr(disk_space, "free_disk_bytes", lambda _: left.pop(0) if len(left) > 1 else left[0])


def test_a_little_room_is_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for enough in (LEAST_BYTES, None):
        free(monkeypatch, enough)
        require_disk_space(tmp_path)


async def test_a_full_disk_ends_the_start_with_a_sentence_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    free(monkeypatch, 3 * 2**20)
    settings = Settings(data_folder=tmp_path)
    with pytest.raises(StartError) as raised:
        async with opened(settings):
            pass
    assert raised.value.code is Code.START_DISK_FULL
    assert raised.value.parameters == {"folder": str(tmp_path), "free": 3, "needed": 16}
    assert list(tmp_path.iterdir()) == []


async def test_the_bot_waits_for_disk_space_and_logs_it_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    free(monkeypatch, 0, 0, LEAST_BYTES)
    slept: list[float] = []

    class Waiting(ManualClock):
        async def sleep(self, seconds: float) -> None:
            slept.append(seconds)

    with caplog.at_level(logging.ERROR):
        await until_disk_space(tmp_path, Waiting(START_MS))
    assert slept == [disk_space.LOOK_AGAIN_S] * 2
    [record] = caplog.records
    assert record.getMessage().startswith(f"Only 0 MiB are free at {tmp_path}, and 16 MiB are needed")
