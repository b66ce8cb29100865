"""Formats a report as JSON, as one line to paste, and as tables."""

import dataclasses
import json
from collections.abc import Sequence
from typing import Any

from rich import box
from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from kleinbot.bench.results import Comparison, Conditions, Report, Row, Spread, Transfer
from kleinbot.domain.profile import Profile
from kleinbot.texts import Texts

GIB = 2**30
_FILE_WIDTH = 140
_LINE_FORMAT = "kleinbot-bench/1"
_PLACEMENT_MESSAGES = {"resident": "bench-their-way-resident", "offloaded": "bench-their-way-offloaded"}


def as_json(report: Report) -> str:
    """Return the whole report with derived medians; keys are stable within ``format``."""
    content = {
        "format": _LINE_FORMAT,
        "conditions": dataclasses.asdict(report.conditions),
        "load_s": report.load_s,
        "is_first_start": report.is_first_start,
        "rows": [_row(row) for row in report.rows],
        "transfer": report.transfer
        and {**dataclasses.asdict(report.transfer), "seconds": report.transfer.seconds},
        "model_card": _comparison(report),
    }
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def as_line(report: Report) -> str:
    """Return ``kleinbot-bench/1 | version | card | driver | torch | model | profile | cases | date``.

    Cases are ``name=seconds/GiB``, separated by spaces.

    Seconds are the warm median of one batch, GiB the reserved peak; a failed case is ``case=failed``.
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
            conditions.card or f"{conditions.cpu or 'CPU'}, threads: {conditions.cpu_threads}",
            "no driver" if conditions.card is None else f"driver {conditions.driver or '?'}",
            f"torch {conditions.torch}",
            conditions.model,
            conditions.profile.name,
            " ".join(cells),
            conditions.date[:10],
        )
    )


def as_tables(report: Report, texts: Texts, locale: str) -> Group:
    """Return the conditions, one line for each case, a legend of the columns, and the comparison.

    Each table fits into 80 columns.
    """
    problems = [f"{row.case.name}: {row.problem}" for row in report.rows if row.problem]
    notes = [*problems, *_notes(report, texts, locale)]
    parts: list[Table | Text] = [
        Text(_conditions(report.conditions, texts, locale)),
        _own_table(report, texts, locale),
    ]
    parts += [Text(line) for line in notes]
    if report.comparison is not None:
        parts += _comparison_parts(report, report.comparison, texts, locale)
    return Group(*parts)


def _own_table(report: Report, texts: Texts, locale: str) -> Table:
    headings = ["bench-cold", "bench-warm", "bench-range", "bench-stages", "bench-per-picture"]
    has_card = report.conditions.card is not None
    headings += ["bench-allocated", "bench-reserved"] if has_card else []
    lines = []
    for row in report.rows:
        memory = [_gib(row.allocated_bytes), _gib(row.reserved_bytes)] if has_card else []
        lines.append([row.case.name, _seconds(row.cold_s), *_timing(row), *memory])
    return _table(headings, lines, texts, locale)


def _comparison_parts(
    report: Report, comparison: Comparison, texts: Texts, locale: str
) -> list[Table | Text]:
    if comparison.problem is not None:
        return [Text(comparison.problem)]
    headings = ["bench-ours", "bench-model-card", "bench-ratio"]
    has_memory = any(theirs.reserved_bytes for theirs in comparison.theirs)
    headings += ["bench-model-card-reserved"] if has_memory else []
    lines, problems = [], []
    for row, (mine, theirs) in zip(report.rows, report.turns, strict=True):
        name = row.case.name
        memory = [_gib(theirs.reserved_bytes)] if has_memory else []
        lines.append(
            [name, _seconds(mine.median_s), _seconds(theirs.median_s), _ratio(mine, theirs), *memory]
        )
        if mine.problem and not row.problem:
            problems.append(f"{name}, {texts.say(locale, 'bench-ours')}: {mine.problem}")
        if theirs.problem:
            problems.append(f"{name}, {texts.say(locale, 'bench-model-card')}: {theirs.problem}")
    order = "bench-in-turns" if comparison.ours_in_turns else "bench-one-after-the-other"
    notes = [texts.say(locale, _PLACEMENT_MESSAGES[comparison.placement]), texts.say(locale, order)]
    return [_table(headings, lines, texts, locale), *(Text(line) for line in (*problems, *notes))]


def _table(headings: Sequence[str], lines: Sequence[Sequence[str]], texts: Texts, locale: str) -> Table:
    """Return a table of ``lines``, each a case and its figures; ``headings`` are message ids.

    Headings may wrap between words; figures are never cut.
    """
    table = Table(box=box.SIMPLE_HEAD, padding=0, pad_edge=False, show_edge=False)
    for position, heading in enumerate(("bench-case", *headings)):
        words = texts.say(locale, heading)
        width = max(len(text) for text in (*words.split(), *(line[position] for line in lines)))
        table.add_column(words, justify="right" if position else "left", width=width)
    for line in lines:
        table.add_row(*line)
    return table


def _notes(report: Report, texts: Texts, locale: str) -> list[str]:
    load = f"{report.load_s:.1f}"
    notes = [texts.say(locale, "bench-legend", runs=report.conditions.runs, load=load)]
    if report.is_first_start:
        notes.append(texts.say(locale, "bench-first-start"))
    if report.conditions.card is not None:
        notes.append(texts.say(locale, "bench-memory"))
    if report.transfer is not None:
        notes.append(_transfer_sentence(report.transfer, texts, locale))
    return notes


def print_report(report: Report, texts: Texts, locale: str) -> None:
    """Print the tables and the line to standard output; the line is not wrapped, so that it can be pasted."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = _FILE_WIDTH
    # With unusually long figures, a wrapped line is better than a truncated one.
    console.print(as_tables(report, texts, locale), crop=False)
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


