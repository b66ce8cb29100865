"""Linear layers with 8-bit weights: Black Forest Labs' scaled FP8, and weights quantised by row on load.

They are modules with plain tensors instead of torchao's tensor subclasses, so they can be moved, pinned,
streamed, saved and traced like any other module, under every supported release of torch.
"""

from collections.abc import Callable, Generator, Iterable

import torch
from torch import nn
from torch.nn import functional

FP8 = torch.float8_e4m3fn
FP8_MOST = 448.0
"""The largest number of e4m3."""

NARROWED_AT_ONCE = 2**22
"""Numbers of an input converted to FP8 at a time: 16 MiB if the quotient is float32."""


@torch.library.custom_op("kleinbot::widen", mutates_args=())
def widen(weight: torch.Tensor, scale: torch.Tensor | None, dtype: torch.dtype) -> torch.Tensor:
    """Return 8-bit ``weight`` in ``dtype``, times ``scale``: a float32 scalar on the CPU, or None.

    The product is rounded once, like ``(weight.float() * scale).to(dtype)``, but needs no float32 copy:
    every e4m3 is exact in bfloat16, and torch multiplies by a CPU scalar in float32.

    A custom operator, so that compilers do not trace into it: Triton has no FP8 for GPUs before sm_89.
    """
    wide = weight.to(dtype)
    return wide if scale is None else wide.mul_(scale)


@widen.register_fake
def _(weight: torch.Tensor, scale: torch.Tensor | None, dtype: torch.dtype) -> torch.Tensor:
    del scale
    return torch.empty_like(weight, dtype=dtype)


