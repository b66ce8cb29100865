"""Compares predictions with the measured rows in the file next to this one."""

from dataclasses import replace
from functools import partial

import pytest

from kleinbot.domain.geometry import Grid
from kleinbot.domain.job_spec import Checkpoint
from kleinbot.domain.profile import CUDA_BF16, ComponentPlan, Placement, Profile, RowTiling, WeightFormat
from kleinbot.hardware.activations import EMBEDDING_BYTES, WORKSPACE_BYTES
from kleinbot.hardware.capacity import CapacityNow, capacity_of
from kleinbot.hardware.facts import GIB
from kleinbot.hardware.memory_model import (
    WorkShape,
    largest_batch_within,
    pinned_bytes,
    predict,
    resident_bytes,
)
from kleinbot.hardware.model_sizes import transformer_bytes
from tests.hardware.measured_memory import DOCUMENT, STAGES, STORED, document, read
from tests.hardware.named_hosts import HOSTS

MEASURED = read(STORED)
HOSTS_BY_NAME = {host.name: host for host in HOSTS}
FULL = Grid(64, 64)
WEIGHTS_BYTES, BEFORE_FIRST_STAGE_BYTES = 14_147_400_704, 14_180_963_328
"""Allocated on an H100 with BF16, before and after the first product."""


@pytest.mark.parametrize("name", MEASURED)
def test_a_prediction_is_within_5_percent_of_what_was_measured(name: str) -> None:
    profile = HOSTS_BY_NAME[name].profile()
    for row in MEASURED[name].rows:
        for stage, ratio in zip(STAGES, row.ratios(profile), strict=True):
            assert ratio == pytest.approx(1, abs=0.05), (row, stage)


def test_every_named_host_was_measured_with_every_shape() -> None:
    assert set(MEASURED) == {host.name for host in HOSTS if not host.too_large}
    wanted = {(512, 0, batch) for batch in (1, 2, 4)}
    wanted |= {(1024, references, batch) for references in (0, 1, 2, 4) for batch in (1, 2, 4)}
    for host in MEASURED.values():
        assert {(row.side_px, row.references, row.batch) for row in host.rows} == wanted


def test_the_document_shows_todays_predictions() -> None:
    assert DOCUMENT.read_text("utf-8") == document(MEASURED)


def test_the_weights_are_counted_to_the_byte() -> None:
    assert resident_bytes(CUDA_BF16) == pytest.approx(WEIGHTS_BYTES, abs=50_000)
    before = resident_bytes(CUDA_BF16) + WORKSPACE_BYTES
    assert before == pytest.approx(BEFORE_FIRST_STAGE_BYTES, abs=100_000)


@pytest.mark.parametrize("tiled", [False, True])
@pytest.mark.parametrize("weight_format", WeightFormat)
def test_what_takes_the_place_of_compiled_blocks_and_coders_takes_no_more(
    weight_format: WeightFormat, tiled: bool
) -> None:
    compiled = replace(CUDA_BF16, compiled=True, lean_decode=tiled, transformer=ComponentPlan(weight_format))
    # Row tiles that dequantise need the most; the VAE is tiled too. Pictures smaller than 1024² then need
    # more than predicted, but never more than a machine with such a profile has.
    instead = replace(CUDA_BF16, lean_decode=True, transformer=ComponentPlan(WeightFormat.INT8))
    for references, batch in ((0, 1), (0, 4), (1, 1), (1, 4), (3, 4), (4, 1)):
        shape = WorkShape(FULL, (FULL,) * references, batch)
        beside = predict(instead, shape).highest_bytes - resident_bytes(instead)
        assert beside <= predict(compiled, shape).highest_bytes - resident_bytes(compiled), shape


FUSED = replace(CUDA_BF16, fused=True)
FUSED_FP8 = replace(FUSED, transformer=ComponentPlan(WeightFormat.FP8), native_fp8=True)


@pytest.mark.parametrize(
    ("profile", "references", "batch", "allocated_gib"),
    [
        (FUSED, 0, 1, 14.556),
        (FUSED, 1, 1, 14.560),
        (FUSED_FP8, 0, 1, 11.13),
        (FUSED_FP8, 4, 1, 11.48),
        (FUSED_FP8, 0, 4, 11.29),
    ],
)
def test_fused_kernels_take_what_was_measured(
    profile: Profile, references: int, batch: int, allocated_gib: float
) -> None:
    """``bot.py bench`` on an H200: torch's ``max_memory_allocated`` up to each case."""
    shape = WorkShape(FULL, (FULL,) * references, batch)
    assert predict(profile, shape).highest_bytes / GIB == pytest.approx(allocated_gib, rel=0.005)


