"""The 8-bit numbers equal those in files cached by earlier versions."""

import hashlib

import pytest
import torch

from kleinbot.domain.profile import WeightFormat
from kleinbot.klein.quantisation import quantise as module
from kleinbot.klein.quantisation.quantise import quantise

ROWS, COLUMNS = 96, 160

# Made with torchao 0.18.0: ``quantize_`` of a linear layer with these weights by ``Int8WeightOnlyConfig`` and
# ``Float8WeightOnlyConfig`` of ``PerRow()``; SHA-256 of ``qdata``, then of ``scale`` in float32.
OF_TORCHAO = {
    (torch.float32, WeightFormat.INT8): "7c5ee0855530a3eea031b01a51513066c089ae062319011da25ffd0b89974bff",
    (torch.float32, WeightFormat.FP8): "895018e98a97bad3574ec5f9c03f676ec8df6201bd658ecf0799f7bf5bb7f2fc",
    (torch.bfloat16, WeightFormat.INT8): "9bd1d9b510a9933114e14f5a96bbbbadaaabb76299cb4e0626e98a313e1dcc75",
    (torch.bfloat16, WeightFormat.FP8): "8a8c2045a4e8fccc756b3f3a51a37b2adc32619f2541cd56267167355211e005",
}


def weights(dtype: torch.dtype) -> torch.Tensor:
    """Return numbers without a generator: many small ones, few large, rows over eight orders of magnitude."""
    numbers = (torch.arange(ROWS * COLUMNS, dtype=torch.int64) * 2654435761) % 65536
    cubes = ((numbers.double() / 32768 - 1) ** 3).reshape(ROWS, COLUMNS)
    return (cubes * torch.logspace(-6, 2, ROWS, dtype=torch.float64).unsqueeze(1)).to(dtype)


@pytest.mark.parametrize("at_once", [1 << 24, 7 * COLUMNS])
@pytest.mark.parametrize(("dtype", "weight_format"), OF_TORCHAO)
def test_every_bit_is_torchaos(
    dtype: torch.dtype, weight_format: WeightFormat, at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_AT_ONCE", at_once)
    narrow, scale = quantise(weights(dtype), weight_format, torch.device("cpu"))
    content = narrow.view(torch.uint8).numpy().tobytes() + scale.numpy().tobytes()
    assert hashlib.sha256(content).hexdigest() == OF_TORCHAO[dtype, weight_format]


@pytest.mark.parametrize("weight_format", [WeightFormat.INT8, WeightFormat.FP8])
def test_a_row_of_zeros_stays_zeros(weight_format: WeightFormat) -> None:
    rows = weights(torch.bfloat16)
    rows[3] = 0
    narrow, scale = quantise(rows, weight_format, torch.device("cpu"))
    assert torch.equal(narrow[3].float() * scale[3], torch.zeros(COLUMNS))


def test_what_is_kept_plain_is_not_quantised() -> None:
    with pytest.raises(ValueError, match="plain"):
        quantise(weights(torch.float32), WeightFormat.PLAIN, torch.device("cpu"))
