"""The bot's own engine as a contender."""

from collections.abc import Callable

from kleinbot.bench.cases import Case
from kleinbot.bench.contender import STEPS, DoesNotFitError, prompt_of, references_of, seeds_of
from kleinbot.bench.results import Run
from kleinbot.domain.clock import Clock
from kleinbot.domain.errors import Code, RenderError
from kleinbot.domain.job_spec import ImageKey, JobKind, JobSpec
from kleinbot.domain.noise import NoiseRecipe
from kleinbot.domain.work import BatchResult, Fallback, RenderTask
from kleinbot.engine.protocol import Engine

_LASTING = (Fallback.LEAN_DECODE, Fallback.STREAMED_ENCODER)


class OurEngine:
    """Times an engine of ``make_engine`` from outside, as the dispatcher sees it."""

    def __init__(self, make_engine: Callable[[], Engine], clock: Clock) -> None:
        self._make_engine = make_engine
        self._engine = make_engine()
        self._clock = clock
        self._has_left_its_profile = False

    async def start(self) -> None:
        await self._engine.start()

    async def run(self, case: Case, number: int) -> Run:
        """Make ``case``; each run has prompts and seeds of its own.

        Raises DoesNotFitError also where the engine helped itself by doing less at once: that would not be
        this case. Where it has changed itself for good by that, the next run begins with a new one, so that
        every row is of the same profile; that may raise StartError.
        """
        if self._has_left_its_profile:
            await self._engine.close()
            self._engine = self._make_engine()
            self._has_left_its_profile = False
            await self._engine.start()
        references = references_of(case)
        tasks = [
            RenderTask(
                ImageKey(f"bench-{number}", position),
                JobSpec(JobKind.IMAGINE, prompt_of(number), case.grid, STEPS),
                NoiseRecipe(seed),
                references,
            )
            for position, seed in enumerate(seeds_of(case, number))
        ]
        started_s = self._clock.monotonic_s()
        result = await self._engine.render(tasks, lambda _: None, lambda _: False)
        whole_s = self._clock.monotonic_s() - started_s
        if not isinstance(result, BatchResult):
            raise TypeError("the engine suspended a batch that nobody asked to yield")
        if result.out_of_memory:
            self._has_left_its_profile = any(step.fallback in _LASTING for step in result.out_of_memory)
            raise DoesNotFitError
        for image in result.images:
            if image.error is not None:
                raise image.error
            if image.pixels is None:
                raise RenderError(Code.RENDER_FAILED)
        return Run(whole_s, result.seconds)

    async def close(self) -> None:
        await self._engine.close()