def _narrowed(
    rows: torch.Tensor, scale: torch.Tensor, apply: Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
) -> torch.Tensor:
    """Return ``apply(rows, scale)`` in FP8; ``rows`` is (N, in), ``scale`` a scalar or (N, 1).

    In tiles of rows: the scaled and clamped numbers of a whole picture would take many times the layer's
    input. A compiler gets it in one piece and generates one kernel.
    """
    # Clamped first: an overflow becomes NaN under torch 2.11 and 448 under 2.13.
    if torch.compiler.is_compiling():
        return apply(rows, scale).clamp(-FP8_MOST, FP8_MOST).to(FP8)
    narrow = torch.empty_like(rows, dtype=FP8)
    at_once = max(1, NARROWED_AT_ONCE // rows.shape[1])
    scales = scale.expand(len(rows), 1)
    for first in range(0, len(rows), at_once):
        tile = slice(first, first + at_once)
        narrow[tile] = apply(rows[tile], scales[tile]).clamp_(-FP8_MOST, FP8_MOST)
    return narrow


class Fp8Linear(nn.Module):
    """y = x·(weight·weight_scale)ᵀ without bias, as in Black Forest Labs' FP8 files.

    ``weight`` is (out, in) in float8_e4m3fn, ``weight_scale`` and ``input_scale`` are float32 scalars;
    ``dtype`` is that of x. If ``native``, x is quantised with the static ``input_scale`` and multiplied in
    FP8 (sm_89 and newer, and CPUs); otherwise the weight is dequantised for each product, which is bit-equal
    to dequantising it on load.
    """

    weight: torch.Tensor
    input_factor: torch.Tensor
    input_scale: torch.Tensor
    weight_scale: torch.Tensor

    def __init__(
        self,
        weight: torch.Tensor,
        weight_scale: torch.Tensor,
        input_scale: torch.Tensor,
        dtype: torch.dtype,
        *,
        native: bool,
    ) -> None:
        super().__init__()
        self.native = native
        self.out_features, self.in_features = weight.shape
        self.weight = nn.Parameter(weight, requires_grad=False)
        # x is multiplied in its own dtype, so the factor is rounded to it and the scale follows from it.
        factor = (1.0 / input_scale.double()).to(dtype)
        self.register_buffer("input_factor", factor.reshape(()))
        self.register_buffer("input_scale", (1.0 / factor.double()).float().reshape(()))
        self.register_buffer("weight_scale", weight_scale.float().reshape(()))
        # Not a buffer: it stays on the CPU when the module moves, see ``widen``.
        self.host_scale = weight_scale.float().reshape(()).cpu()

    def widened(self, dtype: torch.dtype) -> torch.Tensor:
        """Return the dequantised weight for ``product``."""
        wide: torch.Tensor = widen(self.weight, self.host_scale, dtype)
        return wide

    def product(self, x: torch.Tensor, widened: torch.Tensor) -> torch.Tensor:
        y: torch.Tensor = functional.linear(x, widened)
        return y

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if not self.native:
            return self.product(x, self.widened(x.dtype))
        rows = x.reshape(-1, self.in_features)
        narrow = _narrowed(rows, self.input_factor, torch.mul)
        product = torch._scaled_mm(
            narrow,
            self.weight.t(),
            scale_a=self.input_scale,
            scale_b=self.weight_scale,
            out_dtype=x.dtype,
        )
        return product.reshape(*x.shape[:-1], self.out_features)

    def extra_repr(self) -> str:
        return f"in_features={self.in_features}, out_features={self.out_features}, native={self.native}"


class RowScaledLinear(nn.Module):
    """y = (x·weightᵀ)·scale without bias: one scale for each row of an int8 or float8_e4m3fn ``weight``.

    ``weight`` is (out, in), ``scale`` (out,) in float32. If ``native`` (FP8 only), each row of x is quantised
    by its largest number and multiplied in FP8.
    """

    weight: torch.Tensor
    scale: torch.Tensor

    def __init__(self, weight: torch.Tensor, scale: torch.Tensor, *, native: bool) -> None:
        super().__init__()
        if native and weight.dtype is not FP8:
            raise ValueError(f"no native product for {weight.dtype}")
        self.native = native
        self.out_features, self.in_features = weight.shape
        self.weight = nn.Parameter(weight, requires_grad=False)
        self.register_buffer("scale", scale.float().reshape(-1))

    def widened(self, dtype: torch.dtype) -> torch.Tensor:
        """Return the weight in ``dtype`` for ``product``, without its scales."""
        wide: torch.Tensor = widen(self.weight, None, dtype)
        return wide

    def product(self, x: torch.Tensor, widened: torch.Tensor) -> torch.Tensor:
        # In place: computed in float32 and rounded once.
        y: torch.Tensor = functional.linear(x, widened).mul_(self.scale)
        return y

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if not self.native:
            return self.product(x, self.widened(x.dtype))
        rows = x.reshape(-1, self.in_features)
        # The largest magnitude, without a copy of all magnitudes.
        largest = torch.linalg.vector_norm(rows, ord=torch.inf, dim=1, keepdim=True).float()
        input_scale = (largest / FP8_MOST).clamp(min=torch.finfo(torch.float32).tiny)
        narrow = _narrowed(rows, input_scale, torch.div)
        product = torch._scaled_mm(
            narrow,
            self.weight.t(),
            scale_a=input_scale,
            scale_b=self.scale.unsqueeze(0),
            out_dtype=x.dtype,
        )
        return product.reshape(*x.shape[:-1], self.out_features)

    def extra_repr(self) -> str:
        dtype = str(self.weight.dtype).removeprefix("torch.")
        return (
            f"in_features={self.in_features}, out_features={self.out_features}, {dtype}, native={self.native}"
        )


def products(linear: nn.Module, inputs: Iterable[torch.Tensor]) -> Generator[torch.Tensor]:
    """Yield the product of ``linear`` with each of ``inputs``; its weight is dequantised once.

    The dequantised weight is kept until the generator is exhausted or closed.
    """
    if not isinstance(linear, Fp8Linear | RowScaledLinear) or linear.native:
        yield from map(linear, inputs)
        return
    widened: torch.Tensor | None = None
    for x in inputs:
        if widened is None:
            widened = linear.widened(x.dtype)
        yield linear.product(x, widened)
