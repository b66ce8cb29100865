"""From what a machine is to how Klein sits on it: one list of ways, the first that fits is taken.

There are no presets: a named card is a test of these rules (``tests/host/test_rules.py``).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from kleinbot.domain.errors import Code, StartError
from kleinbot.domain.geometry import MAX_OUTPUT_TOKENS, TOKEN_PX, Grid
from kleinbot.domain.work import Checkpoint
from kleinbot.host.facts import GIB, Card, HostFacts, HostMemory, System
from kleinbot.host.memory_model import (
    RESERVED_BEYOND,
    StagePeaks,
    WorkShape,
    largest_batch_within,
    pinned_bytes,
    predict,
)
from kleinbot.host.obstacles import (
    NATIVE_FP8_FROM,
    check_host_memory,
    check_possible,
    driver_problem,
    obstacle,
)
from kleinbot.host.profile import (
    CPU_SMALL,
    CUDA_BF16,
    ComponentPlan,
    Device,
    Format,
    Placement,
    Precision,
    Profile,
)
from kleinbot.host.wishes import Offer, Wishes
from kleinbot.host.without_card import HOST_RESERVE_BYTES, SHIPPED, cpu_profile, unseen_card_profile

CONTEXT_RESERVE_BYTES = int(0.7 * GIB)
"""Of the card for what torch's allocator does not see: the CUDA context and the libraries' workspaces."""
DISPLAY_RESERVE_BYTES = int(0.3 * GIB)
"""Of a card that draws a desktop, whose windows come and go."""

MOST_REFERENCES = 4
"""As many as Black Forest Labs documents for Klein."""
MOST_BATCH = 4
"""Larger batches gain nothing more in pictures per second at 1024², and each member waits for all of it."""

_LARGE_CARD_BYTES = 28 * GIB
_DATA_CENTRE_BYTES = 39 * GIB
_COMPILED_FROM_BYTES = 20 * GIB
_SQUARES = (Grid(64, 64), Grid(48, 48), Grid(32, 32))
"""1024², 768² and 512²: smaller pictures before no pictures."""


@dataclass(frozen=True)
class PassedOver:
    """A way that would have come first, had the card had ``needed_bytes`` where it has ``usable_bytes``.

    Both are of allocated memory, for pictures of ``square`` with ``references`` of the same size.
    """

    name: str
    square: Grid
    references: int
    needed_bytes: int
    usable_bytes: int


@dataclass(frozen=True)
class Choice:
    """What the rules give. ``card`` and ``usable_bytes`` are None on a CPU.

    ``fallback``: why a machine with a card runs on its CPU nevertheless. ``uses_named_weights`` is False
    where the weights that the host has named are left alone, and the small model that ships draws instead.
    ``rank`` is how many attempts at a card come before this one, 0 for the best; None where none was counted.
    """

    profile: Profile
    card: Card | None = None
    usable_bytes: int | None = None
    passed_over: tuple[PassedOver, ...] = ()
    fallback: StartError | None = None
    uses_named_weights: bool = True
    rank: int | None = None


def choose(
    facts: HostFacts,
    asked: Device | None = None,
    offer: Offer | None = None,
    wishes: Wishes | None = None,
    without: frozenset[str] = frozenset(),
) -> Choice:
    """Choose how Klein sits on the machine that ``facts`` describe.

    ``asked`` is what the settings say; None takes the best card that can serve, else the CPU. ``without``
    names profiles that are left out where others fit.

    Raises StartError where the host asked for what cannot be: a card that cannot serve, wishes that do not
    fit it or each other, or a model of full size on a CPU whose memory does not hold it.
    """
    wishes, offer = wishes or Wishes(), offer or Offer()
    if asked is Device.CPU or (asked is None and not facts.cards):
        choice = _on_cpu(facts, asked, offer, wishes)
        return choice if asked is Device.CPU else replace(choice, fallback=driver_problem(facts))
    if not facts.cards:
        # A driver without its management library; torch may know better, and says it if not.
        return Choice(_called_by_what_was_wished(unseen_card_profile(facts, offer, wishes), CUDA_BF16))
    problem: StartError | None = None
    for card in by_worth(facts):
        found = obstacle(card, facts)
        if found is None:
            try:
                return _fitting(card, facts, offer, wishes, without)
            except StartError as error:
                found = error
        # Of several cards, what is wrong with the best of them is what the owner must know.
        problem = problem or found
    if problem is None:
        raise ValueError("facts without cards")
    if asked is Device.CUDA or (wishes.are_any and obstacle(by_worth(facts)[0], facts) is None):
        raise problem
    try:
        return replace(_on_cpu(facts, asked, offer, wishes), fallback=problem)
    except StartError:
        # The wishes were meant for the card, so that it cannot serve is what the host must know.
        raise problem from None


def by_worth(facts: HostFacts) -> Sequence[Card]:
    """Return the cards, the one that serves best first: without an obstacle, with most room, then newest.

    Room is counted in whole GiB, so that a window on one of two equal cards does not decide.
    """

    def worth(card: Card) -> tuple[bool, int, tuple[int, int]]:
        return obstacle(card, facts) is None, usable_bytes(card, facts.system) // GIB, card.capability

    return sorted(facts.cards, key=worth, reverse=True)


def _on_cpu(facts: HostFacts, asked: Device | None, offer: Offer, wishes: Wishes) -> Choice:
    """Run on the CPU what it can run: a model of full size only where the host asks for the CPU itself."""
    is_taken = offer.is_named and (offer.is_small or asked is Device.CPU)
    profile = cpu_profile(facts, offer if is_taken else SHIPPED, wishes)
    return Choice(
        _called_by_what_was_wished(profile, CPU_SMALL), uses_named_weights=is_taken or not offer.is_named
    )


def usable_bytes(card: Card, system: System) -> int:
    """Return how much torch may have allocated at most on ``card`` as it is now."""
    reserve = CONTEXT_RESERVE_BYTES + (DISPLAY_RESERVE_BYTES if card.shows_a_display else 0)
    return max(0, int((card.free_bytes - reserve) / (1 + RESERVED_BEYOND[system])))


def _fitting(card: Card, facts: HostFacts, offer: Offer, wishes: Wishes, without: frozenset[str]) -> Choice:
    usable = usable_bytes(card, facts.system)
    checkpoints = offer.checkpoints if wishes.base_checkpoint is not False else (Checkpoint.DISTILLED,)
    ways = [
        _named(wishes.applied_to(_fed_from(facts.memory, way)))
        for way in _ways(card, facts, offer, checkpoints)
    ]
    ways = list(dict.fromkeys(ways))
    for way in ways:
        check_possible(way, card, facts, offer)
        check_host_memory(way, facts)
    passed_over: list[PassedOver] = []
    left_out: list[tuple[int, Profile, Grid]] = []
    for rank, (way, square, references) in enumerate(_attempts(ways, wishes)):
        needed = _peaks(way, square, references).highest_bytes
        if needed > usable:
            passed_over.append(PassedOver(way.name, square, references, needed, usable))
        elif way.name in without:
            left_out.append((rank, way, square))
        else:
            profile = _with_limits(way, square, usable, wishes)
            return Choice(profile, card, usable, _unique(passed_over), rank=rank)
    if left_out:
        # It ran out of memory lately; better than nothing at all.
        rank, way, square = left_out[0]
        profile = _with_limits(way, square, usable, wishes)
        return Choice(profile, card, usable, _unique(passed_over), rank=rank)
    least = min(passed_over, key=lambda attempt: attempt.needed_bytes)
    smallest = next(way for way in ways if way.name == least.name)
    peaks = _peaks(smallest, least.square, least.references)
    raise StartError(
        Code.PROFILE_NO_ROOM if wishes.are_any else Code.CARD_TOO_FULL,
        card=card.name,
        profile=smallest.name,
        stage=peaks.highest_stage,
        needed=_gib(peaks.highest_bytes),
        usable=_gib(usable),
        free=_gib(card.free_bytes),
        total=_gib(card.memory_bytes),
    )


def _attempts(ways: Sequence[Profile], wishes: Wishes) -> Iterator[tuple[Profile, Grid, int]]:
    """Yield each way with what it must hold, in the order in which they are preferred.

    What must be held is pictures of a size and edits with so many references of that size. First, of the
    ways that move no weights for a picture, those that hold every reference are gone through, then those
    that hold one; then the ways that do move weights. Only after that are pictures made smaller.
    """
    squares: Sequence[Grid] = _SQUARES
    if wishes.largest_side_px is not None:
        side = wishes.largest_side_px // TOKEN_PX
        squares = [Grid(side, side)]
    counts = [MOST_REFERENCES, 1] if wishes.most_references is None else [wishes.most_references]
    resting = [way for way in ways if _rests(way)]
    moving = [way for way in ways if not _rests(way)]
    for kind in (resting, moving):
        for count in counts:
            yield from ((way, squares[0], count) for way in kind)
    for square in squares[1:]:
        yield from ((way, square, counts[-1]) for way in (*resting, *moving))


def _rests(way: Profile) -> bool:
    """Tell whether no weights are moved for a picture."""
    return way.transformer.placement is way.text_encoder.placement is Placement.RESIDENT


def _ways(
    card: Card, facts: HostFacts, offer: Offer, checkpoints: tuple[Checkpoint, ...]
) -> Iterator[Profile]:
    """Yield the ways for ``card``, the best first, as far as the weights offer them.

    ``checkpoints``: those that a card with room for them gets.

    8 bits: the official FP8 file where the card multiplies FP8 by itself (half the download, faster); else
    INT8, which is three times nearer to BF16 than FP8 where both are only dequantised (relative error of a
    linear 0.0085 against 0.0265), for 3.7 GB more of download, once. The text encoder runs once a picture,
    so it takes the nearer INT8 everywhere.
    """
    # Products of FP8 with a scale for each row are not in torch's builds for Windows (pytorch#194606), and
    # those with one scale have not been tried there.
    has_products = facts.system is not System.WINDOWS
    native = has_products and card.capability >= NATIVE_FP8_FROM and Format.FP8 in offer.formats
    eight = Format.INT8 if Format.INT8 in offer.formats and not native else Format.FP8
    plain = Format.PLAIN in offer.formats
    start = replace(CUDA_BF16, compiled=_should_compile(card, facts), checkpoints=checkpoints[:1])
    small_encoder = ComponentPlan(Format.INT8)
    eight_bits = replace(start, transformer=ComponentPlan(eight), native_fp8=native)
    if card.memory_bytes >= _DATA_CENTRE_BYTES and plain:
        yield replace(start, checkpoints=checkpoints)
    elif card.memory_bytes >= _LARGE_CARD_BYTES and native:
        # With one checkpoint the compiled VAE (half a GiB more) would be where memory is highest.
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
    if eight in offer.formats:
        lean = replace(eight_bits, token_table_on_host=True, lean_decode=True)
        if not plain:
            yield lean
        yield replace(lean, text_encoder=small_encoder)
        yield replace(lean, text_encoder=replace(small_encoder, placement=Placement.STREAMED))


def _should_compile(card: Card, facts: HostFacts) -> bool:
    """Compile where the card is fast enough that launches and elementwise work show, and has the room.

    On slower cards the kernels themselves fill the time, and a minute of compiling at each new shape is
    most of what a small host's day of pictures could gain.
    """
    is_fast = card.capability >= NATIVE_FP8_FROM or card.memory_bytes >= _DATA_CENTRE_BYTES
    return facts.can_compile and is_fast and card.memory_bytes >= _COMPILED_FROM_BYTES


def _fed_from(memory: HostMemory, way: Profile) -> Profile:
    """Take from disk what the host's memory cannot hold."""
    if pinned_bytes(way) + HOST_RESERVE_BYTES <= memory.available_bytes:
        return way

    def fed(plan: ComponentPlan) -> ComponentPlan:
        return replace(plan, placement=Placement.DISK) if plan.placement is Placement.STREAMED else plan

    return replace(way, transformer=fed(way.transformer), text_encoder=fed(way.text_encoder))


