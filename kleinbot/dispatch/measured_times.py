"""Keeps the measured times of this host over a restart."""

from kleinbot.domain.clock import Clock
from kleinbot.scheduler.cost import CostModel, Measured
from kleinbot.scheduler.entries import Shape
from kleinbot.store.database import Reader, Transaction
from kleinbot.store.jobs import measurements
from kleinbot.store.jobs.measurements import MeasuredRow

_WRITE_EVERY_S = 60.0


class MeasuredTimes:
    """Stores a cost model's measurements under the name of their profile."""

    def __init__(self, cost_model: CostModel, profile_name: str, clock: Clock) -> None:
        self._cost_model = cost_model
        self._profile_name = profile_name
        self._clock = clock
        self._kept: tuple[Measured, ...] = ()
        self._kept_s: float | None = None

    async def load(self, reader: Reader) -> None:
        """Load what earlier processes measured."""
        rows = await measurements.load(reader, self._profile_name)
        self._cost_model.remember(_measured(row) for row in rows)
        self._kept = self._cost_model.measurements()

    async def keep(self, transaction: Transaction, *, now: bool = False) -> None:
        """Store changed measurements: at most once a minute, unless it must be ``now``."""
        now_s = self._clock.monotonic_s()
        if not now and self._kept_s is not None and now_s - self._kept_s < _WRITE_EVERY_S:
            return
        measured = self._cost_model.measurements()
        if measured == self._kept:
            return
        await measurements.replace(transaction, self._profile_name, [_row(each) for each in measured])
        self._kept, self._kept_s = measured, now_s


def _measured(row: MeasuredRow) -> Measured:
    shape = Shape(row.grid, row.steps, row.checkpoint, references=row.references, first_sigma=row.first_sigma)
    return Measured(shape, row.seconds / row.batch)


def _row(measured: Measured) -> MeasuredRow:
    shape = measured.shape
    return MeasuredRow(
        shape.grid,
        shape.steps,
        shape.checkpoint,
        shape.references,
        shape.first_sigma,
        1,
        measured.seconds,
    )