@pytest.mark.parametrize("profile", [FUSED, FUSED_FP8])
def test_what_takes_the_place_of_fused_kernels_takes_no_more(profile: Profile) -> None:
    instead = replace(profile, untuned=True, lean_decode=True)
    assert (instead.fuses_blocks, instead.row_tiling) == (False, RowTiling.EVERYTHING)
    for references, batch in ((0, 1), (0, 4), (1, 1), (1, 4), (3, 4), (4, 1)):
        shape = WorkShape(FULL, (FULL,) * references, batch)
        assert predict(instead, shape).highest_bytes <= predict(profile, shape).highest_bytes, shape


def test_a_compiled_batch_that_fits_no_graph_is_not_made() -> None:
    """With four references a fourth picture of 1024² exceeds the graph; a batch of three is compiled."""
    profile = HOSTS_BY_NAME["data-centre"].profile()
    references = (FULL,) * 4
    assert largest_batch_within(profile, 10**12, FULL, references, 4) == 3
    eager = replace(profile, compiled=False)
    assert largest_batch_within(eager, 10**12, FULL, references, 4) == 4


def test_the_base_checkpoint_beside_costs_its_weights_and_a_second_prompt() -> None:
    both = replace(CUDA_BF16, checkpoints=(Checkpoint.DISTILLED, Checkpoint.BASE))
    for batch in (1, 4):
        alone = predict(CUDA_BF16, WorkShape(FULL, batch=batch))
        beside = predict(both, WorkShape(FULL, batch=batch))
        weights = resident_bytes(both) - resident_bytes(CUDA_BF16)
        assert weights == transformer_bytes(CUDA_BF16.transformer, CUDA_BF16.precision)
        assert beside.denoise_bytes - alone.denoise_bytes == weights + batch * EMBEDDING_BYTES


def test_streamed_transformers_of_both_checkpoints_wait_in_host_memory() -> None:
    one = replace(CUDA_BF16, transformer=ComponentPlan(placement=Placement.STREAMED))
    both = replace(one, checkpoints=(Checkpoint.DISTILLED, Checkpoint.BASE))
    transformer = transformer_bytes(one.transformer, one.precision)
    assert (pinned_bytes(one), pinned_bytes(both)) == (transformer, 2 * transformer)


def test_what_cannot_be_multiplied_in_fp8_is_counted_with_its_wide_weights() -> None:
    """The engine detects it only at the start; later batches must still fit."""
    native = replace(
        CUDA_BF16,
        transformer=ComponentPlan(WeightFormat.FP8),
        text_encoder=ComponentPlan(WeightFormat.INT8),
        native_fp8=True,
        most_references=4,
        largest_batch=4,
    )
    square = Grid(64, 64)
    for asked in (native, replace(native, compiled=True)):
        widened = replace(asked, widened=True)
        for shape in (WorkShape(square), WorkShape(square, (square,) * 4), WorkShape(square, batch=4)):
            assert predict(widened, shape).denoise_bytes >= predict(asked, shape).denoise_bytes
        assert widened.row_tiling is asked.row_tiling, "the blocks are built before the check"
        usable = predict(asked, WorkShape(square, batch=4)).highest_bytes
        found: dict[str, Profile] = {"profile": asked}
        capacity = CapacityNow(partial(found.__getitem__, "profile"), usable)
        assert capacity.largest_batch(square) == 4
        found["profile"] = widened
        assert capacity.largest_batch(square) == capacity_of(widened, usable).largest_batch(square)


def test_what_was_not_compiled_after_all_is_counted_tiled() -> None:
    asked = replace(CUDA_BF16, compiled=True)
    untuned = replace(asked, untuned=True, lean_decode=True)
    shape = WorkShape(Grid(64, 64), (Grid(64, 64),) * 4)
    assert untuned.row_tiling is RowTiling.EVERYTHING
    assert not untuned.compiles_blocks
    assert predict(untuned, shape).highest_bytes < predict(asked, shape).highest_bytes
    assert predict(untuned, shape).denoise_bytes > resident_bytes(untuned)
    streamed = replace(untuned, transformer=ComponentPlan(placement=Placement.STREAMED))
    assert streamed.row_tiling is RowTiling.NOTHING, "its blocks are never compiled"
