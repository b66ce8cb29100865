"""Measured batch times of this machine, kept across restarts. Shapes are plain columns."""

import json
from collections.abc import Iterable
from dataclasses import dataclass

from kleinbot.domain.geometry import Grid
from kleinbot.domain.job_spec import Checkpoint
from kleinbot.store.database import Reader, Transaction


@dataclass(frozen=True)
class MeasuredRow:
    """A batch of ``batch`` images takes ``seconds`` in total; the other fields are their shape."""

    grid: Grid
    steps: int
    checkpoint: Checkpoint
    references: tuple[Grid, ...]
    first_sigma: float
    batch: int
    seconds: float


async def load(reader: Reader, profile: str) -> tuple[MeasuredRow, ...]:
    """Return the measurements of ``profile``."""
    return tuple(
        MeasuredRow(
            grid=Grid(row["columns"], row["rows"]),
            steps=row["steps"],
            checkpoint=Checkpoint(row["checkpoint"]),
            references=tuple(Grid(columns, rows) for columns, rows in json.loads(row["input_grids"])),
            first_sigma=row["first_sigma"],
            batch=row["batch"],
            seconds=row["seconds"],
        )
        for row in await reader.all("SELECT * FROM measured_seconds WHERE profile = ?", profile)
    )


async def replace(transaction: Transaction, profile: str, measured: Iterable[MeasuredRow]) -> None:
    """Replace the measurements of ``profile`` with ``measured``.

    If batch keys differ only in something that has no column, because it takes no time, the last one wins.
    """
    await transaction.change("DELETE FROM measured_seconds WHERE profile = ?", profile)
    await transaction.change_each(
        "INSERT OR REPLACE INTO measured_seconds (profile, columns, rows, steps, checkpoint, input_grids,"
        " first_sigma, batch, seconds) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            (
                profile,
                row.grid.columns,
                row.grid.rows,
                row.steps,
                row.checkpoint,
                json.dumps([[grid.columns, grid.rows] for grid in row.references]),
                row.first_sigma,
                row.batch,
                row.seconds,
            )
            for row in measured
        ),
    )


async def end_errors_ms(reader: Reader, most: int) -> list[int]:
    """Return how much later than told the last ``most`` finished jobs were done; negative: earlier."""
    rows = await reader.all(
        "SELECT ended_ms - told_end_ms FROM jobs INDEXED BY jobs_told_end"
        " WHERE told_end_ms IS NOT NULL AND state = 'done' AND ended_ms > 0 ORDER BY ended_ms DESC LIMIT ?",
        most,
    )
    return [row[0] for row in rows]
