"""Waiting images in the order of their start tags, with the sums of those before any of them."""

from bisect import bisect_left, insort
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from kleinbot.scheduler.entries import Order, WaitingImage

_MOST_IN_CHUNK = 128


class Turn(NamedTuple):
    """An image's place among its server's: the lowest ``tag`` first, then the order of admission.

    ``account``: its member's charge when it starts. ``tag`` is the same, or lower where the allowance covers
    it (``is_allowed``), so that no later image comes first. ``server_units``: its charge among the servers.
    ``begins``: it is the first of its job.
    """

    tag: int
    order: Order
    server_units: int
    begins: bool
    image: WaitingImage
    account: int
    is_allowed: bool


class Before(NamedTuple):
    """How many images come first, how many jobs begin with them, and their charge."""

    images: int
    jobs: int
    server_units: int


NOTHING = Before(0, 0, 0)


@dataclass(eq=False)
class _Chunk:
    turns: list[Turn] = field(default_factory=list)
    jobs: int = 0
    units: int = 0

    def count(self, turn: Turn, sign: int) -> None:
        self.jobs += sign * turn.begins
        self.units += sign * turn.server_units


class StartTagOrder:
    """A sorted list in chunks that know their sums: a call looks at about the square root of its length."""

    def __init__(self) -> None:
        self._chunks: list[_Chunk] = []
        self.units = 0

    def __bool__(self) -> bool:
        return bool(self._chunks)

    def __iter__(self) -> Iterator[Turn]:
        for chunk in self._chunks:
            yield from chunk.turns

    @property
    def first(self) -> Turn:
        return self._chunks[0].turns[0]

    def add(self, turn: Turn) -> None:
        at = max(0, min(self._chunk_of(turn), len(self._chunks) - 1))
        if not self._chunks:
            self._chunks.append(_Chunk())
        chunk = self._chunks[at]
        insort(chunk.turns, turn)
        chunk.count(turn, +1)
        self.units += turn.server_units
        if len(chunk.turns) > _MOST_IN_CHUNK:
            upper = _Chunk(chunk.turns[_MOST_IN_CHUNK // 2 :])
            del chunk.turns[_MOST_IN_CHUNK // 2 :]
            for moved in upper.turns:
                chunk.count(moved, -1)
                upper.count(moved, +1)
            self._chunks.insert(at + 1, upper)

    def remove(self, turn: Turn) -> None:
        """Remove ``turn``. Raises ValueError where it is not among them."""
        at = self._chunk_of(turn)
        chunk = self._chunks[at] if at < len(self._chunks) else _Chunk()
        inside = bisect_left(chunk.turns, turn)
        if inside == len(chunk.turns) or chunk.turns[inside] is not turn:
            raise ValueError(f"{turn.image.key} has no such turn")
        del chunk.turns[inside]
        chunk.count(turn, -1)
        self.units -= turn.server_units
        if not chunk.turns:
            del self._chunks[at]

    def before(self, turn: Turn) -> Before:
        """Return the sums of the turns before ``turn``, which need not be among them."""
        at = self._chunk_of(turn)
        found = self._sums(at)
        if at < len(self._chunks):
            turns = self._chunks[at].turns
            found = _with(found, turns[: bisect_left(turns, turn)])
        return found

    def within(self, units: int, order: Order) -> Before:
        """Return the sums of the turns that start before ``units`` are charged, or then before ``order``."""
        if units < 0:
            return NOTHING
        images = jobs = total = 0
        for chunk in self._chunks:
            if total + chunk.units > units:
                for turn in chunk.turns:
                    if total > units or (total == units and turn.order > order):
                        break
                    images, jobs, total = images + 1, jobs + turn.begins, total + turn.server_units
                break
            images, jobs, total = images + len(chunk.turns), jobs + chunk.jobs, total + chunk.units
        return Before(images, jobs, total)

    def _chunk_of(self, turn: Turn) -> int:
        return bisect_left(self._chunks, turn, key=lambda chunk: chunk.turns[-1])

    def _sums(self, chunks: int) -> Before:
        images = jobs = units = 0
        for chunk in self._chunks[:chunks]:
            images, jobs, units = images + len(chunk.turns), jobs + chunk.jobs, units + chunk.units
        return Before(images, jobs, units)


def _with(found: Before, turns: list[Turn]) -> Before:
    return Before(
        found.images + len(turns),
        found.jobs + sum(turn.begins for turn in turns),
        found.server_units + sum(turn.server_units for turn in turns),
    )
