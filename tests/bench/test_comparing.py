"""``bench --against diffusers``: the order of measurements, and refusals."""

import asyncio
import dataclasses
from collections.abc import Sequence
from pathlib import Path

import pytest

from kleinbot.app.model_choice import ModelChoice
from kleinbot.bench.bench import BenchError, BenchOptions, bench
from kleinbot.bench.cases import Case
from kleinbot.bench.comparing import Competitor, compare, is_comparable
from kleinbot.bench.contender import DoesNotFitError, FailedError
from kleinbot.bench.measuring import Measurement
from kleinbot.bench.results import Comparison, Row, Run
from kleinbot.domain.clock import SystemClock
from kleinbot.domain.geometry import Grid
from kleinbot.domain.profile import CPU_SMALL, ComponentPlan, WeightFormat
from kleinbot.hardware.facts import HostMemory, MachineFacts, System
from kleinbot.hardware.profile_choice import ProfileChoice
from kleinbot.klein.weights.headers import read_file
from kleinbot.klein.weights.source import DISTILLED_REPOSITORY, FolderSource, HubSource, Source, hub_source
from kleinbot.texts import Texts
from tests.klein.hub import REPOSITORY, serving

CASES = (Case(Grid(64, 64)), Case(Grid(64, 64), references=1))
OURS_BYTES, THEIRS_BYTES = 11, 17


class FakeGpu:
    """Tracks the loaded bytes and their peak: the meter of a GPU with two programs of one process."""

    def __init__(self) -> None:
        self.loaded: dict[str, int] = {}
        self._peak = 0

    def reset(self) -> None:
        self._peak = 0

    def peaks(self) -> tuple[int, int]:
        return self._peak, self._peak + 1

    def work(self) -> None:
        self._peak = max(self._peak, sum(self.loaded.values()))


class Program:
    """Uses ``size`` bytes of ``gpu`` while loaded; each run takes one second longer than the last."""

    def __init__(self, gpu: FakeGpu, name: str, size: int) -> None:
        self.start_problem: Exception | None = None
        self.run_problem: Exception | None = None
        self._gpu, self._name, self._size = gpu, name, size
        self._runs = 0

    async def start(self) -> None:
        if self.start_problem is not None:
            raise self.start_problem
        self._gpu.loaded[self._name] = self._size

    async def run(self, case: Case, number: int) -> Run:
        del case, number
        if self.run_problem is not None:
            raise self.run_problem
        self._gpu.work()
        self._runs += 1
        return Run(float(self._runs))

    async def close(self) -> None:
        self._gpu.loaded.pop(self._name, None)


@pytest.fixture
def gpu() -> FakeGpu:
    return FakeGpu()


@pytest.fixture
def theirs(gpu: FakeGpu) -> Program:
    return Program(gpu, "theirs", THEIRS_BYTES)


async def comparison_on(
    gpu: FakeGpu, theirs: Program, *, fits_beside: bool
) -> tuple[Sequence[Row], Comparison]:
    async def choose() -> Competitor:
        return Competitor(theirs, "resident", fits_beside)

    ours = Program(gpu, "ours", OURS_BYTES)
    await ours.start()
    measurement = Measurement(gpu, 2, Texts(), "en", lambda _: None)
    rows, comparison = await compare(measurement, ours, choose, CASES)
    await ours.close()
    assert gpu.loaded == {}
    return rows, comparison


async def test_our_memory_is_measured_before_theirs_is_loaded(gpu: FakeGpu, theirs: Program) -> None:
    rows, comparison = await comparison_on(gpu, theirs, fits_beside=True)

    assert [(row.allocated_bytes, row.reserved_bytes) for row in rows] == [(OURS_BYTES, OURS_BYTES + 1)] * 2
    # While both are loaded, the counters belong to neither.
    turns = (*comparison.ours_in_turns, *comparison.theirs)
    assert [(row.allocated_bytes, row.reserved_bytes) for row in turns] == [(0, 0)] * 4


async def test_both_take_turns_where_they_fit(gpu: FakeGpu, theirs: Program) -> None:
    rows, comparison = await comparison_on(gpu, theirs, fits_beside=True)

    # Three runs of each of two cases alone, then the same in turns.
    assert [row.cold_s for row in rows] == [1.0, 4.0]
    assert [row.cold_s for row in comparison.ours_in_turns] == [7.0, 10.0]
    assert [row.cold_s for row in comparison.theirs] == [1.0, 4.0]


async def test_where_both_do_not_fit_ours_is_freed_before_theirs(gpu: FakeGpu, theirs: Program) -> None:
    rows, comparison = await comparison_on(gpu, theirs, fits_beside=False)

    assert {row.allocated_bytes for row in rows} == {OURS_BYTES}
    assert {row.allocated_bytes for row in comparison.theirs} == {THEIRS_BYTES}
    assert comparison.ours_in_turns == ()


