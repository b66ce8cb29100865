"""Checks that 8-bit matrix products are correct on this device before any picture is rendered."""

import logging
from collections.abc import Iterator

import torch
from torch import nn

from kleinbot.domain.errors import Code, StartError
from kleinbot.domain.profile import WeightFormat
from kleinbot.engine.device import wait_for
from kleinbot.engine.failures import is_host_out_of_memory, is_out_of_memory
from kleinbot.klein.pipeline.load import Klein
from kleinbot.klein.quantisation.linear import FP8, FP8_MOST, Fp8Linear, RowScaledLinear
from kleinbot.klein.quantisation.quantise import quantise

_log = logging.getLogger(__name__)

_ROWS = 32
_SPREAD = 4.0
"""Ratio of the largest row to the smallest, so that a scale applied to the wrong row shows."""

MOST_ERROR = 0.1
"""Relative error of the whole product. Inputs rounded to e4m3 give 0.03, a missing scale gives tens."""

_REASON_CHARACTERS = 200

_EightBit = Fp8Linear | RowScaledLinear


def check_products(klein: Klein) -> StartError | None:
    """Try a product of each kind of 8-bit layer in ``klein``; native products that fail become dequantised.

    A torch build may lack the kernel (row scales on Windows: pytorch#194606), or a GPU may return wrong
    numbers. Returns the error for the owner, NO_NATIVE_PRODUCTS (reason), or None if native products work or
    are not used. Call it before anything is compiled.

    Raises StartError PRODUCTS_WRONG (reason) if dequantised products fail too: pictures would be noise.
    Propagates torch's own errors if memory runs out or the device is lost.
    """
    problem: StartError | None = None
    for layers in _by_kind(klein):
        reason = _problem(layers[0], klein)
        if reason is not None and layers[0].native:
            _log.warning("native FP8 products are disabled: %s", reason)
            problem = StartError(Code.NO_NATIVE_PRODUCTS, reason=reason[:_REASON_CHARACTERS])
            for layer in layers:
                layer.native = False
            reason = _problem(layers[0], klein)
        if reason is not None:
            raise StartError(Code.PRODUCTS_WRONG, reason=reason[:_REASON_CHARACTERS])
    return problem


def _by_kind(klein: Klein) -> Iterator[list[_EightBit]]:
    """Yield the layers of each kind, the smallest first."""
    kinds: dict[tuple[type, torch.dtype, bool], list[_EightBit]] = {}
    modules: list[nn.Module] = [*klein.text_encoder.modules()]
    for transformer in klein.transformers.values():
        modules.extend(transformer.modules())
    for module in modules:
        if isinstance(module, Fp8Linear | RowScaledLinear):
            kinds.setdefault((type(module), module.weight.dtype, module.native), []).append(module)
    for layers in kinds.values():
        yield sorted(layers, key=lambda layer: layer.in_features * layer.out_features)


def _problem(like: _EightBit, klein: Klein) -> str | None:
    """Return what is wrong with the product of a layer of the same size and kind as ``like``, or None."""
    layer, x, expected = _example(like, klein.dtype)
    try:
        actual = _product(layer.to(klein.device), x.to(klein.device))
    except (RuntimeError, TypeError, ValueError, AttributeError) as error:
        if is_out_of_memory(error) or is_host_out_of_memory(error):
            raise
        wait_for(klein.device)
        return str(error) or repr(error)
    error_share = float((actual - expected).norm() / expected.norm())
    # The comparison must be False for NaN.
    return None if error_share <= MOST_ERROR else f"a product is wrong by {error_share:.0%}"


@torch.inference_mode()
def _product(layer: nn.Module, x: torch.Tensor) -> torch.Tensor:
    made: torch.Tensor = layer(x)
    return made.float().cpu()


def _example(like: _EightBit, dtype: torch.dtype) -> tuple[_EightBit, torch.Tensor, torch.Tensor]:
    """Return a layer, its input (rows, in) and the product (rows, out) in float32, all on the CPU."""
    random = torch.Generator().manual_seed(0)
    plain = torch.randn(like.out_features, like.in_features, generator=random)
    x = torch.randn(_ROWS, like.in_features, generator=random)
    x = (x * _row_factors(_ROWS)).to(dtype)
    layer: _EightBit
    if isinstance(like, Fp8Linear):
        scale = plain.abs().max() / FP8_MOST
        narrow = (plain / scale).to(FP8)
        layer = Fp8Linear(narrow, scale, x.abs().max().float() / FP8_MOST, dtype, native=like.native)
        weight = narrow.float() * scale
    else:
        weight_format = WeightFormat.FP8 if like.weight.dtype is FP8 else WeightFormat.INT8
        narrow, scales = quantise(plain * _row_factors(like.out_features), weight_format, torch.device("cpu"))
        layer = RowScaledLinear(narrow, scales, native=like.native)
        weight = narrow.float() * scales.reshape(-1, 1)
    return layer, x, x.float() @ weight.t()


def _row_factors(rows: int) -> torch.Tensor:
    """Return (rows, 1) factors from 1 to ``_SPREAD``."""
    return torch.linspace(1.0, _SPREAD, rows).unsqueeze(1)
