"""Whether 8-bit products are right on this device, asked before a picture depends on them."""

import logging
from collections.abc import Iterator

import torch
from torch import nn

from kleinbot.domain.errors import Code, StartError
from kleinbot.engine.device import wait_for
from kleinbot.engine.failures import is_host_out_of_memory, is_out_of_memory
from kleinbot.host.profile import Format
from kleinbot.klein.eight_bit import FP8, FP8_MOST, Fp8Linear, RowScaledLinear
from kleinbot.klein.load import Klein
from kleinbot.klein.quantise import quantise

_log = logging.getLogger(__name__)

_ROWS = 32
_SPREAD = 4.0
"""By how much the largest row exceeds the smallest: a scale that reaches the wrong row shows."""

MOST_ERROR = 0.1
"""Relative, of the whole product. Inputs rounded to e4m3 give 0.03, a scale that is left out tens."""

_REASON_CHARACTERS = 200

_EightBit = Fp8Linear | RowScaledLinear


def check_products(klein: Klein) -> StartError | None:
    """Try a product of each kind of 8-bit layer that ``klein`` has; native ones that fail become dequantised.

    A build of torch may lack the kernel (row scales on Windows: pytorch#194606), or a card may give wrong
    numbers. Returns what the host is told, NO_NATIVE_PRODUCTS (reason), or None where all is as the profile
    says. Call it before anything is compiled.

    Raises StartError PRODUCTS_WRONG (reason) where dequantised products fail too: pictures would be noise.
    Raises what torch raises where memory runs out or the device is lost.
    """
    problem: StartError | None = None
    for layers in _by_kind(klein):
        reason = _fault(layers[0], klein)
        if reason is not None and layers[0].native:
            _log.warning("native FP8 products are left out: %s", reason)
            problem = StartError(Code.NO_NATIVE_PRODUCTS, reason=reason[:_REASON_CHARACTERS])
            for layer in layers:
                layer.native = False
            reason = _fault(layers[0], klein)
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


def _fault(like: _EightBit, klein: Klein) -> str | None:
    """Return what is wrong with a product of a layer of the size and kind of ``like``, or None."""
    layer, x, wanted = _example(like, klein.dtype)
    try:
        made = _product(layer.to(klein.device), x.to(klein.device))
    except (RuntimeError, TypeError, ValueError, AttributeError) as error:
        if is_out_of_memory(error) or is_host_out_of_memory(error):
            raise
        wait_for(klein.device)
        return str(error) or repr(error)
    error_share = float((made - wanted).norm() / wanted.norm())
    # Not a number is no small error.
    return None if error_share <= MOST_ERROR else f"a product is wrong by {error_share:.0%}"


@torch.inference_mode()
def _product(layer: nn.Module, x: torch.Tensor) -> torch.Tensor:
    made: torch.Tensor = layer(x)
    return made.float().cpu()


def _example(like: _EightBit, dtype: torch.dtype) -> tuple[_EightBit, torch.Tensor, torch.Tensor]:
    """Return a layer, its input (rows, in), and the product (rows, out) in float32, all on the host."""
    random = torch.Generator().manual_seed(0)
    plain = torch.randn(like.out_features, like.in_features, generator=random)
    x = torch.randn(_ROWS, like.in_features, generator=random)
    x = (x * _growing(_ROWS)).to(dtype)
    layer: _EightBit
    if isinstance(like, Fp8Linear):
        scale = plain.abs().max() / FP8_MOST
        narrow = (plain / scale).to(FP8)
        layer = Fp8Linear(narrow, scale, x.abs().max().float() / FP8_MOST, dtype, native=like.native)
        weight = narrow.float() * scale
    else:
        kept = Format.FP8 if like.weight.dtype is FP8 else Format.INT8
        narrow, scales = quantise(plain * _growing(like.out_features), kept, torch.device("cpu"))
        layer = RowScaledLinear(narrow, scales, native=like.native)
        weight = narrow.float() * scales.reshape(-1, 1)
    return layer, x, x.float() @ weight.t()


def _growing(rows: int) -> torch.Tensor:
    """Return (rows, 1) factors from 1 to ``_SPREAD``."""
    return torch.linspace(1.0, _SPREAD, rows).unsqueeze(1)
