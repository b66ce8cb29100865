"""What an image costs: statically from its arithmetic, and in seconds as measured on this host."""

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass

from kleinbot.domain.geometry import Grid
from kleinbot.domain.job import TENTHS
from kleinbot.domain.work import Checkpoint
from kleinbot.queueing.waiting import Shape

# FLUX.2 [klein] 4B. A multiplication and its addition count as two operations.
_TEXT_TOKENS = 512
_BLOCKS = 25
_WIDTH = 3072
_BLOCK_WEIGHTS = 27648 * _WIDTH + _WIDTH * 12288
"""Of a single block; a double block holds as many for the picture and again for the text."""
_LATENT_CHANNELS = 128
_TEXT_WIDTH = 7680

_ENCODER_LAYERS = 27
_ENCODER_LAYER_WEIGHTS = 100_930_000
_ENCODER_ATTENTION_WIDTH = 4096

# The VAE works on 8×8 pixels: four positions for each of the transformer's tokens. Its convolutions
# grow with the area (fitted to a FLOP count at 1024²), its one attention layer with the area squared.
_VAE_POSITIONS_PER_TOKEN = 4
_VAE_ATTENTION_WIDTH = 512
_VAE_DECODE_PER_TOKEN = 9.93e12 / 4096
_VAE_ENCODE_PER_TOKEN = 4.34e12 / 4096

PICTURE = Shape(Grid(64, 64), steps=4)
"""The unit of cost: 1024², four steps of the distilled checkpoint, no references."""


def _transformer_flops(picture_tokens: int) -> float:
    tokens = picture_tokens + _TEXT_TOKENS
    linears = 2 * _BLOCKS * _BLOCK_WEIGHTS * tokens
    edges = 2 * _WIDTH * (2 * _LATENT_CHANNELS * picture_tokens + _TEXT_WIDTH * _TEXT_TOKENS)
    attention = 4 * _BLOCKS * _WIDTH * tokens**2
    return float(linears + edges + attention)


def _encoder_flops() -> float:
    linears = 2 * _ENCODER_LAYERS * _ENCODER_LAYER_WEIGHTS * _TEXT_TOKENS
    attention = 4 * _ENCODER_LAYERS * _ENCODER_ATTENTION_WIDTH * _TEXT_TOKENS**2
    return float(linears + attention)


def _vae_flops(tokens: int, per_token: float) -> float:
    positions = _VAE_POSITIONS_PER_TOKEN * tokens
    return per_token * tokens + 4.0 * _VAE_ATTENTION_WIDTH * positions**2


def flops(shape: Shape) -> float:
    """Return the operations that one image of ``shape`` takes (shared/research/performance.md §3.2).

    The base checkpoint is guided: two passes of the transformer per step.
    """
    passes = shape.steps * (2 if shape.checkpoint is Checkpoint.BASE else 1)
    reference_tokens = sum(grid.tokens for grid in shape.references)
    denoise = passes * _transformer_flops(shape.grid.tokens + reference_tokens)
    decode = _vae_flops(shape.grid.tokens, _VAE_DECODE_PER_TOKEN)
    start = (shape.grid,) if shape.first_sigma < 1.0 else ()
    inputs = sum(_vae_flops(grid.tokens, _VAE_ENCODE_PER_TOKEN) for grid in (*shape.references, *start))
    return _encoder_flops() + denoise + decode + inputs


_PICTURE_FLOPS = flops(PICTURE)


def cost(shape: Shape) -> float:
    """Return the static cost of one image of ``shape`` in pictures."""
    return flops(shape) / _PICTURE_FLOPS


def price_tenths(shape: Shape) -> int:
    """Return what a member pays for one image, in tenths of a picture; it never moves with the load."""
    return max(1, round(cost(shape) * TENTHS))


@dataclass(frozen=True)
class Measured:
    """The running mean of what a batch of ``batch`` images of ``shape`` takes on this host."""

    shape: Shape
    batch: int
    seconds: float


class CostModel:
    """Expected seconds on this host: static until measured, then a running mean per shape and batch size."""

    SMOOTHING = 0.2
    """How much one observation moves the mean: the last ten count for nine tenths of it."""

    MOST_SHAPES = 500
    """Beyond it the shape that was seen longest ago is forgotten: edits come in every size."""

    def __init__(self, prior_s_per_picture: float, measured: Iterable[Measured] = ()) -> None:
        """Begin with a host's guess for one picture and what ``measurements()`` once returned."""
        self._s_per_picture = prior_s_per_picture
        self._is_measured = False
        self._seconds: OrderedDict[Shape, dict[int, float]] = OrderedDict()
        self.remember(measured)

    def remember(self, measured: Iterable[Measured]) -> None:
        """Take over what ``measurements()`` returned before a restart."""
        for known in measured:
            self._sizes(known.shape)[known.batch] = known.seconds
            self._learn_rate(known.shape, known.batch, known.seconds)

    def knows(self, shape: Shape) -> bool:
        """Say whether ``shape`` was ever measured on this host."""
        return shape in self._seconds

    def observe(self, shape: Shape, seconds: float, batch: int = 1) -> None:
        """Learn that a batch of ``batch`` images of ``shape`` took ``seconds`` in all."""
        sizes = self._sizes(shape)
        known = sizes.get(batch)
        sizes[batch] = seconds if known is None else known + self.SMOOTHING * (seconds - known)
        self._learn_rate(shape, batch, seconds)

    def expected_s(self, shape: Shape, batch: int = 1) -> float:
        """Return how long a batch of ``batch`` images of ``shape`` takes in all, in seconds.

        An unmeasured size is scaled from the nearest measured one: Klein is bound by arithmetic, so a
        batch of two takes nearly twice as long as one (performance.md §2.2, 16).
        """
        sizes = self._seconds.get(shape)
        if not sizes:
            return self._s_per_picture * cost(shape) * batch
        nearest = min(sizes, key=lambda size: (abs(size - batch), size))
        return sizes[nearest] * batch / nearest

    def expected_cost(self, shape: Shape) -> float:
        """Return the corrected cost of one image of ``shape`` in pictures: what the line charges."""
        return self.expected_s(shape) / self.expected_s(PICTURE)

    def measured_cost(self, seconds: float) -> float:
        """Return the cost in pictures of ``seconds`` of the card, such as an image's part of its batch."""
        return seconds / self.expected_s(PICTURE)

    def measurements(self) -> tuple[Measured, ...]:
        """Return all that was learnt, to be kept over a restart."""
        return tuple(
            Measured(shape, batch, seconds)
            for shape, sizes in self._seconds.items()
            for batch, seconds in sizes.items()
        )

    def _sizes(self, shape: Shape) -> dict[int, float]:
        sizes = self._seconds.setdefault(shape, {})
        self._seconds.move_to_end(shape)
        if len(self._seconds) > self.MOST_SHAPES:
            self._seconds.popitem(last=False)
        return sizes

    def _learn_rate(self, shape: Shape, batch: int, seconds: float) -> None:
        rate = seconds / (cost(shape) * batch)
        weight = self.SMOOTHING if self._is_measured else 1.0  # the first measurement replaces the guess
        self._s_per_picture += weight * (rate - self._s_per_picture)
        self._is_measured = True
