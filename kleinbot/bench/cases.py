"""The measured cases: sizes, references and batches within the profile's limits."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kleinbot.domain.capacity import Capacity
from kleinbot.domain.geometry import Grid
from kleinbot.domain.profile import Profile

REFERENCES = (1, 2, 4)
BATCHES = (2, 4)


@dataclass(frozen=True)
class Case:
    """A batch of ``batch`` pictures of ``grid``, each with ``references`` pictures of the same size."""

    grid: Grid
    references: int = 0
    batch: int = 1

    @property
    def name(self) -> str:
        """A short, stable name, which people compare across machines."""
        parts = [f"{self.grid.width_px}x{self.grid.height_px}"]
        parts += [f"{self.references}ref"] if self.references else []
        parts += [f"batch{self.batch}"] if self.batch > 1 else []
        return "+".join(parts)


def cases_for(profile: Profile, capacity: Capacity, *, quick: bool = False) -> Sequence[Case]:
    """Return the cases that fit ``profile``, smallest first: the allocator keeps reserved memory.

    ``quick``: only the largest picture and its edit with one reference.
    """
    full = profile.largest_square
    if quick:
        wanted = [Case(full), Case(full, references=1)]
    else:
        wanted = [*_of(Grid(full.columns // 2, full.rows // 2)), *_of(full)]
    return [
        case
        for case in wanted
        if case.references <= profile.most_references
        and case.batch <= capacity.largest_batch(case.grid, (case.grid,) * case.references)
    ]


def _of(grid: Grid) -> Iterator[Case]:
    yield Case(grid)
    for references in REFERENCES:
        yield Case(grid, references=references)
    for batch in BATCHES:
        yield Case(grid, batch=batch)
