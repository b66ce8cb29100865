"""A report as JSON, as one line to paste, and as a table to read."""

import dataclasses
import json
from typing import Any

from rich import box
from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from kleinbot.bench.results import Conditions, Report, Row, Spread, Transfer
from kleinbot.texts import Texts

GIB = 2**30
_FILE_WIDTH = 140
_LINE_FORMAT = "kleinbot-bench/1"


def as_json(report: Report) -> str:
    """Return everything, with the derived medians; keys are stable within ``format``."""
    content = {
        "format": _LINE_FORMAT,
        "conditions": dataclasses.asdict(report.conditions),
        "load_s": report.load_s,
        "rows": [_row(row) for row in report.rows],
        "transfer": report.transfer
        and {**dataclasses.asdict(report.transfer), "seconds": report.transfer.seconds},
        "model_card": {
            "way": report.their_way,
            "interleaved": report.interleaved,
            "rows": [_row(row) for row in report.theirs],
        }
        if report.their_way is not None
        else None,
    }
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def as_line(report: Report) -> str:
    """Return ``kleinbot-bench/1 | version | card | profile | torch | case=seconds/GiB … | date``.

    Seconds are the warm median of one batch, GiB the reserved peak; a case that failed is ``case=failed``.
    """
    conditions = report.conditions
    cells = []
    for row in report.rows:
        whole = row.whole
        if whole is None:
            cells.append(f"{row.case.name}=failed")
            continue
        memory = f"/{row.reserved_bytes / GIB:.2f}GiB" if row.reserved_bytes else ""
        cells.append(f"{row.case.name}={whole.median_s:.3f}s{memory}")
    return " | ".join(
        (
            _LINE_FORMAT,
            f"kleinbot {conditions.version}",
            conditions.card or f"CPU {conditions.cpu_threads} threads",
            conditions.profile,
            f"torch {conditions.torch}",
            " ".join(cells),
            conditions.date[:10],
        )
    )


def as_table(report: Report, texts: Texts, locale: str) -> Group:
    """Return the conditions, one line for each case, and what the columns mean."""

    def say(message_id: str, **parameters: str | int | float) -> str:
        return texts.say(locale, message_id, **parameters)

    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column(say("bench-case"), no_wrap=True)
    has_card = report.conditions.card is not None
    columns = [(say("bench-cold"), 6), (say("bench-warm"), 6), (say("bench-range"), 13)]
    columns += [(say("bench-stages"), 14), (say("bench-per-picture"), 6)]
    columns += [(say("bench-allocated"), 5), (say("bench-reserved"), 5)] if has_card else []
    columns += [(say("bench-model-card"), 12), (say("bench-ratio"), 5)] if report.theirs else []
    for heading, figures_width in columns:
        # Headings may wrap; figures may not.
        table.add_column(heading, justify="right", min_width=figures_width)
    problems = []
    for position, row in enumerate(report.rows):
        theirs = report.theirs[position] if report.theirs else None
        cells = [_seconds(row.cold_s), *_timing(row)]
        cells += [_gib(row.allocated_bytes), _gib(row.reserved_bytes)] if has_card else []
        cells += [] if theirs is None else _comparison(row, theirs)
        table.add_row(row.case.name, *cells)
        problems += [f"{row.case.name}: {row.problem}"] if row.problem else []
        if theirs is not None and theirs.problem:
            problems.append(f"{row.case.name}, {say('bench-model-card')}: {theirs.problem}")
    notes = [say("bench-legend", runs=report.conditions.runs, load=f"{report.load_s:.1f}")]
    if report.transfer is not None:
        notes.append(_transfer_sentence(report.transfer, texts, locale))
    if report.their_way == "resident":
        notes.append(say("bench-their-way-resident"))
    elif report.their_way is not None:
        notes.append(say("bench-their-way-offloaded"))
    if report.theirs:
        notes.append(say("bench-in-turns") if report.interleaved else say("bench-one-after-the-other"))
    return Group(
        Text(_conditions(report.conditions, texts, locale)),
        table,
        *(Text(line) for line in (*problems, *notes)),
    )


