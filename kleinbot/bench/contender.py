"""The interface of a measured program: it loads once, then renders batches."""

from typing import Protocol

from kleinbot.bench.cases import Case
from kleinbot.bench.results import Run
from kleinbot.domain.pictures import Pixels

STEPS = 4
PROMPTS = (
    "a red fox in the snow, morning light",
    "a lighthouse on a cliff above a stormy sea",
    "an old bicycle leaning against a yellow wall",
    "a bowl of oranges on a blue table, oil painting",
)


class DoesNotFitError(Exception):
    """The GPU ran out of memory in this case."""


class FailedError(Exception):
    """This case failed for another reason, given in its text."""


class Contender(Protocol):
    """Runs the model, either our engine or the model card's call."""

    async def start(self) -> None:
        """Load the model. Raises StartError, DoesNotFitError, FailedError."""
        ...

    async def run(self, case: Case, number: int) -> Run:
        """Render ``case`` once. Raises DoesNotFitError, FailedError, RenderError, FatalEngineError."""
        ...

    async def close(self) -> None:
        """Free everything. Idempotent."""
        ...


def prompt_of(number: int) -> str:
    """Return a prompt unique to this run: an engine caches encoded prompts."""
    return f"{PROMPTS[number % len(PROMPTS)]}, take {number}"


def seeds_of(case: Case, number: int) -> list[int]:
    return [1000 * number + position for position in range(case.batch)]


def references_of(case: Case) -> tuple[Pixels, ...]:
    """Return different smooth pictures of the case's size."""
    import numpy as np
    from PIL import Image

    pictures = []
    for number in range(case.references):
        chance = np.random.default_rng(number)
        colours = Image.fromarray(chance.integers(0, 256, (6, 6, 3), dtype=np.uint8))
        size = (case.grid.width_px, case.grid.height_px)
        pictures.append(Pixels(*size, colours.resize(size, Image.Resampling.BICUBIC).tobytes()))
    return tuple(pictures)