def _comparison(report: Report) -> dict[str, Any] | None:
    comparison = report.comparison
    if comparison is None:
        return None
    return {
        "way": comparison.placement,
        "problem": comparison.problem,
        "interleaved": bool(comparison.ours_in_turns),
        "rows": [_row(row) for row in comparison.theirs],
        "ours_in_turns": [_row(row) for row in comparison.ours_in_turns],
        "ratios": [_times(mine, theirs) for mine, theirs in report.turns],
    }


def _times(mine: Row, theirs: Row) -> float | None:
    """Return the ratio of their time to ours."""
    if mine.median_s is None or theirs.median_s is None:
        return None
    return theirs.median_s / mine.median_s


def _ratio(mine: Row, theirs: Row) -> str:
    times = _times(mine, theirs)
    return "–" if times is None else f"{times:.2f}×"


def _conditions(conditions: Conditions, texts: Texts, locale: str) -> str:
    lines = [
        f"kleinbot {conditions.version}, {conditions.date}, {conditions.system}",
        f"Python {conditions.python}, torch {conditions.torch}, diffusers {conditions.diffusers}",
        texts.say(
            locale,
            "bench-profile",
            model=conditions.model,
            profile=", ".join((conditions.profile.name, *_extras(conditions.profile, texts, locale))),
            precision=conditions.profile.precision,
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
            memory=unknown if conditions.card_bytes is None else f"{conditions.card_bytes / GIB:.1f}",
            held=unknown if conditions.held_bytes is None else f"{conditions.held_bytes / GIB:.1f}",
            driver=conditions.driver or unknown,
            watts=unknown if conditions.power_limit_w is None else f"{conditions.power_limit_w:.0f}",
            clock=unknown if conditions.clock_mhz is None else str(conditions.clock_mhz),
            most=unknown if conditions.most_clock_mhz is None else str(conditions.most_clock_mhz),
        )
    )
    return "\n".join(lines)


def _extras(profile: Profile, texts: Texts, locale: str) -> list[str]:
    """Return the profile's settings that affect speed but are not in its name."""
    extras = (
        ("bench-compiled", profile.compiled),
        ("bench-fused", profile.fused),
        ("bench-lean", profile.lean_decode),
    )
    return [texts.say(locale, message) for message, is_so in extras if is_so]


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
    return "–" if count == 0 else f"{count / GIB:.2f}"
