"""The bot's engine as a contender: after an out-of-memory fallback, rows still have the named profile."""

import pytest

from kleinbot.bench.cases import Case
from kleinbot.bench.contender import DoesNotFitError
from kleinbot.bench.ours import OurEngine
from kleinbot.domain.clock import SystemClock
from kleinbot.domain.geometry import Grid
from kleinbot.domain.work import Fallback, OutOfMemory
from tests.scripted_engine import ScriptedEngine

CASE = Case(Grid(4, 4))


class Engines:
    """Creates engines and records them."""

    def __init__(self) -> None:
        self.made: list[ScriptedEngine] = []

    def make(self) -> ScriptedEngine:
        self.made.append(ScriptedEngine())
        return self.made[-1]


@pytest.mark.parametrize(
    ("rungs", "engines_after"),
    [
        ((Fallback.BATCH_OF_ONE,), 1),
        ((Fallback.BATCH_OF_ONE, Fallback.GIVE_UP), 1),
        ((Fallback.BATCH_OF_ONE, Fallback.LEAN_DECODE), 2),
        ((Fallback.BATCH_OF_ONE, Fallback.STREAMED_ENCODER), 2),
    ],
)
async def test_an_engine_that_has_changed_itself_measures_nothing_more(
    rungs: tuple[Fallback, ...], engines_after: int
) -> None:
    engines = Engines()
    ours = OurEngine(engines.make, SystemClock())
    await ours.start()
    engines.made[0].out_of_memory.append(tuple(OutOfMemory(rung, 1) for rung in rungs))

    with pytest.raises(DoesNotFitError):
        await ours.run(CASE, 1)
    await ours.run(CASE, 2)

    assert len(engines.made) == engines_after
    assert len(engines.made[-1].batches) == (1 if engines_after == 2 else 2)
    await ours.close()