@pytest.mark.parametrize(
    ("error", "reason"), [(FailedError("OSError: no VAE"), "no VAE"), (DoesNotFitError(), "does not fit")]
)
async def test_ours_is_kept_where_theirs_cannot_be_loaded(
    gpu: FakeGpu, theirs: Program, error: Exception, reason: str
) -> None:
    theirs.start_problem = error

    rows, comparison = await comparison_on(gpu, theirs, fits_beside=True)

    assert all(row.warm for row in rows)
    assert comparison.theirs == ()
    assert comparison.problem is not None
    assert reason in comparison.problem


async def test_a_case_that_theirs_fails_at_says_why(gpu: FakeGpu, theirs: Program) -> None:
    theirs.run_problem = FailedError("ValueError: odd")
    _, comparison = await comparison_on(gpu, theirs, fits_beside=True)
    assert [row.problem for row in comparison.theirs] == ["ValueError: odd"] * 2
    assert all(row.warm for row in comparison.ours_in_turns)


def a_model(source: Source) -> ModelChoice:
    profile = dataclasses.replace(CPU_SMALL, largest_grid_tokens=16)
    facts = MachineFacts(System.LINUX, HostMemory(2**34, 2**34))
    return ModelChoice(source, profile, "tiny", None, facts, ProfileChoice(profile))


def in_fp8(cache: Path, endpoint: str) -> HubSource:
    fp8 = dataclasses.replace(CPU_SMALL, transformer=ComponentPlan(WeightFormat.FP8))
    return hub_source(fp8, DISTILLED_REPOSITORY, cache, endpoint)


async def test_what_cannot_be_compared_is_refused_before_anything_is_downloaded(tmp_path: Path) -> None:
    reported: list[str] = []
    # Nothing listens there: a request would raise another error.
    source = in_fp8(tmp_path / "cache", "http://127.0.0.1:9")

    with pytest.raises(BenchError, match="KLEINBOT_WEIGHTS") as caught:
        await bench(
            a_model(source),
            BenchOptions(against_model_card=True),
            SystemClock(),
            Texts(),
            "en",
            reported.append,
        )

    assert DISTILLED_REPOSITORY in str(caught.value)
    assert reported == []
    assert not (tmp_path / "cache").exists()


def test_comparable_is_what_diffusers_can_load(tiny_folder: Path, tmp_path: Path) -> None:
    assert is_comparable(FolderSource(tiny_folder))
    assert not is_comparable(FolderSource(tmp_path))
    assert is_comparable(hub_source(CPU_SMALL))
    assert not is_comparable(in_fp8(tmp_path, ""))
    plain = tiny_folder / "transformer/diffusion_pytorch_model.safetensors"
    missing_sources = {plain.absolute(): read_file(plain.parent, plain.name)}
    assert not is_comparable(FolderSource(tiny_folder, missing_sources=missing_sources))
    assert is_comparable(
        FolderSource(tiny_folder, missing_sources={tmp_path / "elsewhere": missing_sources[plain.absolute()]})
    )


@pytest.mark.timeout(240)
async def test_a_whole_bench_beside_diffusers_from_the_hub(tmp_path: Path, tiny_folder: Path) -> None:
    reported: list[str] = []
    options = BenchOptions(quick=True, against_model_card=True, scratch=tmp_path / "scratch")

    with serving(tiny_folder) as hub:
        model = a_model(hub_source(CPU_SMALL, REPOSITORY, tmp_path / "cache", hub.endpoint))
        report = await bench(model, options, SystemClock(), Texts(), "en", reported.append)

    assert [row.case.name for row in report.rows] == ["64x64", "64x64+1ref"]
    assert report.comparison is not None
    assert report.comparison.problem is None
    for row in (*report.rows, *report.comparison.theirs, *report.comparison.ours_in_turns):
        assert row.problem is None
        assert len(row.warm) == 2
    assert all(row.stages is not None for row in report.rows)
    assert reported.index(f"downloading {REPOSITORY}: 100 %") < reported.index("loading the model: 0 %")
    assert "64x64: run 1 of 3" in reported


async def test_a_bench_is_stopped_in_the_middle_of_its_download(tmp_path: Path, tiny_folder: Path) -> None:
    with serving(tiny_folder) as hub:
        hub.stall_after_bytes = 1000
        model = a_model(hub_source(CPU_SMALL, REPOSITORY, tmp_path / "cache", hub.endpoint))
        options = BenchOptions(against_model_card=True)
        running = asyncio.create_task(bench(model, options, SystemClock(), Texts(), "en", lambda _: None))
        # The event loop is free meanwhile; otherwise this would wait forever.
        assert await asyncio.to_thread(hub.stalled.wait, 60)
        running.cancel()
        hub.release.set()
        with pytest.raises(asyncio.CancelledError):
            await running
