"""What an image costs: from its arithmetic, and in seconds as measured on this host."""

from collections import OrderedDict, deque
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median_low

from kleinbot.domain.geometry import Grid
from kleinbot.domain.job import TENTHS
from kleinbot.domain.job_spec import Checkpoint
from kleinbot.scheduler.entries import Shape

# FLUX.2 [klein] 4B. A multiplication and its addition count as two operations.
_TEXT_TOKENS = 512
_BLOCKS = 25
_WIDTH = 3072
_BLOCK_WEIGHTS = 27648 * _WIDTH + _WIDTH * 12288
"""Of a single block. A double block has as many for the picture, and again for the text."""
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
    """Return what a member pays for one image, in tenths of a picture; it does not change with the load."""
    return max(1, round(cost(shape) * TENTHS))


@dataclass(frozen=True)
class Measured:
    """The seconds of one image of ``shape`` on this host, in a batch or alone."""

    shape: Shape
    seconds: float


@dataclass
class _Factor:
    """How much longer a shape takes than its arithmetic says. ``seen`` counts its measurements."""

    value: float
    seen: int


class CostModel:
    """Expected seconds on this host: one rate, the median of the last batches, and a factor for each shape.

    Every shape moves the rate, so that a GPU that slows down is known for all of them at once. A factor moves
    slowly, so that it does not learn what belongs to the rate. One odd measurement does not move the rate,
    and moves a factor by at most ``BOUND``.
    """

    LAST_BATCHES = 9
    """The rate is the median of this many batches."""

    BOUND = 2.0
    """A measurement counts as at most this many times longer, or shorter, than expected."""

    MOST_SEEN = 32
    """The n-th measurement of a shape moves its factor by an n-th, and by no less than this one does."""

    MOST_SHAPES = 500
    """Beyond it the shape that was seen longest ago is forgotten: edits have every size."""

    def __init__(self, prior_s_per_picture: float, measured: Iterable[Measured] = ()) -> None:
        """Start with a guess for one picture, and with what ``measurements()`` once returned."""
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

    @property
    def is_measured(self) -> bool:
        """Whether anything was ever measured on this host; else every time is a guess."""
        return bool(self._rates)

    def knows(self, shape: Shape) -> bool:
        """Whether ``shape`` was ever measured on this host."""
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
        """Return the seconds of a batch of ``batch`` images of ``shape``.

        Klein is bound by arithmetic, so a batch of two takes nearly twice as long as one image.
        """
        return self.expected_cost(shape) * batch * self.s_per_picture

    def expected_cost(self, shape: Shape) -> float:
        """Return the corrected cost of one image of ``shape`` in pictures, which the queue charges."""
        known = self._factors.get(shape)
        return cost(shape) * (1.0 if known is None else known.value)

    def measured_cost(self, seconds: float) -> float:
        """Return the cost in pictures of ``seconds`` on a GPU, such as an image's part of its batch."""
        return seconds / self.s_per_picture

    def measurements(self) -> tuple[Measured, ...]:
        """Return everything that was learnt, for ``remember`` after a restart."""
        return tuple(Measured(shape, self.expected_s(shape)) for shape in self._factors)
