"""Runs the cases: each once cold, then warm; contenders take turns if both are loaded."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from kleinbot.bench.cases import Case
from kleinbot.bench.contender import Contender, DoesNotFitError, FailedError
from kleinbot.bench.results import Row, Run
from kleinbot.domain.errors import RenderError
from kleinbot.texts import Texts

ProgressCallback = Callable[[str], None]


class Meter(Protocol):
    """The GPU's memory counters; see ``bench.gpu_meter.GpuMeter``."""

    def reset(self) -> None:
        """Reset the peaks."""
        ...

    def peaks(self) -> tuple[int, int]:
        """Return the peaks of allocated and reserved bytes since ``reset``; 0 without a GPU."""
        ...


@dataclass
class _Tally:
    """One contender's runs of one case so far."""

    cold_s: float | None = None
    warm: list[Run] = field(default_factory=list)
    peaks: tuple[int, int] = (0, 0)
    problem: str | None = None

    def row(self, case: Case) -> Row:
        return Row(case, self.cold_s, tuple(self.warm), *self.peaks, self.problem)


class Measurement:
    """Measures cases; it numbers every run, so that no run repeats prompts and seeds."""

    def __init__(
        self, meter: Meter, runs: int, texts: Texts, locale: str, on_progress: ProgressCallback
    ) -> None:
        self._meter = meter
        self._runs = runs
        self._texts = texts
        self._locale = locale
        self._on_progress = on_progress
        self._number = 0

    async def problem_with_start(self, contender: Contender) -> str | None:
        """Load ``contender``, the model card's call; return why that failed, or None."""
        self._on_progress(self._texts.say(self._locale, "bench-loading-theirs"))
        try:
            await contender.start()
        except DoesNotFitError:
            reason = self._texts.say(self._locale, "bench-does-not-fit")
        except FailedError as error:
            reason = str(error)
        else:
            return None
        return self._texts.say(self._locale, "bench-theirs-failed", reason=reason)

    async def rows(self, contenders: Sequence[Contender], case: Case) -> list[Row]:
        """Return one row of ``case`` for each of ``contenders``."""
        tallies = [_Tally() for _ in contenders]
        for turn in range(self._runs + 1):
            self._on_progress(
                self._texts.say(
                    self._locale, "bench-turn", case=case.name, run=turn + 1, total=self._runs + 1
                )
            )
            self._number += 1
            for contender, tally in zip(contenders, tallies, strict=True):
                if tally.problem is None:
                    await self._run(contender, case, tally, is_cold=turn == 0)
        return [tally.row(case) for tally in tallies]

    async def _run(self, contender: Contender, case: Case, tally: _Tally, *, is_cold: bool) -> None:
        self._meter.reset()
        try:
            run = await contender.run(case, self._number)
        except DoesNotFitError:
            tally.problem = self._texts.say(self._locale, "bench-does-not-fit")
            return
        except FailedError as error:
            tally.problem = str(error)
            return
        except RenderError as error:
            tally.problem = self._texts.error(error, self._locale)
            return
        if is_cold:
            tally.cold_s = run.whole_s
            return
        tally.warm.append(run)
        allocated, reserved = self._meter.peaks()
        tally.peaks = max(tally.peaks[0], allocated), max(tally.peaks[1], reserved)
