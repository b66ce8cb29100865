"""An engine that does not come up: tried again where waiting may help, with growing pauses."""

import asyncio

import pytest

from kleinbot.chat import host_status
from kleinbot.domain.errors import Code, StartError
from kleinbot.domain.work import EnginePhase, EngineState
from kleinbot.engine_start import LONGEST_RETRY_S, started
from kleinbot.texts import Texts
from tests.manual_clock import ManualClock
from tests.scripted_engine import ScriptedEngine

FULL_CARD = StartError(Code.START_OUT_OF_MEMORY, profile="int8", needed=7.5, free=1.2)


class FailingEngine(ScriptedEngine):
    """Fails as often as there are errors."""

    def __init__(self, *errors: StartError) -> None:
        super().__init__()
        self.errors = list(errors)
        self.tried = 0

    async def start(self) -> None:
        self.tried += 1
        if self.errors:
            raise self.errors.pop(0)


async def settled() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


@pytest.mark.parametrize(
    "error", [FULL_CARD, StartError(Code.WEIGHTS_UNREACHABLE, repository="a", reason="b")]
)
async def test_what_may_pass_is_tried_again_after_growing_pauses(error: StartError) -> None:
    engine, clock = FailingEngine(*[error] * 9), ManualClock()
    starting = asyncio.create_task(started(engine, clock))
    await settled()
    for tried, pause_s in enumerate([5, 10, 20, 40, 80, 160, 320, LONGEST_RETRY_S, LONGEST_RETRY_S], 1):
        clock.advance(pause_s - 1)
        await settled()
        assert engine.tried == tried
        clock.advance(1)
        await settled()
    assert await starting
    assert engine.tried == 10


async def test_what_does_not_pass_by_itself_is_not_tried_again() -> None:
    engine = FailingEngine(StartError(Code.WEIGHTS_KLEIN_9B, file="f", found="9B", wanted="4B"))
    assert not await started(engine, ManualClock())
    assert engine.tried == 1


@pytest.mark.parametrize("locale", ["en-US", "de"])
def test_the_host_is_told_in_a_sentence_why_the_engine_failed(locale: str) -> None:
    state = EngineState(EnginePhase.FAILED, detail=str(FULL_CARD), error=FULL_CARD)
    [line] = host_status.engine(Texts(), locale, state)
    assert Texts().error(FULL_CARD, locale) in line
    assert {"7.5", "1.2"} <= set(line.replace(",", ".").split())


def test_the_host_is_told_what_a_running_engine_lacks() -> None:
    untuned = StartError(Code.RUNS_UNTUNED, reason="no triton")
    [line] = host_status.engine(Texts(), "de", EngineState(EnginePhase.READY, error=untuned))
    assert "lässt sich das Modell nicht beschleunigen" in line
    assert "no triton" in line
    assert host_status.engine(Texts(), "en-US", EngineState(EnginePhase.READY)) == []