def print_report(report: Report, texts: Texts, locale: str) -> None:
    """Write table and line to standard output; the line is not wrapped, so that it can be pasted."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = _FILE_WIDTH
    console.print(as_table(report, texts, locale))
    console.print(texts.say(locale, "bench-paste"))
    console.print(Text(as_line(report)), soft_wrap=True)


def _row(row: Row) -> dict[str, Any]:
    stages = row.stages
    return {
        "case": row.case.name,
        "width_px": row.case.grid.width_px,
        "height_px": row.case.grid.height_px,
        "references": row.case.references,
        "batch": row.case.batch,
        "cold_s": row.cold_s,
        "warm_s": row.whole and dataclasses.asdict(row.whole),
        "stages_s": stages and dataclasses.asdict(stages),
        "runs_s": [run.whole_s for run in row.warm],
        "allocated_bytes": row.allocated_bytes,
        "reserved_bytes": row.reserved_bytes,
        "problem": row.problem,
    }


def _timing(row: Row) -> list[str]:
    whole, stages = row.whole, row.stages
    if whole is None:
        return ["–"] * 4
    parts = (
        "–"
        if stages is None
        else "+".join(f"{seconds:.2f}" for seconds in (stages.encode_s, stages.denoise_s, stages.decode_s))
    )
    return [
        _seconds(whole.median_s),
        _between(whole),
        parts,
        _seconds(whole.median_s / row.case.batch),
    ]


def _comparison(ours: Row, theirs: Row) -> list[str]:
    mine, other = ours.whole, theirs.whole
    if other is None:
        return ["–", "–"]
    ratio = "–" if mine is None else f"{other.median_s / mine.median_s:.2f}×"
    memory = f" {_gib(theirs.allocated_bytes)}G" if theirs.allocated_bytes else ""
    return [f"{other.median_s:.3f}{memory}", ratio]


def _conditions(conditions: Conditions, texts: Texts, locale: str) -> str:
    lines = [
        f"kleinbot {conditions.version}, {conditions.date}, {conditions.system}",
        f"Python {conditions.python}, torch {conditions.torch}, diffusers {conditions.diffusers}",
        texts.say(
            locale,
            "bench-profile",
            model=conditions.model,
            profile=conditions.profile,
            precision=conditions.precision,
            steps=conditions.steps,
        ),
    ]
    if conditions.card is None:
        lines.append(
            texts.say(locale, "bench-cpu", cpu=conditions.cpu or "CPU", threads=conditions.cpu_threads or 1)
        )
        return "\n".join(lines)
    unknown = "?"
    lines.append(
        texts.say(
            locale,
            "bench-card",
            card=conditions.card,
            memory="?" if conditions.card_bytes is None else f"{conditions.card_bytes / GIB:.1f}",
            driver=conditions.driver or unknown,
            watts=unknown if conditions.power_limit_w is None else f"{conditions.power_limit_w:.0f}",
            clock=unknown if conditions.clock_mhz is None else str(conditions.clock_mhz),
            most=unknown if conditions.most_clock_mhz is None else str(conditions.most_clock_mhz),
        )
    )
    return "\n".join(lines)


def _transfer_sentence(transfer: Transfer, texts: Texts, locale: str) -> str:
    if transfer.seconds is None or transfer.bytes_per_s is None:
        return texts.say(locale, "bench-from-disk", gib=f"{transfer.bytes / GIB:.2f}")
    return texts.say(
        locale,
        "bench-transfer",
        gib=f"{transfer.bytes / GIB:.2f}",
        seconds=f"{transfer.seconds:.2f}",
        rate=f"{transfer.bytes_per_s / 1e9:.1f}",
    )


def _seconds(seconds: float | None) -> str:
    return "–" if seconds is None else f"{seconds:.3f}"


def _between(spread: Spread) -> str:
    return f"{spread.least_s:.3f}–{spread.most_s:.3f}"


def _gib(count: int) -> str:
    return f"{count / GIB:.2f}"
