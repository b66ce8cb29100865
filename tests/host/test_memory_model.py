"""Predictions against what was measured; the measured rows lie beside this file."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from kleinbot.domain.geometry import Grid
from kleinbot.domain.work import Checkpoint
from kleinbot.host.activations import EMBEDDING_BYTES, WORKSPACE_BYTES
from kleinbot.host.memory_model import WorkShape, pinned_bytes, predict, resident_bytes
from kleinbot.host.model_sizes import transformer_bytes
from kleinbot.host.profile import CUDA_BF16, ComponentPlan, Placement

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


def test_the_base_checkpoint_beside_costs_its_weights_and_a_second_prompt() -> None:
    both = replace(CUDA_BF16, checkpoints=(Checkpoint.DISTILLED, Checkpoint.BASE))
    for batch in (1, 4):
        alone = predict(CUDA_BF16, WorkShape(GRIDS["1024"], batch=batch))
        beside = predict(both, WorkShape(GRIDS["1024"], batch=batch))
        weights = resident_bytes(both) - resident_bytes(CUDA_BF16)
        assert weights == transformer_bytes(CUDA_BF16.transformer, CUDA_BF16.precision)
        assert beside.denoise_bytes - alone.denoise_bytes == weights + batch * EMBEDDING_BYTES


def test_streamed_transformers_of_both_checkpoints_wait_in_host_memory() -> None:
    one = replace(CUDA_BF16, transformer=ComponentPlan(placement=Placement.STREAMED))
    both = replace(one, checkpoints=(Checkpoint.DISTILLED, Checkpoint.BASE))
    transformer = transformer_bytes(one.transformer, one.precision)
    assert (pinned_bytes(one), pinned_bytes(both)) == (transformer, 2 * transformer)
