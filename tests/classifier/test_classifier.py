"""The classifier of the published layout: read within bounds, loaded from safetensors, told when it fails."""

import asyncio
import json
import threading
from pathlib import Path
from typing import Any

import pytest

from kleinbot.classifier.judge import ClassifierJudge
from kleinbot.classifier.layout import read_layout
from kleinbot.classifier.source import ClassifierSource, obtain
from kleinbot.classifier.vit import VitClassifier
from kleinbot.domain.errors import Code, StartError
from kleinbot.domain.pictures import Pixels
from kleinbot.domain.ports.metrics_sink import NoMetrics
from kleinbot.domain.ports.picture_judge import JudgePhase, PictureVerdict
from tests.classifier.tiny import write_classifier
from tests.klein.hub import REPOSITORY, serving
from tests.manual_clock import START_MS, ManualClock

RED, GREEN = (Pixels(64, 48, colour * (64 * 48)) for colour in (b"\xff\x00\x00", b"\x00\xff\x00"))


def test_the_published_names_are_loaded_and_judge(tmp_path: Path) -> None:
    model = VitClassifier(write_classifier(tmp_path / "tiny"), ("NSFW",))
    assert model.probability(RED) > 0.9
    assert model.probability(GREEN) < 0.1


@pytest.mark.parametrize(
    ("field", "code"),
    [
        ({"model_type": "auto_map"}, Code.CLASSIFIER_NOT_VIT),
        ({"num_hidden_layers": 10**9}, Code.CLASSIFIER_NOT_VIT),
        ({"hidden_size": True}, Code.CLASSIFIER_NOT_VIT),
        ({"image_size": 1024, "patch_size": 1}, Code.CLASSIFIER_NOT_VIT),
        ({"id2label": {"0": "normal"}}, Code.CLASSIFIER_NOT_VIT),
        ({"id2label": {"0": "cat", "1": "dog"}}, Code.CLASSIFIER_LABELS),
        ({"hidden_act": "x"}, Code.CLASSIFIER_NOT_VIT),
    ],
)
def test_what_is_no_bounded_vit_is_refused(tmp_path: Path, field: dict[str, Any], code: Code) -> None:
    with pytest.raises(StartError) as raised:
        read_layout(write_classifier(tmp_path, **field), ("nsfw",))
    assert raised.value.code is code


def test_weights_of_another_shape_are_refused(tmp_path: Path) -> None:
    with pytest.raises(StartError) as raised:
        VitClassifier(write_classifier(tmp_path, num_hidden_layers=3), ("nsfw",))
    assert raised.value.code is Code.CLASSIFIER_NOT_VIT


def test_only_its_three_files_are_downloaded_once(tmp_path: Path) -> None:
    folder = write_classifier(tmp_path / "published")
    (folder / "pytorch_model.bin").write_bytes(b"a pickle")
    with serving(folder) as hub:
        source = ClassifierSource(REPOSITORY, cache_folder=tmp_path / "cache", endpoint=hub.endpoint)
        found = obtain(source, lambda: False)
        assert sorted(hub.fetched) == ["config.json", "model.safetensors", "preprocessor_config.json"]
        assert obtain(source, lambda: False) == found
        assert len(hub.fetched) == 3
    assert VitClassifier(found, ("nsfw",)).probability(RED) > 0.9


async def test_a_failed_load_stops_no_picture_is_told_and_tried_again(tmp_path: Path) -> None:
    clock = ManualClock(START_MS)
    judge = ClassifierJudge(ClassifierSource(tmp_path / "away"), clock, NoMetrics())
    running = asyncio.create_task(judge.run())
    try:
        assert await judge.judge(RED) is PictureVerdict.UNJUDGED
        assert _phase(judge) is JudgePhase.FAILED
        assert judge.state.error is not None
        write_classifier(tmp_path / "away")
        async with asyncio.timeout(20):
            while _phase(judge) is not JudgePhase.READY:
                clock.advance(31)
                await asyncio.sleep(0.01)
        assert [await judge.judge(each) for each in (RED, GREEN)] == [
            PictureVerdict.BLOCKED,
            PictureVerdict.PASSED,
        ]
        state = judge.state
        assert (state.blocked, state.passed, state.unjudged, state.error) == (1, 1, 1, None)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await judge.close()


def _phase(judge: ClassifierJudge) -> JudgePhase:
    return judge.state.phase


class _Breaking:
    """Breaks at red, and hangs at green until it is released."""

    def __init__(self) -> None:
        self.release = threading.Event()

    def probability(self, pixels: Pixels) -> float:
        if pixels is RED:
            raise ArithmeticError("nan")
        self.release.wait(20)
        return 0.0


async def test_a_crash_or_a_standstill_of_the_model_is_unjudged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = _Breaking()
    monkeypatch.setattr("kleinbot.classifier.judge._JUDGE_S", 0.05)
    source = ClassifierSource(write_classifier(tmp_path))
    judge = ClassifierJudge(source, ManualClock(START_MS), NoMetrics(), lambda _folder, _labels: model)
    running = asyncio.create_task(judge.run())
    try:
        assert [await judge.judge(each) for each in (RED, GREEN, RED)] == [PictureVerdict.UNJUDGED] * 3
        model.release.set()
        async with asyncio.timeout(10):
            while await judge.judge(GREEN) is not PictureVerdict.PASSED:
                await asyncio.sleep(0.01)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await judge.close()


def test_the_layout_file_is_bounded(tmp_path: Path) -> None:
    folder = write_classifier(tmp_path)
    (folder / "config.json").write_text(json.dumps({"a": "b" * 2**21}), "utf-8")
    with pytest.raises(StartError):
        read_layout(folder, ("nsfw",))
