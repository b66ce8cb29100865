"""Chooses the profile for a machine: a list of candidate profiles; the first that fits wins.

There are no presets: named GPUs are tests of these rules (``tests/hardware/test_profile_choice.py``).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from kleinbot.domain.errors import Code, StartError
from kleinbot.domain.geometry import MAX_OUTPUT_TOKENS, TOKEN_PX, Grid
from kleinbot.domain.job_spec import Checkpoint
from kleinbot.domain.profile import (
    CPU_SMALL,
    CUDA_BF16,
    ComponentPlan,
    Device,
    Placement,
    Precision,
    Profile,
    WeightFormat,
)
from kleinbot.hardware.activations import MEASURED_ON
from kleinbot.hardware.checks import (
    NATIVE_FP8_FROM,
    check_host_memory,
    check_possible,
    driver_problem,
    gpu_problem,
)
from kleinbot.hardware.facts import GIB, Gpu, HostMemory, MachineFacts, System
from kleinbot.hardware.memory_model import (
    RESERVED_BEYOND,
    StagePeaks,
    WorkShape,
    largest_batch_within,
    pinned_bytes,
    predict,
)
from kleinbot.hardware.profile_overrides import AvailableWeights, ProfileOverrides
from kleinbot.hardware.without_gpu import HOST_RESERVE_BYTES, SHIPPED, cpu_profile, unseen_gpu_profile

CONTEXT_RESERVE_BYTES = int(0.7 * GIB)
"""GPU memory outside torch's allocator: the CUDA context and the libraries' workspaces."""
DISPLAY_RESERVE_BYTES = int(0.3 * GIB)
"""Memory of a GPU with a desktop, whose windows come and go."""

MOST_REFERENCES = 4
"""The number that Black Forest Labs documents for Klein."""
MOST_BATCH = 4
"""At 1024², larger batches give no more pictures per second, and every member waits for the whole batch."""

_LARGE_GPU_BYTES = 28 * GIB
_DATA_CENTRE_BYTES = 39 * GIB
_COMPILED_FROM_BYTES = 20 * GIB
_SQUARES = (Grid(64, 64), Grid(48, 48), Grid(32, 32))
"""1024², 768² and 512²: smaller pictures are better than none."""


@dataclass(frozen=True)
class RejectedProfile:
    """A better candidate that needs ``needed_bytes``, more than the GPU's ``usable_bytes``.

    Both are allocated memory, for pictures of ``square`` with ``references`` of the same size.
    """

    name: str
    square: Grid
    references: int
    needed_bytes: int
    usable_bytes: int


@dataclass(frozen=True)
class ProfileChoice:
    """The chosen profile. ``gpu`` and ``usable_bytes`` are None on a CPU.

    ``fallback``: why a machine with a GPU runs on its CPU. ``uses_named_weights`` is False if the owner named
    weights, but the small model that ships is used instead. ``rank`` is the number of better attempts on the
    GPU, 0 for the best one; None if there were no attempts.
    """

    profile: Profile
    gpu: Gpu | None = None
    usable_bytes: int | None = None
    rejected: tuple[RejectedProfile, ...] = ()
    fallback: StartError | None = None
    uses_named_weights: bool = True
    rank: int | None = None


def choose(
    facts: MachineFacts,
    asked: Device | None = None,
    available: AvailableWeights | None = None,
    overrides: ProfileOverrides | None = None,
    excluded: frozenset[str] = frozenset(),
) -> ProfileChoice:
    """Choose the profile for the machine described by ``facts``.

    ``asked`` is the device of the settings; None takes the best usable GPU, otherwise the CPU. Profiles named
    in ``excluded`` are skipped if others fit.

    Raises StartError if the owner's settings are impossible: an unusable GPU, overrides that do not fit it or
    each other, or a full-size model on a CPU without enough memory.
    """
    overrides, available = overrides or ProfileOverrides(), available or AvailableWeights()
    if asked is Device.CPU or (asked is None and not facts.gpus):
        choice = _on_cpu(facts, asked, available, overrides)
        return choice if asked is Device.CPU else replace(choice, fallback=driver_problem(facts))
    if not facts.gpus:
        # The driver's management library is missing; torch may find the GPU, or fails with its own error.
        return ProfileChoice(_named_if_overridden(unseen_gpu_profile(facts, available, overrides), CUDA_BF16))
    problem: StartError | None = None
    for gpu in ranked_gpus(facts):
        found = gpu_problem(gpu, facts)
        if found is None:
            try:
                return _fitting_choice(gpu, facts, available, overrides, excluded)
            except StartError as error:
                found = error
        # With several GPUs, the owner is told the problem of the best one.
        problem = problem or found
    if problem is None:
        raise ValueError("facts without GPUs")
    if asked is Device.CUDA or (overrides.are_any and gpu_problem(ranked_gpus(facts)[0], facts) is None):
        raise problem
    try:
        return replace(_on_cpu(facts, asked, available, overrides), fallback=problem)
    except StartError:
        # The overrides were meant for the GPU, so the owner is told the GPU's problem.
        raise problem from None


def ranked_gpus(facts: MachineFacts) -> Sequence[Gpu]:
    """Return the GPUs, best first: usable, then most usable memory, then newest.

    Memory is compared in whole GiB, so that a window on one of two equal GPUs does not decide.
    """

    def sort_key(gpu: Gpu) -> tuple[bool, int, tuple[int, int]]:
        return gpu_problem(gpu, facts) is None, usable_bytes(gpu, facts.system) // GIB, gpu.capability

    return sorted(facts.gpus, key=sort_key, reverse=True)


def _on_cpu(
    facts: MachineFacts, asked: Device | None, available: AvailableWeights, overrides: ProfileOverrides
) -> ProfileChoice:
    """Choose for the CPU: a full-size model only if the owner asked for the CPU."""
    uses_available = available.is_named and (available.is_small or asked is Device.CPU)
    profile = cpu_profile(facts, available if uses_available else SHIPPED, overrides)
    return ProfileChoice(
        _named_if_overridden(profile, CPU_SMALL), uses_named_weights=uses_available or not available.is_named
    )


def usable_bytes(gpu: Gpu, system: System) -> int:
    """Return the most memory that torch may allocate on ``gpu`` in its current state."""
    reserve = CONTEXT_RESERVE_BYTES + (DISPLAY_RESERVE_BYTES if gpu.shows_a_display else 0)
    reserve += gpu.left_free_bytes
    return max(0, int((gpu.free_bytes - reserve) / (1 + RESERVED_BEYOND[system])))


def _fitting_choice(
    gpu: Gpu,
    facts: MachineFacts,
    available: AvailableWeights,
    overrides: ProfileOverrides,
    excluded: frozenset[str],
) -> ProfileChoice:
    usable = usable_bytes(gpu, facts.system)
    checkpoints = available.checkpoints if overrides.base_checkpoint is not False else (Checkpoint.DISTILLED,)
    candidates = [
        _named(overrides.applied_to(_placed_for(facts.memory, candidate)))
        for candidate in _candidates(gpu, facts, available, checkpoints)
    ]
    candidates = list(dict.fromkeys(candidates))
    for candidate in candidates:
        check_possible(candidate, gpu, facts, available)
        check_host_memory(candidate, facts)
    rejected: list[RejectedProfile] = []
    skipped: list[tuple[int, Profile, Grid]] = []
    for rank, (candidate, square, references) in enumerate(_attempts(candidates, overrides)):
        needed = _peaks(candidate, square, references).highest_bytes
        if needed > usable:
            rejected.append(RejectedProfile(candidate.name, square, references, needed, usable))
        elif candidate.name in excluded:
            skipped.append((rank, candidate, square))
        else:
            profile = _with_limits(candidate, square, usable, overrides)
            return ProfileChoice(profile, gpu, usable, _unique(rejected), rank=rank)
    if skipped:
        # It ran out of memory recently, but is better than no profile.
        rank, candidate, square = skipped[0]
        profile = _with_limits(candidate, square, usable, overrides)
        return ProfileChoice(profile, gpu, usable, _unique(rejected), rank=rank)
    least = min(rejected, key=lambda attempt: attempt.needed_bytes)
    smallest = next(candidate for candidate in candidates if candidate.name == least.name)
    peaks = _peaks(smallest, least.square, least.references)
    raise StartError(
        Code.PROFILE_NO_ROOM if overrides.are_any else Code.CARD_TOO_FULL,
        card=gpu.name,
        profile=smallest.name,
        stage=peaks.highest_stage,
        needed=_gib(peaks.highest_bytes),
        usable=_gib(usable),
        free=_gib(gpu.free_bytes),
        total=_gib(gpu.memory_bytes),
    )


def _attempts(
    candidates: Sequence[Profile], overrides: ProfileOverrides
) -> Iterator[tuple[Profile, Grid, int]]:
    """Yield each candidate with the picture size and references it must fit, in order of preference.

    Resident candidates come first, with all references and then with one; streamed candidates follow in the
    same order. Only after that is the picture size reduced.
    """
    squares: Sequence[Grid] = _SQUARES
    if overrides.largest_side_px is not None:
        side = overrides.largest_side_px // TOKEN_PX
        squares = [Grid(side, side)]
    counts = [MOST_REFERENCES, 1] if overrides.most_references is None else [overrides.most_references]
    resident = [candidate for candidate in candidates if _is_resident(candidate)]
    streamed = [candidate for candidate in candidates if not _is_resident(candidate)]
    for kind in (resident, streamed):
        for count in counts:
            yield from ((candidate, squares[0], count) for candidate in kind)
    for square in squares[1:]:
        yield from ((candidate, square, counts[-1]) for candidate in (*resident, *streamed))


def _is_resident(candidate: Profile) -> bool:
    """Return whether all weights stay on the GPU."""
    return candidate.transformer.placement is candidate.text_encoder.placement is Placement.RESIDENT


def _candidates(
    gpu: Gpu, facts: MachineFacts, available: AvailableWeights, checkpoints: tuple[Checkpoint, ...]
) -> Iterator[Profile]:
    """Yield the candidates for ``gpu`` that the weights allow, best first.

    ``checkpoints``: those for a GPU with enough memory.

    8 bits means the official FP8 file if the GPU multiplies FP8 natively (half the download, faster);
    otherwise INT8, which is three times closer to BF16 than FP8 if both are only dequantised (relative error
    of a linear layer 0.0085 against 0.0265), for 3.7 GB more of download, once. The text encoder runs once
    per picture, so it always uses the closer INT8.
    """
    # torch's builds for Windows lack FP8 products with a scale per row (pytorch#194606); products with one
    # scale have not been tried there.
    has_products = facts.system is not System.WINDOWS
    native = has_products and gpu.capability >= NATIVE_FP8_FROM and WeightFormat.FP8 in available.formats
    eight = WeightFormat.INT8 if WeightFormat.INT8 in available.formats and not native else WeightFormat.FP8
    plain = WeightFormat.PLAIN in available.formats
    fused = should_fuse(gpu, facts)
    compiled = should_compile(gpu, facts) and not fused
    start = replace(CUDA_BF16, compiled=compiled, fused=fused, checkpoints=checkpoints[:1])
    small_encoder = ComponentPlan(WeightFormat.INT8)
    eight_bits = replace(start, transformer=ComponentPlan(eight), native_fp8=native)
    if gpu.memory_bytes >= _DATA_CENTRE_BYTES and plain:
        yield replace(start, checkpoints=checkpoints)
    elif gpu.memory_bytes >= _LARGE_GPU_BYTES and native:
        # With one checkpoint, the compiled VAE (half a GiB more) would be the memory peak.
        yield replace(
            eight_bits,
            text_encoder=small_encoder,
            token_table_on_host=True,
            lean_decode=len(checkpoints) == 1,
            checkpoints=checkpoints,
        )
    if plain:
        yield start
        yield replace(start, text_encoder=small_encoder, token_table_on_host=True, lean_decode=True)
    if eight in available.formats:
        compact = replace(eight_bits, token_table_on_host=True, lean_decode=True)
        if not plain:
            yield compact
        yield replace(compact, text_encoder=small_encoder)
        yield replace(compact, text_encoder=replace(small_encoder, placement=Placement.STREAMED))


def should_compile(gpu: Gpu, facts: MachineFacts) -> bool:
    """Return whether the GPU is fast enough for launches and elementwise work to matter, and large enough.

    On slower GPUs the matrix kernels take the time, and a minute of compiling per new shape costs most of
    what a small host's day of pictures could gain.
    """
    is_fast = gpu.capability >= NATIVE_FP8_FROM or gpu.memory_bytes >= _DATA_CENTRE_BYTES
    return facts.can_compile and is_fast and gpu.memory_bytes >= _COMPILED_FROM_BYTES


def should_fuse(gpu: Gpu, facts: MachineFacts) -> bool:
    """Return whether the model runs in kleinbot's own kernels unasked: where they were measured as faster.

    On an H200 they take 0.284 s a picture in BF16 where the compiled model takes 0.330, and are ready after
    22 s instead of 130 (``kleinbot/docs/measurements.md``). They compile for other cards, unmeasured there.
    """
    is_measured = gpu.capability == MEASURED_ON and facts.system is System.LINUX
    return is_measured and should_compile(gpu, facts)


def _placed_for(memory: HostMemory, candidate: Profile) -> Profile:
    """Return ``candidate`` with streamed weights moved to disk if host memory cannot hold them."""
    if pinned_bytes(candidate) + HOST_RESERVE_BYTES <= memory.available_bytes:
        return candidate

    def placed(plan: ComponentPlan) -> ComponentPlan:
        return replace(plan, placement=Placement.DISK) if plan.placement is Placement.STREAMED else plan

    return replace(
        candidate, transformer=placed(candidate.transformer), text_encoder=placed(candidate.text_encoder)
    )


def _with_limits(candidate: Profile, square: Grid, usable: int, overrides: ProfileOverrides) -> Profile:
    """Return the profile with the most references and the largest batch that fit at the largest size."""
    references = max(
        (
            count
            for count in range(MOST_REFERENCES + 1)
            if _peaks(candidate, square, count).highest_bytes <= usable
        ),
        default=0,
    )
    batch = largest_batch_within(candidate, usable, square, (), MOST_BATCH)
    if overrides.largest_batch is not None:
        fitting = largest_batch_within(candidate, usable, square, (), overrides.largest_batch)
        if fitting < overrides.largest_batch:
            raise StartError(Code.PROFILE_BATCH_TOO_LARGE, wanted=overrides.largest_batch, fitting=fitting)
        batch = overrides.largest_batch
    return replace(
        candidate,
        largest_grid_tokens=min(square.tokens, MAX_OUTPUT_TOKENS),
        most_references=references if overrides.most_references is None else overrides.most_references,
        largest_batch=batch,
    )


def _peaks(candidate: Profile, square: Grid, references: int) -> StagePeaks:
    return predict(candidate, WorkShape(square, (square,) * references))


def _unique(rejected: list[RejectedProfile]) -> tuple[RejectedProfile, ...]:
    """Keep the last and least demanding attempt of each candidate."""
    return tuple({candidate.name: candidate for candidate in rejected}.values())


def _named(profile: Profile) -> Profile:
    """Name a profile by its contents: "bf16", "fp8-native+int8-encoder-streamed", "bf16+base"."""
    words = {WeightFormat.PLAIN: "bf16", WeightFormat.FP8: "fp8", WeightFormat.INT8: "int8"}
    if profile.precision is Precision.FLOAT32:
        words[WeightFormat.PLAIN] = "float32"
    transformer = words[profile.transformer.format] + ("-native" if profile.native_fp8 else "")
    parts = [transformer + _suffix(profile.transformer.placement)]
    if profile.text_encoder != ComponentPlan():
        encoder = f"{words[profile.text_encoder.format]}-encoder"
        parts.append(encoder + _suffix(profile.text_encoder.placement))
    if Checkpoint.BASE in profile.checkpoints:
        parts.append("base")
    return replace(profile, name="+".join(parts))


def _named_if_overridden(profile: Profile, start: Profile) -> Profile:
    return start if profile == start else replace(profile, name=f"{start.device}-{_named(profile).name}")


def _suffix(placement: Placement) -> str:
    return "" if placement is Placement.RESIDENT else f"-{placement}"


def _gib(count: int) -> float:
    return round(count / GIB, 1)
