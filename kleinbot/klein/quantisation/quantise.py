"""Quantises plain weights to 8 bits with one scale per row.

The numbers equal those of torchao 0.18's weight-only INT8 and FP8 by rows, bit for bit
(``tests/klein/test_quantise.py``), except rows of zeros in FP8: zeros here, NaN there.
"""

import torch
from torch import nn

from kleinbot.domain.profile import WeightFormat

_BLOCKS = ("transformer_blocks.", "single_transformer_blocks.", "layers.")
_INT8_LEVELS = 127.5
"""Half of the range -128…127: the largest number of a row maps to it, so that both ends are used."""

_FP8 = torch.float8_e4m3fn
_FP8_MOST = 448.0
_AT_ONCE = 1 << 24
"""Numbers converted to float32 at a time: 64 MiB, and as much again for the quotient."""


def large_layers(model: nn.Module) -> frozenset[str]:
    """Return the linear layers to quantise: those of the blocks, as in Black Forest Labs' files.

    Input, output and modulation layers stay plain there too.
    """
    return frozenset(
        name
        for name, module in model.named_modules()
        if isinstance(module, nn.Linear) and name.startswith(_BLOCKS)
    )


def quantise(
    weight: torch.Tensor, weight_format: WeightFormat, device: torch.device
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return ``weight`` (out, in) in 8 bits and the float32 scales of its rows (out,), both on the CPU.

    The arithmetic runs on ``device``. An int8 is -128…127, a float8_e4m3fn -448…448.

    Raises ValueError if ``weight_format`` is not an 8-bit format.
    """
    if weight_format is WeightFormat.PLAIN:
        raise ValueError(weight_format)
    in_rows = _int8 if weight_format is WeightFormat.INT8 else _fp8
    rows = max(1, _AT_ONCE // weight.shape[1])
    tiles = (weight[first : first + rows] for first in range(0, weight.shape[0], rows))
    made = [in_rows(tile.to(device)) for tile in tiles]
    return (
        torch.cat([narrow.cpu() for narrow, _ in made]),
        torch.cat([scale.reshape(-1).cpu() for _, scale in made]),
    )


def _int8(rows: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    scale = rows.abs().amax(dim=1, keepdim=True) / _INT8_LEVELS
    # A row of zeros would divide by zero.
    scale = scale.clamp(min=torch.finfo(torch.float32).eps).float()
    return (rows * (1.0 / scale)).round().clamp(-128, 127).to(torch.int8), scale


def _fp8(rows: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    scale = (rows.abs().amax(dim=1, keepdim=True) / _FP8_MOST).float()
    scale = torch.where(scale == 0, torch.ones_like(scale), scale)
    return (rows.float() / scale).clamp(-_FP8_MOST, _FP8_MOST).to(_FP8), scale
