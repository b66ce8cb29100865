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

_PERMANENT = (Fallback.LEAN_DECODE, Fallback.STREAMED_ENCODER)


class OurEngine:
    """Times an engine from ``make_engine`` through its public interface, like the dispatcher."""

    def __init__(self, make_engine: Callable[[], Engine], clock: Clock) -> None:
        self._make_engine = make_engine
        self._engine = make_engine()
        self._clock = clock
        self._profile_changed = False

    async def start(self) -> None:
        await self._engine.start()

    async def run(self, case: Case, number: int) -> Run:
        """Render ``case``; each run has its own prompts and seeds.

        Also raises DoesNotFitError if the engine recovered with an out-of-memory fallback: the result would
        not be this case. If the fallback changed the engine permanently, the next run starts a new one, so
        that every row has the same profile; that may raise StartError.
        """
        if self._profile_changed:
            await self._engine.close()
            self._engine = self._make_engine()
            self._profile_changed = False
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
            self._profile_changed = any(step.fallback in _PERMANENT for step in result.out_of_memory)
            raise DoesNotFitError
        for image in result.images:
            if image.error is not None:
                raise image.error
            if image.pixels is None:
                raise RenderError(Code.RENDER_FAILED)
        return Run(whole_s, result.seconds)

    async def close(self) -> None:
        await self._engine.close()
