"""Plain weights to 8 bits, each row with a scale of its own.

The numbers are those of torchao 0.18's weight-only INT8 and FP8 by rows, bit for bit
(``tests/klein/test_quantise.py``), but for rows of zeros in FP8, which become zeros here and NaN there.
"""

import torch
from torch import nn

from kleinbot.domain.profile import WeightFormat

_BLOCKS = ("transformer_blocks.", "single_transformer_blocks.", "layers.")
_INT8_LEVELS = 127.5
"""Half of -128…127: the largest number of a row becomes this, so that both ends are used."""

_FP8 = torch.float8_e4m3fn
_FP8_MOST = 448.0
_AT_ONCE = 1 << 24
"""Numbers that are in float32 at a time: 64 MiB, and as much again for the quotient."""


def large_layers(model: nn.Module) -> frozenset[str]:
    """Return the linear layers that are worth 8 bits: those of the blocks, as in Black Forest Labs' files.

    What leads in and out, and what makes the modulations, stays plain there too.
    """
    return frozenset(
        name
        for name, module in model.named_modules()
        if isinstance(module, nn.Linear) and name.startswith(_BLOCKS)
    )


def quantise(
    weight: torch.Tensor, kept: WeightFormat, device: torch.device
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return ``weight`` (out, in) in 8 bits and the float32 scales of its rows (out,), both on the CPU.

    The arithmetic is done on ``device``. An int8 is -128…127, a float8_e4m3fn -448…448.

    Raises ValueError where ``kept`` is not an 8-bit format.
    """
    if kept is WeightFormat.PLAIN:
        raise ValueError(kept)
    in_rows = _int8 if kept is WeightFormat.INT8 else _fp8
    rows = max(1, _AT_ONCE // weight.shape[1])
    strips = (weight[first : first + rows] for first in range(0, weight.shape[0], rows))
    made = [in_rows(strip.to(device)) for strip in strips]
    return (
        torch.cat([narrow.cpu() for narrow, _ in made]),
        torch.cat([scale.reshape(-1).cpu() for _, scale in made]),
    )


def _int8(rows: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    scale = rows.abs().amax(dim=1, keepdim=True) / _INT8_LEVELS
    # A row of zeros would divide by nothing.
    scale = scale.clamp(min=torch.finfo(torch.float32).eps).float()
    return (rows * (1.0 / scale)).round().clamp(-128, 127).to(torch.int8), scale


def _fp8(rows: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    scale = (rows.abs().amax(dim=1, keepdim=True) / _FP8_MOST).float()
    scale = torch.where(scale == 0, torch.ones_like(scale), scale)
    return (rows.float() / scale).clamp(-_FP8_MOST, _FP8_MOST).to(_FP8), scale