def _with_limits(way: Profile, square: Grid, usable: int, wishes: Wishes) -> Profile:
    """State the most references and the largest batch that fit at the largest size."""
    references = max(
        (count for count in range(MOST_REFERENCES + 1) if _peaks(way, square, count).highest_bytes <= usable),
        default=0,
    )
    batch = largest_batch_within(way, usable, square, (), MOST_BATCH)
    if wishes.largest_batch is not None:
        fitting = largest_batch_within(way, usable, square, (), wishes.largest_batch)
        if fitting < wishes.largest_batch:
            raise StartError(Code.PROFILE_BATCH_TOO_LARGE, wanted=wishes.largest_batch, fitting=fitting)
        batch = wishes.largest_batch
    return replace(
        way,
        largest_grid_tokens=min(square.tokens, MAX_OUTPUT_TOKENS),
        most_references=references if wishes.most_references is None else wishes.most_references,
        largest_batch=batch,
    )


def _peaks(way: Profile, square: Grid, references: int) -> StagePeaks:
    return predict(way, WorkShape(square, (square,) * references))


def _unique(passed_over: list[PassedOver]) -> tuple[PassedOver, ...]:
    """Keep of each way the last and least that it was asked for."""
    return tuple({way.name: way for way in passed_over}.values())


def _named(profile: Profile) -> Profile:
    """Name a profile by what is in it: "bf16", "fp8-native+int8-encoder-streamed", "bf16+base"."""
    words = {Format.PLAIN: "bf16", Format.FP8: "fp8", Format.INT8: "int8"}
    if profile.precision is Precision.FLOAT32:
        words[Format.PLAIN] = "float32"
    transformer = words[profile.transformer.format] + ("-native" if profile.native_fp8 else "")
    parts = [transformer + _suffix(profile.transformer.placement)]
    if profile.text_encoder != ComponentPlan():
        encoder = f"{words[profile.text_encoder.format]}-encoder"
        parts.append(encoder + _suffix(profile.text_encoder.placement))
    if Checkpoint.BASE in profile.checkpoints:
        parts.append("base")
    return replace(profile, name="+".join(parts))


def _called_by_what_was_wished(profile: Profile, start: Profile) -> Profile:
    return start if profile == start else replace(profile, name=f"{start.device}-{_named(profile).name}")


def _suffix(placement: Placement) -> str:
    return "" if placement is Placement.RESIDENT else f"-{placement}"


def _gib(count: int) -> float:
    return round(count / GIB, 1)
