"""Predictions against what was measured; the measured rows lie beside this file."""

from dataclasses import replace
from functools import partial

import pytest

from kleinbot.domain.geometry import Grid
from kleinbot.domain.work import Checkpoint
from kleinbot.host.activations import EMBEDDING_BYTES, WORKSPACE_BYTES
from kleinbot.host.capacity import CapacityNow, capacity_of
from kleinbot.host.memory_model import (
    WorkShape,
    largest_batch_within,
    pinned_bytes,
    predict,
    resident_bytes,
)
from kleinbot.host.model_sizes import transformer_bytes
from kleinbot.host.profile import CUDA_BF16, ComponentPlan, Format, Placement, Profile, Strips
from tests.host.measured_memory import DOCUMENT, KEPT, STAGES, document, read
from tests.host.named_hosts import HOSTS

MEASURED = read(KEPT)
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


@pytest.mark.parametrize("lean", [False, True])
@pytest.mark.parametrize("kept", Format)
def test_what_takes_the_place_of_compiled_blocks_and_coders_takes_no_more(kept: Format, lean: bool) -> None:
    compiled = replace(CUDA_BF16, compiled=True, lean_decode=lean, transformer=ComponentPlan(kept))
    # Strips that dequantise take the most of all; the coders become lean. Smaller pictures than 1024² take
    # more than predicted then, but never what a host with such a profile has not got.
    instead = replace(CUDA_BF16, lean_decode=True, transformer=ComponentPlan(Format.INT8))
    for references, batch in ((0, 1), (0, 4), (1, 1), (1, 4), (3, 4), (4, 1)):
        shape = WorkShape(FULL, (FULL,) * references, batch)
        beside = predict(instead, shape).highest_bytes - resident_bytes(instead)
        assert beside <= predict(compiled, shape).highest_bytes - resident_bytes(compiled), shape


def test_a_compiled_batch_that_fits_no_graph_is_not_made() -> None:
    """With four references a fourth picture of 1024² would; each of three is compiled."""
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
    """An engine finds that out; what is accepted and put together then must fit all the same."""
    native = replace(
        CUDA_BF16,
        transformer=ComponentPlan(Format.FP8),
        text_encoder=ComponentPlan(Format.INT8),
        native_fp8=True,
        most_references=4,
        largest_batch=4,
    )
    square = Grid(64, 64)
    for asked in (native, replace(native, compiled=True)):
        widened = replace(asked, widened=True)
        for shape in (WorkShape(square), WorkShape(square, (square,) * 4), WorkShape(square, batch=4)):
            assert predict(widened, shape).denoise_bytes >= predict(asked, shape).denoise_bytes
        assert widened.strips is asked.strips, "the blocks are made before it is found out"
        usable = predict(asked, WorkShape(square, batch=4)).highest_bytes
        found: dict[str, Profile] = {"profile": asked}
        capacity = CapacityNow(partial(found.__getitem__, "profile"), usable)
        assert capacity.largest_batch(square) == 4
        found["profile"] = widened
        assert capacity.largest_batch(square) == capacity_of(widened, usable).largest_batch(square)


def test_what_was_not_compiled_after_all_is_counted_in_strips() -> None:
    asked = replace(CUDA_BF16, compiled=True)
    untuned = replace(asked, untuned=True, lean_decode=True)
    shape = WorkShape(Grid(64, 64), (Grid(64, 64),) * 4)
    assert untuned.strips is Strips.EVERYTHING
    assert not untuned.compiles_blocks
    assert predict(untuned, shape).highest_bytes < predict(asked, shape).highest_bytes
    assert predict(untuned, shape).denoise_bytes > resident_bytes(untuned)
    streamed = replace(untuned, transformer=ComponentPlan(placement=Placement.STREAMED))
    assert streamed.strips is Strips.NOTHING, "its blocks were never to be compiled"
