"""The values that the dispatcher and an engine exchange."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from kleinbot.domain.errors import RenderError, StartError
from kleinbot.domain.job_spec import ImageKey, JobSpec
from kleinbot.domain.noise import NoiseRecipe
from kleinbot.domain.pictures import Pixels


class ModelSize(StrEnum):
    """The size of the model in use; the database stores its value."""

    FULL = "full"
    """FLUX.2 [klein] 4B, as published or fine-tuned."""
    SMALL = "small"
    """A model that any CPU can run, such as the one that ships."""


@dataclass(frozen=True)
class StartingPicture:
    """A picture of the output's size. Denoising starts from its latents with ``first_sigma`` of noise.

    ``first_sigma`` is in (0, 1); the task's ``steps`` lead from there to 0.
    """

    picture: Pixels
    first_sigma: float


@dataclass(frozen=True)
class RenderTask:
    """One image for the engine to render.

    ``pictures``: the references that the transformer attends to, already scaled and composed on white.
    ``previews``: its member may be shown what it becomes, step by step.
    """

    key: ImageKey
    spec: JobSpec
    noise: NoiseRecipe
    pictures: tuple[Pixels, ...] = ()
    start: StartingPicture | None = None
    previews: bool = False


@dataclass(frozen=True)
class StageSeconds:
    """The measured wall time of a batch's stages."""

    encode_s: float
    denoise_s: float
    decode_s: float

    @property
    def total_s(self) -> float:
        return self.encode_s + self.denoise_s + self.decode_s


@dataclass(frozen=True)
class Rendered:
    """One finished image; ``pixels`` is None if it was cancelled or failed with ``error``."""

    key: ImageKey
    pixels: Pixels | None
    error: RenderError | None = None


class Fallback(StrEnum):
    """What an engine does when GPU memory runs out, in this order."""

    BATCH_OF_ONE = "batch_of_one"
    LEAN_DECODE = "lean_decode"
    STREAMED_ENCODER = "streamed_encoder"
    GIVE_UP = "give_up"


@dataclass(frozen=True)
class OutOfMemory:
    """A batch of ``batch`` images did not fit; ``fallback`` is the one that was taken."""

    fallback: Fallback
    batch: int


@dataclass(frozen=True)
class BatchResult:
    """The result of a batch. ``out_of_memory``: every time that memory ran out, in order."""

    images: tuple[Rendered, ...]
    seconds: StageSeconds
    out_of_memory: tuple[OutOfMemory, ...] = ()


@dataclass(frozen=True)
class Suspended:
    """A batch preempted between two steps; the engine keeps its latents until it is resumed.

    ``handle``: opaque, issued by the engine. ``steps_done`` of ``steps_total`` are finished.
    """

    handle: int
    steps_done: int
    steps_total: int


@dataclass(frozen=True)
class StepReport:
    """Progress of the running batch: ``done`` of ``total`` denoising steps are finished.

    ``previews``: what the images that want any are about to become; may be missing at any step.
    """

    done: int
    total: int
    previews: Mapping[ImageKey, Pixels] = field(default_factory=dict)


@dataclass(frozen=True)
class Preview:
    """What an image, counted from 0 by ``position``, is about to become after ``step`` of ``steps``."""

    pixels: Pixels
    position: int
    step: int
    steps: int


@dataclass(frozen=True)
class JobProgress:
    """A running job's progress: ``done_images`` finished, and ``fraction`` (0…1) of the one in progress."""

    done_images: int
    fraction: float
    preview: Preview | None = None


class EnginePhase(StrEnum):
    """What an engine is doing, in the order of a start.

    UNLOADING and UNLOADED: the model leaves the device, or has left it; ``start`` loads it again. PAUSED,
    DISK_FULL, and FREED, QUIET_HOURS and CARD_TAKEN of a card that is let go (``domain.card``) are not phases
    of the engine itself, but what members are told.
    """

    STARTING = "starting"
    DOWNLOADING = "downloading"
    LOADING = "loading"
    WARMING = "warming"
    READY = "ready"
    PAUSED = "paused"
    DISK_FULL = "disk-full"
    UNLOADING = "unloading"
    UNLOADED = "unloaded"
    FREED = "freed"
    QUIET_HOURS = "quiet-hours"
    CARD_TAKEN = "card-taken"
    DRAINING = "draining"
    FAILED = "failed"


@dataclass(frozen=True)
class EngineState:
    """An engine's phase. ``fraction``: how much of the phase is done (0…1), if known.

    ``detail`` is for logs and the owner; members read the phase in their own language. ``error``: why it
    FAILED. ``handicaps``: what it is READY without. Neither is raised, so neither keeps frames in memory.
    ``until_ms``: when QUIET_HOURS end.
    """

    phase: EnginePhase
    fraction: float | None = None
    detail: str = ""
    error: StartError | None = field(default=None, compare=False)
    handicaps: tuple[StartError, ...] = field(default=(), compare=False)
    until_ms: int | None = None
