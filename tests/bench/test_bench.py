"""``bot.py bench``: cases, measurement and report."""

import dataclasses
import io
import json

import pytest
from rich.console import Console

from kleinbot.bench.bench import moved_bytes
from kleinbot.bench.cases import Case, cases_for
from kleinbot.bench.contender import DoesNotFitError, prompt_of, references_of
from kleinbot.bench.measuring import Measurement
from kleinbot.bench.report import as_json, as_line, as_tables, print_report
from kleinbot.bench.results import Comparison, Conditions, Report, Row, Run, Spread, Transfer
from kleinbot.domain.capacity import LimitsOnly
from kleinbot.domain.errors import Code, RenderError
from kleinbot.domain.geometry import Grid
from kleinbot.domain.profile import CPU_SMALL, CUDA_BF16, ComponentPlan, Placement
from kleinbot.domain.work import StageSeconds
from kleinbot.texts import Texts

FULL = Grid(64, 64)
CONDITIONS = Conditions(
    version="1.2.3",
    date="2026-11-25 20:00 UTC",
    system="Linux",
    python="3.12",
    torch="2.13.0",
    diffusers="0.42.1",
    model="klein",
    profile=dataclasses.replace(CUDA_BF16, name="bf16", compiled=True),
    steps=4,
    runs=3,
    card="NVIDIA H100",
    card_bytes=80 * 2**30,
    held_bytes=3 * 2**30,
    driver="580.95",
)
RUNS = tuple(Run(seconds, StageSeconds(0.1, seconds - 0.2, 0.1)) for seconds in (1.0, 3.0, 2.0))
REPORT = Report(
    CONDITIONS,
    load_s=12.0,
    rows=(Row(Case(FULL), 4.0, RUNS, 2**34, 2**34 + 2**30), Row(Case(FULL, 4), problem="does not fit")),
    transfer=Transfer(5 * 10**9, 25e9),
    comparison=Comparison(
        "offloaded",
        (Row(Case(FULL), 5.0, (Run(3.0),), 2**34, 2**34), Row(Case(FULL, 4), 9.0, (Run(9.0),))),
    ),
)


class FakeMeter:
    def reset(self) -> None:
        pass

    def peaks(self) -> tuple[int, int]:
        return 5, 7


class Scripted:
    """Fails at its n-th run with the n-th problem."""

    def __init__(self, *problems: Exception | None) -> None:
        self.numbers: list[int] = []
        self._problems = list(problems)

    async def start(self) -> None:
        pass

    async def run(self, case: Case, number: int) -> Run:
        self.numbers.append(number)
        problem = self._problems.pop(0) if self._problems else None
        if problem is not None:
            raise problem
        return Run(float(number))

    async def close(self) -> None:
        pass


def measurement() -> Measurement:
    return Measurement(FakeMeter(), 3, Texts(), "en", lambda _: None)


def test_cases_go_as_far_as_the_profile() -> None:
    profile = dataclasses.replace(CUDA_BF16, most_references=2, largest_batch=2)

    names = [case.name for case in cases_for(profile, LimitsOnly(profile))]

    half, full = "512x512", "1024x1024"
    assert names == [f"{size}{kind}" for size in (half, full) for kind in ("", "+1ref", "+2ref", "+batch2")]


def test_quick_is_the_largest_picture_and_one_edit() -> None:
    assert [case.name for case in cases_for(CPU_SMALL, LimitsOnly(CPU_SMALL), quick=True)] == [
        "256x256",
        "256x256+1ref",
    ]


def test_no_run_repeats_a_prompt() -> None:
    assert len({prompt_of(number) for number in range(100)}) == 100


def test_references_are_different_pictures_of_the_cases_size() -> None:
    pictures = references_of(Case(Grid(4, 2), references=3))
    assert {(picture.width_px, picture.height_px) for picture in pictures} == {(64, 32)}
    assert len({picture.rgb for picture in pictures}) == 3


async def test_the_first_run_is_cold_and_contenders_take_turns() -> None:
    one, other = Scripted(), Scripted()

    mine, theirs = await measurement().rows([one, other], Case(FULL))

    assert one.numbers == other.numbers == [1, 2, 3, 4]
    assert mine.cold_s == 1.0
    assert mine.whole == theirs.whole == Spread(3.0, 2.0, 4.0)
    assert (mine.allocated_bytes, mine.reserved_bytes) == (5, 7)


async def test_what_does_not_fit_says_so_and_is_not_tried_again() -> None:
    one, other = Scripted(None, DoesNotFitError()), Scripted()

    mine, theirs = await measurement().rows([one, other], Case(FULL))

    assert one.numbers == [1, 2]
    assert mine.problem == "does not fit the graphics card's memory."
    assert theirs.whole is not None


