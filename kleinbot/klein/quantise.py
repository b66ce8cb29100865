"""Plain weights to 8 bits, by torchao's arithmetic."""

from typing import Any

import torch
from torch import nn

from kleinbot.host.profile import Format

_BLOCKS = ("transformer_blocks.", "single_transformer_blocks.", "layers.")


def large_layers(model: nn.Module) -> frozenset[str]:
    """Return the linear layers that are worth 8 bits: those of the blocks, as in Black Forest Labs' files.

    What leads in and out, and what makes the modulations, stays plain there too.
    """
    return frozenset(
        name
        for name, module in model.named_modules()
        if isinstance(module, nn.Linear) and name.startswith(_BLOCKS)
    )


def quantise(weight: torch.Tensor, kept: Format, device: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
    """Return ``weight`` (out, in) in 8 bits and the float32 scales of its rows (out,), both on the CPU.

    The arithmetic is done on ``device``. An int8 is -127…127, a float8_e4m3fn -448…448.

    Raises ValueError where ``kept`` is not an 8-bit format.
    """
    if kept is Format.PLAIN:
        raise ValueError(kept)
    # Not before it is needed: it takes seconds, and a start from kept weights does without.
    from torchao.quantization import Float8WeightOnlyConfig, Int8WeightOnlyConfig, PerRow, quantize_

    made_by = Int8WeightOnlyConfig if kept is Format.INT8 else Float8WeightOnlyConfig
    linear = nn.Linear(weight.shape[1], weight.shape[0], bias=False, device="meta")
    linear.weight = nn.Parameter(weight.to(device), requires_grad=False)
    quantize_(linear, made_by(granularity=PerRow(), set_inductor_config=False))
    made: Any = linear.weight
    return made.qdata.cpu(), made.scale.float().reshape(-1).cpu()
