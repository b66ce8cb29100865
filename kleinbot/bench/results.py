"""Measured results as frozen values; seconds refer to whole batches."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from kleinbot.bench.cases import Case
from kleinbot.domain.profile import Profile
from kleinbot.domain.work import ModelSize, StageSeconds


@dataclass(frozen=True)
class Spread:
    """Median, minimum and maximum of several runs, in seconds."""

    median_s: float
    least_s: float
    most_s: float

    @classmethod
    def of(cls, seconds: Sequence[float]) -> "Spread":
        return cls(statistics.median(seconds), min(seconds), max(seconds))


@dataclass(frozen=True)
class Run:
    """One batch: from the request to 8-bit pixels in host memory."""

    whole_s: float
    stages: StageSeconds | None = None


@dataclass(frozen=True)
class Row:
    """The results of one case and contender.

    ``cold_s`` is its first run, in which kernels are chosen and, depending on the profile, compiled. ``warm``
    are the later runs. ``problem`` is the reason if there are none. Peaks are 0 without a GPU.
    """

    case: Case
    cold_s: float | None = None
    warm: tuple[Run, ...] = ()
    allocated_bytes: int = 0
    reserved_bytes: int = 0
    problem: str | None = None

    @property
    def whole(self) -> Spread | None:
        return Spread.of([run.whole_s for run in self.warm]) if self.warm else None

    @property
    def median_s(self) -> float | None:
        return None if self.whole is None else self.whole.median_s

    @property
    def stages(self) -> StageSeconds | None:
        """The median of each stage; they need not add up to the median of the whole."""
        stages = [run.stages for run in self.warm if run.stages is not None]
        if not stages:
            return None
        return StageSeconds(
            statistics.median(stage.encode_s for stage in stages),
            statistics.median(stage.denoise_s for stage in stages),
            statistics.median(stage.decode_s for stage in stages),
        )


@dataclass(frozen=True)
class Transfer:
    """Weights copied to the GPU for each picture, and the time of the copy alone.

    Most of it overlaps with computation. ``bytes_per_s`` was measured on pinned memory; None from disk.
    """

    bytes: int
    bytes_per_s: float | None

    @property
    def seconds(self) -> float | None:
        return self.bytes / self.bytes_per_s if self.bytes_per_s else None


@dataclass(frozen=True)
class Conditions:
    """The conditions of the measurement. None: unknown on this machine.

    ``card`` is the GPU's name; ``held_bytes`` is the GPU memory that the driver and other programs held
    before the model was loaded.
    """

    version: str
    date: str
    system: str
    python: str
    torch: str
    diffusers: str
    model: str
    profile: Profile
    steps: int
    runs: int
    size: ModelSize = ModelSize.FULL
    card: str | None = None
    card_bytes: int | None = None
    held_bytes: int | None = None
    driver: str | None = None
    cpu: str | None = None
    cpu_threads: int | None = None
    power_limit_w: float | None = None
    clock_mhz: int | None = None
    most_clock_mhz: int | None = None


@dataclass(frozen=True)
class Comparison:
    """The model card's own call in the same cases.

    ``placement`` is "resident" or "offloaded". ``ours_in_turns`` are our rows while both were loaded and took
    turns; empty if they ran one after the other. ``problem`` is the reason if there are no rows at all.
    """

    placement: str
    theirs: tuple[Row, ...] = ()
    ours_in_turns: tuple[Row, ...] = ()
    problem: str | None = None


@dataclass(frozen=True)
class Report:
    """``rows`` are kleinbot's with nothing else loaded; ``load_s`` excludes the download.

    ``is_first_start``: ``load_s`` includes hashing or quantising files, which later starts reuse.
    """

    conditions: Conditions
    load_s: float
    rows: tuple[Row, ...]
    transfer: Transfer | None = None
    comparison: Comparison | None = None
    is_first_start: bool = False

    @property
    def turns(self) -> tuple[tuple[Row, Row], ...]:
        """Our row and theirs for each case; empty without a comparison."""
        comparison = self.comparison
        if comparison is None or not comparison.theirs:
            return ()
        return tuple(zip(comparison.ours_in_turns or self.rows, comparison.theirs, strict=True))
