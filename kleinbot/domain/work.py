"""What the dispatcher hands to an engine and what comes back."""

from dataclasses import dataclass, field
from enum import StrEnum

from kleinbot.domain.errors import RenderError, StartError
from kleinbot.domain.geometry import Grid
from kleinbot.domain.noise import NoiseRecipe
from kleinbot.domain.pixels import Pixels


class Checkpoint(StrEnum):
    """Which of Klein's two sets of transformer weights."""

    DISTILLED = "distilled"
    BASE = "base"

    @property
    def guidance_scale(self) -> float:
        """How strongly the prompt guides; 1 is no guidance, 4 the base checkpoint's published setting."""
        return 4.0 if self is Checkpoint.BASE else 1.0


class ModelSize(StrEnum):
    """Which model draws; each is kept in the database by its value."""

    FULL = "full"
    """FLUX.2 [klein] 4B, published or somebody's own."""
    SMALL = "small"
    """One that any CPU can run, as the one that ships."""


@dataclass(frozen=True, order=True)
class ImageKey:
    """One image of one job: the unit of dispatch."""

    job_id: str
    position: int


@dataclass(frozen=True)
class Start:
    """A picture of the output's own size at whose latents denoising begins, under ``first_sigma`` of noise.

    ``first_sigma`` is in (0, 1); the task's ``steps`` lead from there to 0.
    """

    picture: Pixels
    first_sigma: float


@dataclass(frozen=True)
class RenderTask:
    """One image for the engine to make. ``references`` are already scaled and composed on white."""

    key: ImageKey
    prompt: str
    grid: Grid
    noise: NoiseRecipe
    steps: int
    checkpoint: Checkpoint = Checkpoint.DISTILLED
    references: tuple[Pixels, ...] = ()
    start: Start | None = None


@dataclass(frozen=True)
class StageSeconds:
    """Measured wall time of a batch's stages, in seconds."""

    encode_s: float
    denoise_s: float
    decode_s: float

    @property
    def total_s(self) -> float:
        return self.encode_s + self.denoise_s + self.decode_s


@dataclass(frozen=True)
class Rendered:
    """One finished picture; ``pixels`` is None where it was cancelled, or failed for ``error``."""

    key: ImageKey
    pixels: Pixels | None
    error: RenderError | None = None


class Rung(StrEnum):
    """What an engine does when the card's memory does not suffice, in this order."""

    BATCH_OF_ONE = "batch_of_one"
    LEAN_DECODE = "lean_decode"
    STREAMED_ENCODER = "streamed_encoder"
    GIVE_UP = "give_up"


@dataclass(frozen=True)
class OutOfMemory:
    """A batch of ``batch`` images did not fit; ``rung`` is what was done about it."""

    rung: Rung
    batch: int


@dataclass(frozen=True)
class BatchResult:
    """``out_of_memory``: every time that memory did not suffice on the way, first to last."""

    images: tuple[Rendered, ...]
    seconds: StageSeconds
    out_of_memory: tuple[OutOfMemory, ...] = ()


@dataclass(frozen=True)
class Suspended:
    """A batch that let others pass between two steps; the engine keeps its latents until it is resumed.

    ``handle`` is the engine's own; ``steps_done`` of ``steps_total`` are finished.
    """

    handle: int
    steps_done: int
    steps_total: int


@dataclass(frozen=True)
class StepReport:
    """``done`` of ``total`` denoising steps of the running batch are finished."""

    done: int
    total: int


@dataclass(frozen=True)
class JobProgress:
    """How far a running job is: ``done_images`` finished, and ``fraction`` (0…1) of the one in hand."""

    done_images: int
    fraction: float


class EnginePhase(StrEnum):
    """What an engine is doing, in the order in which a start passes through it.

    PAUSED and DISK_FULL are no phases of an engine's own: a ready one that the host lets rest, or that waits
    for room on the disk.
    """

    STARTING = "starting"
    DOWNLOADING = "downloading"
    LOADING = "loading"
    WARMING = "warming"
    READY = "ready"
    PAUSED = "paused"
    DISK_FULL = "disk-full"
    DRAINING = "draining"
    FAILED = "failed"


@dataclass(frozen=True)
class EngineState:
    """``fraction`` is how much of the phase is done (0…1) where that is known.

    ``detail`` is for logs and the host; members get the phase in their own language. ``error``: why it
    FAILED, ``handicaps``: what it is READY without: never raised, so that they keep nothing in memory.
    """

    phase: EnginePhase
    fraction: float | None = None
    detail: str = ""
    error: StartError | None = field(default=None, compare=False)
    handicaps: tuple[StartError, ...] = field(default=(), compare=False)