async def test_a_failed_batch_tells_its_sentence() -> None:
    (row,) = await measurement().rows([Scripted(RenderError(Code.RENDER_FAILED))], Case(FULL))
    assert row.problem == Texts().error(RenderError(Code.RENDER_FAILED), "en")
    assert row.whole is None


def test_the_line_keeps_its_form() -> None:
    assert as_line(REPORT) == (
        "kleinbot-bench/1 | kleinbot 1.2.3 | NVIDIA H100 | driver 580.95 | torch 2.13.0 | klein | bf16"
        " | 1024x1024=2.000s/17.00GiB 1024x1024+4ref=failed | 2026-11-25"
    )


def test_json_has_everything() -> None:
    content = json.loads(as_json(REPORT))
    assert content["format"] == "kleinbot-bench/1"
    assert content["conditions"]["torch"] == "2.13.0"
    assert content["rows"][0]["warm_s"] == {"median_s": 2.0, "least_s": 1.0, "most_s": 3.0}
    assert content["rows"][0]["runs_s"] == [1.0, 3.0, 2.0]
    assert content["rows"][1]["problem"] == "does not fit"
    assert content["transfer"]["seconds"] == pytest.approx(0.2)
    assert content["conditions"]["profile"]["compiled"] is True
    assert content["conditions"]["held_bytes"] == 3 * 2**30
    assert content["model_card"]["way"] == "offloaded"
    assert content["model_card"]["ratios"] == [1.5, None]


def test_the_ratio_is_of_the_turns_where_there_were_turns() -> None:
    comparison = Comparison(
        "resident", (Row(Case(FULL), 5.0, (Run(6.0),)),), (Row(Case(FULL), warm=(Run(4.0),)),)
    )
    report = dataclasses.replace(REPORT, rows=REPORT.rows[:1], comparison=comparison)

    content = json.loads(as_json(report))

    assert content["model_card"]["ratios"] == [1.5]
    assert content["rows"][0]["warm_s"]["median_s"] == 2.0
    assert content["model_card"]["ours_in_turns"][0]["warm_s"]["median_s"] == 4.0


@pytest.mark.parametrize("locale", ["en", "de"])
def test_the_table_is_whole_in_each_language(locale: str, capsys: pytest.CaptureFixture[str]) -> None:
    print_report(REPORT, Texts(), locale)
    printed = capsys.readouterr().out
    for part in (
        "1024x1024",
        "2.000",
        "1.000–3.000",
        "0.10+1.80+0.10",
        "17.00",
        "1.50×",
        "does not fit",
        "580.95",
        "3.0",
    ):
        assert part in printed
    assert as_line(REPORT) in printed
    assert "…" not in printed


def test_streamed_weights_are_counted_for_each_picture() -> None:
    streamed = ComponentPlan(placement=Placement.STREAMED)
    from_disk = ComponentPlan(placement=Placement.DISK)
    encoder, _ = moved_bytes(dataclasses.replace(CUDA_BF16, text_encoder=streamed))

    assert moved_bytes(CUDA_BF16) == (0, False)
    assert encoder == pytest.approx(5.45e9, rel=0.01)
    assert moved_bytes(dataclasses.replace(CUDA_BF16, text_encoder=from_disk)) == (encoder, True)
    # Four steps per picture.
    assert moved_bytes(dataclasses.replace(CUDA_BF16, transformer=streamed))[0] == pytest.approx(
        31e9, rel=0.01
    )


@pytest.mark.parametrize("locale", ["en", "de"])
def test_no_table_is_cut_off_at_80_columns(locale: str) -> None:
    cases = Case(FULL, references=4), Case(FULL, batch=4)
    rows = tuple(Row(case, 4.0, RUNS, 2**34, 2**34) for case in cases)
    console = Console(width=80, record=True, file=io.StringIO())

    report = dataclasses.replace(REPORT, rows=rows, comparison=Comparison("offloaded", rows))
    console.print(as_tables(report, Texts(), locale))

    printed = " ".join(console.export_text().split())
    assert printed.count("1024x1024+batch4") == 2
    for part in ("1.000–3.000 0.10+1.80+0.10", "16.00 16.00", "1.00×"):
        assert printed.count(part) == 2
    assert "…" not in printed


def test_a_batch_is_told_by_its_pictures_too() -> None:
    batch = dataclasses.replace(REPORT.rows[0], case=Case(FULL, batch=4))
    stream = io.StringIO()
    tables = as_tables(dataclasses.replace(REPORT, rows=(batch,), comparison=None), Texts(), "en")
    Console(file=stream, width=200).print(tables)
    [line] = [line for line in stream.getvalue().splitlines() if line.startswith("1024x1024+batch4")]
    assert line.split()[1:3] == ["4.000", "2.000"]
    assert "0.500" in line.split()
