"""Each Triton kernel, in Triton's interpreter, gives what plain torch gives."""

import pytest
import torch
from torch import nn

from kleinbot.klein.kernels.forms import PLAIN, Form, Narrowing, Rows
from kleinbot.klein.kernels.operations import Heads, Operations, PlainOperations, Turned

pytest.importorskip("triton", reason="Triton's wheels are for Linux")
from kleinbot.klein.kernels.gpu.launches import TritonOperations

# Lanes outside a tensor compute too, from whatever numbers.
pytestmark = pytest.mark.filterwarnings("ignore:overflow encountered in exp:RuntimeWarning")

WANTED = PlainOperations()
MADE: Operations = TritonOperations()
BOTH: tuple[Operations, Operations] = MADE, WANTED
FORMS = (PLAIN, Form(Narrowing.BY_ROW), Form(Narrowing.BY_FACTOR, torch.tensor(3.5)))
CLOSE = 2e-6


@pytest.fixture
def random() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def assert_equal(made: Rows, wanted: Rows) -> None:
    """Compare in the numbers' own form; in e4m3, two roundings may fall on neighbours.

    The interpreter rounds halves up and cuts the smallest numbers off, and where a mantissa rounds up to the
    next power of two it loses the carry, and gives half the number (triton 3.6 and 3.9, ``_convert_float``).
    GPUs do not: ``tests.gpu.fused`` compares the same there.
    """
    assert made.numbers.dtype == wanted.numbers.dtype
    if wanted.scales is not None:
        assert made.scales is not None
        torch.testing.assert_close(made.scales, wanted.scales, rtol=CLOSE, atol=0)
    ours, theirs = made.numbers.float(), wanted.numbers.float()
    if made.numbers.dtype is torch.float32:
        torch.testing.assert_close(ours, theirs, rtol=CLOSE, atol=CLOSE)
        return
    step = torch.clamp(theirs.abs() / 8, min=2**-9)
    has_lost_its_carry = (2 * ours == theirs) & (torch.frexp(theirs).mantissa.abs() == 0.5)
    assert bool((((ours - theirs).abs() <= step) | has_lost_its_carry).all())
    assert float((ours == theirs).float().mean()) > 0.9


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.narrowing.name)
def test_the_norm_of_some_rows_of_a_batch(random: torch.Generator, form: Form) -> None:
    """The rows between the words and the end, of two pictures with their own modulations."""
    streams = [torch.randn(2, 5, 12, generator=random)]
    streams.append(streams[0].clone())
    update, modulation = torch.randn(6, 12, generator=random), torch.randn(2, 36, generator=random)
    shift, scale, gate = modulation.chunk(3, dim=1)
    made, wanted = (
        do.norm(stream[:, 2:], shift, scale, 36, 1e-6, form, update, gate)
        for do, stream in zip(BOTH, streams, strict=True)
    )
    assert_equal(made, wanted)
    torch.testing.assert_close(streams[0], streams[1], rtol=CLOSE, atol=CLOSE)
    for do, stream in zip(BOTH, streams, strict=True):
        do.add_gated(stream[:, 2:], update, gate, 36)
    torch.testing.assert_close(streams[0], streams[1], rtol=CLOSE, atol=CLOSE)
    assert_equal(*(do.narrow(streams[1][:, :2], form) for do in BOTH))


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.narrowing.name)
def test_the_root_mean_square_norm(random: torch.Generator, form: Form) -> None:
    streams = [torch.randn(3, 12, generator=random)]
    streams.append(streams[0].clone())
    update, weight = torch.randn(3, 12, generator=random), torch.randn(12, generator=random)
    assert_equal(
        *(do.rms_norm(stream, weight, 1e-6, form, update) for do, stream in zip(BOTH, streams, strict=True))
    )
    torch.testing.assert_close(streams[0], streams[1], rtol=CLOSE, atol=CLOSE)


@pytest.mark.parametrize(("paired", "count", "key_count"), [(True, 3, 3), (False, 4, 2)])
def test_heads_are_normed_and_rotated(
    random: torch.Generator,
    paired: bool,
    count: int,
    key_count: int,
) -> None:
    width, words, rows, pictures = 8, 2, 2, 2
    projection = torch.randn(pictures * rows, (count + 2 * key_count) * width + 7, generator=random)
    query_weight, key_weight = torch.randn(2, width, generator=random)
    heads = Heads(count, key_count, width, query_weight, key_weight, 1e-6, paired=paired)
    angles = torch.randn(words + rows, width // 2, generator=random)
    repeated = angles.repeat_interleave(2, dim=1) if paired else angles.repeat(1, 2)
    filled = [
        Turned(*(torch.zeros(pictures, words + rows, each, width) for each in (count, key_count, key_count)))
        for _ in range(2)
    ]
    for do, into in zip(BOTH, filled, strict=True):
        do.turn(projection, heads, repeated.cos(), repeated.sin(), into, words, with_value=True)
    for name in ("query", "key", "value"):
        made, wanted = (getattr(each, name) for each in filled)
        torch.testing.assert_close(made, wanted, rtol=CLOSE, atol=CLOSE)
        assert made[:, words:].abs().sum() > 0


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.narrowing.name)
@pytest.mark.parametrize("left", [0, 5])
def test_gated_halves_beside_another_tensor(random: torch.Generator, form: Form, left: int) -> None:
    projection = torch.randn(3, 4 + 2 * 12, generator=random)
    beside = torch.randn(3, left, generator=random) if left else None
    assert_equal(*(do.gate_halves(projection, 4, form, beside) for do in BOTH))


@pytest.mark.parametrize("silu", [True, False])
@pytest.mark.parametrize("added", [True, False])
def test_group_norm_of_channels_that_are_no_power_of_two(
    random: torch.Generator,
    added: bool,
    silu: bool,
) -> None:
    """With a mean far from zero, where a difference of squares loses all digits; and more than one part."""
    x = 30 + torch.randn(1, 12, 9, 17, generator=random)
    norm = nn.GroupNorm(4, 12, eps=1e-6).requires_grad_(requires_grad=False)
    norm.weight.normal_(generator=random)
    norm.bias.normal_(generator=random)
    bias = torch.randn(12, generator=random) if added else None
    made, wanted = (do.group_norm(x, norm, bias, silu=silu) for do in BOTH)
    torch.testing.assert_close(made, wanted, rtol=1e-5, atol=2e-5)
    assert torch.equal(made, MADE.group_norm(x, norm, bias, silu=silu))
    one = torch.full((1, 12, 3, 3), 7.0)
    assert MADE.group_norm(one, norm, bias, silu=silu).isfinite().all()


def test_sums_of_pictures(random: torch.Generator) -> None:
    x, y = torch.randn(2, 1, 12, 5, 7, generator=random)
    for bias in (torch.randn(12, generator=random), None):
        made, wanted = (do.add_pictures(x, y, bias) for do in BOTH)
        torch.testing.assert_close(made, wanted, rtol=CLOSE, atol=CLOSE)


def test_a_row_of_zeros_is_no_division_by_zero() -> None:
    rows = MADE.narrow(torch.zeros(1, 2, 12), Form(Narrowing.BY_ROW))
    assert rows.numbers.float().eq(0).all()
    assert rows.scales is not None
    assert rows.scales.isfinite().all()
