"""What an image costs: statically from its arithmetic, and in seconds as measured on this host."""

from collections import OrderedDict, deque
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median_low

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
    """Return the operations that one image of ``shape`` takes; the tests hold it to what torch counts.

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
    """What one image of ``shape`` takes on this host, in a batch or alone."""

    shape: Shape
    seconds: float


@dataclass
class _Factor:
    """How much longer a shape takes than its arithmetic says; ``seen`` counts its measurements."""

    value: float
    seen: int


class CostModel:
    """Expected seconds on this host: one rate, the median of the last batches, and a factor for each shape.

    The rate is learnt from every shape, so that a card that slows down is known for all of them at once, and
    a factor moves slowly, so that it does not learn what the rate is about to. One odd measurement moves no
    rate, and a factor by no more than ``BOUND``.
    """

    LAST_BATCHES = 9
    """Of whose rates the median is taken."""

    BOUND = 2.0
    """A measurement counts as at most so many times as long, or as short, as was expected."""

    MOST_SEEN = 32
    """The n-th measurement of a shape moves its factor by an n-th, from here on always by as much."""

    MOST_SHAPES = 500
    """Beyond it the shape that was seen longest ago is forgotten: edits come in every size."""

    def __init__(self, prior_s_per_picture: float, measured: Iterable[Measured] = ()) -> None:
        """Begin with a host's guess for one picture and what ``measurements()`` once returned."""
        self._prior = prior_s_per_picture
        self._rates: deque[float] = deque(maxlen=self.LAST_BATCHES)
        self._factors: OrderedDict[Shape, _Factor] = OrderedDict()
        self.s_per_picture = prior_s_per_picture
        self.remember(measured)

    def remember(self, measured: Iterable[Measured]) -> None:
        """Take over what ``measurements()`` returned before a restart."""
        known = {each.shape: each.seconds for each in measured}
        if not known:
            return
        rates = [seconds / cost(shape) for shape, seconds in known.items()]
        self.s_per_picture = median_low(rates)
        self._rates.append(self.s_per_picture)
        for shape, seconds in known.items():
            factor = seconds / (cost(shape) * self.s_per_picture)
            self._factors[shape] = _Factor(factor, self.MOST_SEEN // 4)

    def knows(self, shape: Shape) -> bool:
        """Say whether ``shape`` was ever measured on this host."""
        return shape in self._factors

    def observe(self, shape: Shape, seconds: float, batch: int = 1) -> None:
        """Learn that a batch of ``batch`` images of ``shape`` took ``seconds`` in all."""
        known = self._factors.get(shape) or _Factor(1.0, 0)
        self._rates.append(seconds / (batch * cost(shape) * known.value))
        self.s_per_picture = median_low(self._rates)
        off = seconds / self.expected_s(shape, batch)
        off = min(self.BOUND, max(1 / self.BOUND, off))
        seen = min(known.seen + 1, self.MOST_SEEN)
        self._factors[shape] = _Factor(known.value * off ** (1 / seen), seen)
        self._factors.move_to_end(shape)
        if len(self._factors) > self.MOST_SHAPES:
            self._factors.popitem(last=False)

    def expected_s(self, shape: Shape, batch: int = 1) -> float:
        """Return how long a batch of ``batch`` images of ``shape`` takes in all, in seconds.

        Klein is bound by arithmetic, so a batch of two takes nearly twice as long as one.
        """
        return self.expected_cost(shape) * batch * self.s_per_picture

    def expected_cost(self, shape: Shape) -> float:
        """Return the corrected cost of one image of ``shape`` in pictures: what the line charges."""
        known = self._factors.get(shape)
        return cost(shape) * (1.0 if known is None else known.value)

    def measured_cost(self, seconds: float) -> float:
        """Return the cost in pictures of ``seconds`` of the card, such as an image's part of its batch."""
        return seconds / self.s_per_picture

    def measurements(self) -> tuple[Measured, ...]:
        """Return all that was learnt, to be kept over a restart."""
        return tuple(Measured(shape, self.expected_s(shape)) for shape in self._factors)
