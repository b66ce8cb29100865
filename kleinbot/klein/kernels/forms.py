"""The form in which a matrix product reads its input: plain, or narrowed to FP8."""

from dataclasses import dataclass
from enum import IntEnum

import torch

from kleinbot.klein.quantisation.linear import FP8, FP8_MOST


class Narrowing(IntEnum):
    """How an input is narrowed; the numbers are those of the Triton kernels."""

    NOTHING = 0
    BY_ROW = 1
    """To FP8, each row divided by its largest number / 448."""
    BY_FACTOR = 2
    """To FP8, multiplied by a fixed factor."""


@dataclass(frozen=True)
class Form:
    """What a product wants. ``factor``: a scalar on its device, for BY_FACTOR only."""

    narrowing: Narrowing = Narrowing.NOTHING
    factor: torch.Tensor | None = None


PLAIN = Form()


@dataclass(frozen=True)
class Rows:
    """A product's input: ``numbers`` (rows, in), and for BY_ROW the ``scales`` (rows, 1) in float32."""

    numbers: torch.Tensor
    scales: torch.Tensor | None = None


def narrowed(numbers: torch.Tensor, form: Form) -> Rows:
    """Return ``numbers`` (rows, in) in ``form`` by plain torch, as ``RowScaledLinear``, ``Fp8Linear``."""
    if form.narrowing is Narrowing.NOTHING:
        return Rows(numbers)
    scales = None
    if form.factor is not None:
        scaled = numbers * form.factor.to(numbers.dtype)
    else:
        largest = numbers.abs().amax(dim=1, keepdim=True).float()
        scales = (largest / FP8_MOST).clamp(min=torch.finfo(torch.float32).tiny)
        scaled = numbers / scales
    # Clamped first: an overflow becomes NaN under torch 2.11 and 448 under 2.13.
    return Rows(scaled.clamp(-FP8_MOST, FP8_MOST).to(FP8), scales)
