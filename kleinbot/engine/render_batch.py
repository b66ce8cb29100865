"""The state of a batch between the stages: finished images, remaining parts and time spent."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum, auto

import torch

from kleinbot.domain.clock import Clock
from kleinbot.domain.errors import RenderError
from kleinbot.domain.job_spec import ImageKey
from kleinbot.domain.pictures import Pixels
from kleinbot.domain.work import BatchResult, OutOfMemory, Rendered, RenderTask, StageSeconds
from kleinbot.klein.pipeline.denoise import Denoising


class Stage(Enum):
    ENCODE = auto()
    DENOISE = auto()
    DECODE = auto()


@dataclass(frozen=True)
class Callbacks:
    """The functions that the engine's thread calls while it works.

    ``on_step`` receives the number of finished steps and previews of images. ``must_stop`` ends the work
    without a result; ``must_yield`` returns whether another batch is due.
    """

    on_step: Callable[[int, Mapping[ImageKey, Pixels]], None]
    is_cancelled: Callable[[ImageKey], bool]
    must_stop: Callable[[], bool]
    must_yield: Callable[[], bool]


@dataclass
class BatchPart:
    """Images that pass through the stages together: the whole batch, or one image of it.

    ``denoising`` is set from the end of encoding to the end of denoising, ``latents`` (B, 4·C, rows,
    columns) afterwards, unless all images were cancelled.
    """

    tasks: tuple[RenderTask, ...]
    stage: Stage = Stage.ENCODE
    denoising: Denoising | None = None
    latents: torch.Tensor | None = None
    is_split: bool = False

    def move_to(self, device: torch.device) -> None:
        if self.denoising is not None:
            self.denoising.move_to(device)
        if self.latents is not None:
            self.latents = self.latents.to(device)

    def one_by_one(self) -> "list[BatchPart]":
        """Return a part for each image with the same progress; allocates no GPU memory."""
        return [
            BatchPart(
                (task,),
                self.stage,
                None if self.denoising is None else self.denoising.for_image(position),
                None if self.latents is None else self.latents[position : position + 1],
                is_split=True,
            )
            for position, task in enumerate(self.tasks)
        ]


class RenderBatch:
    """A batch from its first stage to its result; may be suspended between two steps."""

    def __init__(self, tasks: Sequence[RenderTask], clock: Clock) -> None:
        self._tasks = tuple(tasks)
        self._clock = clock
        self._seconds = dict.fromkeys(Stage, 0.0)
        self._images: dict[ImageKey, Rendered] = {}
        self._cancelled: set[ImageKey] = set()
        self.parts = [BatchPart(self._tasks)]
        self.out_of_memory: list[OutOfMemory] = []

    @property
    def steps(self) -> int:
        return self._tasks[0].spec.steps

    @property
    def steps_done(self) -> int:
        """Finished steps of the current part."""
        denoising = self.parts[0].denoising
        return 0 if denoising is None else denoising.steps_done

    @contextmanager
    def timed(self, stage: Stage) -> Iterator[None]:
        """Add the time spent in the context to ``stage``, even if it raises."""
        started_s = self._clock.monotonic_s()
        try:
            yield
        finally:
            self._seconds[stage] += self._clock.monotonic_s() - started_s

    def all_cancelled(self, part: BatchPart, is_cancelled: Callable[[ImageKey], bool]) -> bool:
        """Check each image of ``part`` and remember the answer; return whether all are cancelled."""
        self._cancelled.update(task.key for task in part.tasks if is_cancelled(task.key))
        return all(self.is_cancelled(task.key) for task in part.tasks)

    def is_cancelled(self, key: ImageKey) -> bool:
        return key in self._cancelled

    def is_made(self, key: ImageKey) -> bool:
        return key in self._images

    def made(self, key: ImageKey, pixels: Pixels | None, error: RenderError | None = None) -> None:
        self._images[key] = Rendered(key, pixels, error)

    def end_part(self) -> None:
        self.parts.pop(0)

    def split(self) -> None:
        """Split the current part into one part for each image."""
        self.parts[:1] = self.parts[0].one_by_one()

    def give_up(self, error: RenderError) -> None:
        """Fail the unfinished images of the current part with ``error``."""
        for task in self.parts[0].tasks:
            if not self.is_made(task.key):
                self.made(task.key, None, error)
        self.end_part()

    def move_to(self, device: torch.device) -> None:
        for part in self.parts:
            part.move_to(device)

    def result(self) -> BatchResult:
        seconds = StageSeconds(*(self._seconds[stage] for stage in Stage))
        images = tuple(self._images[task.key] for task in self._tasks)
        return BatchResult(images, seconds, tuple(self.out_of_memory))
