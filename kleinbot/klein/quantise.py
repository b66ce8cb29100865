"""Plain weights to 8 bits, by torchao's arithmetic."""

import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn

from kleinbot.host.profile import Format

_BLOCKS = ("transformer_blocks.", "single_transformer_blocks.", "layers.")
# Read at the first import: the compiled parts are for other things than these, and one build of them does
# not load beside every torch.
_SKIP_COMPILED_PARTS = "TORCHAO_FORCE_SKIP_LOADING_SO_FILES"


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
    with _quiet_torchao():
        from torchao.quantization import (
            Float8WeightOnlyConfig,
            Int8WeightOnlyConfig,
            PerRow,
            quantize_,
        )

        config: Any = (
            Int8WeightOnlyConfig(granularity=PerRow(), set_inductor_config=False)
            if kept is Format.INT8
            else Float8WeightOnlyConfig(granularity=PerRow(), set_inductor_config=False)
        )
        linear = nn.Linear(weight.shape[1], weight.shape[0], bias=False, device="meta")
        linear.weight = nn.Parameter(weight.to(device), requires_grad=False)
        quantize_(linear, config)
    made: Any = linear.weight
    return made.qdata.cpu(), made.scale.float().reshape(-1).cpu()


@contextmanager
def _quiet_torchao() -> Iterator[None]:
    """Keep off the log what torchao says of its parts that are not used here."""
    loggers = [logging.getLogger(name) for name in ("torchao", "torch.utils._pytree")]
    before = [logger.level for logger in loggers]
    known = os.environ.get(_SKIP_COMPILED_PARTS)
    os.environ[_SKIP_COMPILED_PARTS] = "1"
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", module=r"torchao(\..*)?")
            yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)
        if known is None:
            del os.environ[_SKIP_COMPILED_PARTS]
