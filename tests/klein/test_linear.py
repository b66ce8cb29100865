"""Native FP8 products: the conversion of inputs, and its memory."""

from collections.abc import Callable

import pytest
import torch

from kleinbot.klein.quantisation import linear
from kleinbot.klein.quantisation.linear import FP8, FP8_MOST, Fp8Linear, RowScaledLinear, widen
from tests.klein.peak_bytes import PeakBytes

TOKENS, WIDTH = 600, 64


def inputs() -> torch.Tensor:
    """Return rows of very different sizes, one of them empty."""
    rows = torch.randn(TOKENS, WIDTH, generator=torch.Generator().manual_seed(0))
    rows *= torch.logspace(-30, 8, TOKENS).unsqueeze(1)
    rows[7] = 0
    return rows.bfloat16()


def row_scaled() -> RowScaledLinear:
    weight = torch.randn(32, WIDTH, generator=torch.Generator().manual_seed(1))
    return RowScaledLinear(weight.to(FP8), torch.rand(32) + 0.1, native=True)


def statically_scaled() -> Fp8Linear:
    weight = torch.randn(32, WIDTH, generator=torch.Generator().manual_seed(1))
    return Fp8Linear(weight.to(FP8), torch.tensor(0.3), torch.tensor(0.07), torch.bfloat16, native=True)


def of_whole_rows(layer: RowScaledLinear, rows: torch.Tensor) -> torch.Tensor:
    largest = rows.abs().amax(dim=1, keepdim=True).float()
    scale = (largest / FP8_MOST).clamp(min=torch.finfo(torch.float32).tiny)
    narrow = (rows / scale).clamp(-FP8_MOST, FP8_MOST).to(FP8)
    return torch._scaled_mm(
        narrow,
        layer.weight.t(),
        scale_a=scale,
        scale_b=layer.scale.unsqueeze(0),
        out_dtype=rows.dtype,
    )


def of_the_whole(layer: Fp8Linear, rows: torch.Tensor) -> torch.Tensor:
    narrow = (rows * layer.input_factor).clamp(-FP8_MOST, FP8_MOST).to(FP8)
    return torch._scaled_mm(
        narrow,
        layer.weight.t(),
        scale_a=layer.input_scale,
        scale_b=layer.weight_scale,
        out_dtype=rows.dtype,
    )


@pytest.mark.parametrize("at_once", [1, 7 * WIDTH, 10**9])
def test_an_input_narrowed_in_tiles_gives_the_same_bits(
    at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(linear, "NARROWED_AT_ONCE", at_once)
    rows = inputs()
    by_row, static = row_scaled(), statically_scaled()
    assert torch.equal(by_row(rows), of_whole_rows(by_row, rows))
    assert torch.equal(static(rows), of_the_whole(static, rows))
    assert len(by_row(rows).unique()) > TOKENS


@pytest.mark.parametrize("make", [row_scaled, statically_scaled])
def test_an_input_is_narrowed_without_wide_copies_of_all_of_it(
    make: Callable[[], torch.nn.Module], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(linear, "NARROWED_AT_ONCE", WIDTH)
    rows, layer = inputs(), make()
    with PeakBytes(before=[rows, *layer.parameters()]) as bytes_:
        product = layer(rows)
    one_byte_each = TOKENS * WIDTH
    scales = 4 * TOKENS * 4
    assert bytes_.peak <= one_byte_each + product.nbytes + scales + 16 * WIDTH


@pytest.mark.parametrize("make", [row_scaled, statically_scaled])
def test_a_compiler_gets_the_input_in_one_piece_and_the_same_bits(
    make: Callable[[], torch.nn.Module], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(linear, "NARROWED_AT_ONCE", WIDTH)
    torch._dynamo.reset()
    graphs: list[torch.fx.GraphModule] = []

    def noted(graph: torch.fx.GraphModule, _: object) -> torch.fx.GraphModule:
        graphs.append(graph)
        return graph

    rows, layer = inputs(), make()
    compiled = torch.compile(layer, fullgraph=True, dynamic=True, backend=noted)
    assert torch.equal(compiled(rows), layer(rows))
    torch._dynamo.reset()
    [graph] = graphs
    assert len(graph.graph.nodes) < TOKENS


def test_a_weight_is_scaled_in_float32_and_rounded_once() -> None:
    numbers = torch.arange(256, dtype=torch.uint8).view(FP8)
    numbers = numbers[numbers.float().isfinite()]
    scale = torch.tensor(0.0123456789)
    assert scale.bfloat16() != scale
    assert torch.equal(widen(numbers, scale, torch.bfloat16), (numbers.float() * scale).bfloat16())
