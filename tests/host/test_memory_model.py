"""Predictions against what was measured; the measured rows lie beside this file."""

import json
from pathlib import Path

import pytest

from kleinbot.domain.geometry import Grid
from kleinbot.host.activations import WORKSPACE_BYTES
from kleinbot.host.memory_model import WorkShape, predict, resident_bytes
from kleinbot.host.profile import CUDA_BF16

MEASURED = json.loads((Path(__file__).parent / "measured_bf16_eager.json").read_text("utf-8"))
GRIDS = {"512": Grid(32, 32), "1024": Grid(64, 64)}


@pytest.mark.parametrize(
    "row", MEASURED["rows"], ids=lambda row: f"{row['grid']}-{row['refs']}-{row['batch']}"
)
def test_the_prediction_is_within_one_percent_of_what_was_measured(row: dict[str, object]) -> None:
    grid = GRIDS[str(row["grid"])]
    shape = WorkShape(grid, (GRIDS["1024"],) * int(str(row["refs"])), int(str(row["batch"])))
    peaks = predict(CUDA_BF16, shape)
    predicted = (peaks.encode_bytes, peaks.denoise_bytes, peaks.decode_bytes)
    for bytes_, stage in zip(predicted, ("encode", "denoise", "decode"), strict=True):
        assert bytes_ == pytest.approx(row[stage], rel=0.01), stage


def test_the_weights_are_counted_to_the_byte() -> None:
    assert resident_bytes(CUDA_BF16) == pytest.approx(MEASURED["weights"], abs=50_000)
    assert pytest.approx(MEASURED["before"], abs=100_000) == resident_bytes(CUDA_BF16) + WORKSPACE_BYTES
