"""The charges of servers and members so far, and their waiting images."""

from bisect import bisect_left, insort
from dataclasses import dataclass, field

from kleinbot.scheduler.entries import Order, WaitingImage
from kleinbot.scheduler.start_tag_order import StartTagOrder, Turn

UNITS_PER_PICTURE = 1_000_000
"""Tags are integers, so that a refund is exactly the charge and ties stay ties."""

TOLERANCE = 1 * UNITS_PER_PICTURE
"""δ: by how much virtual time at most an image joins a batch early, or passes long work."""

LONG_COST = 2.0
"""From this cost on, in pictures, work is long: δ for itself, and one for an image that passes it."""

ALLOWANCE = 8 * UNITS_PER_PICTURE
"""How far a member who has had less than others may be behind the virtual time of their server.

It is a request for four edits, so that floods cost such members next to nothing. On average, what is left of
it was not used while others worked.
"""

_OWED_PER_IMAGE = TOLERANCE // 100


def units(cost: float, weight: float) -> int:
    """Return the virtual time of ``cost`` pictures. Raises ValueError unless ``weight`` is above 0."""
    if weight <= 0:
        raise ValueError(f"a weight must be above 0, not {weight}")
    return round(cost * UNITS_PER_PICTURE / weight)


@dataclass(eq=False)
class MemberAccount:
    """A member's part of the queue: ``finish`` is where their next image starts, ``running`` counts images.

    ``owed``: what ended images took beyond their charge, not yet in ``finish``. It is left out while it is at
    most a hundredth of a picture for each waiting image, since adding it moves all of them.
    """

    member_id: int
    finish: int
    queue: list[Turn] = field(default_factory=list)
    running: int = 0
    owed: int = 0

    @property
    def is_idle(self) -> bool:
        return not self.queue and not self.running

    @property
    def owes_much(self) -> bool:
        return abs(self.owed) > _OWED_PER_IMAGE * len(self.queue)


@dataclass(eq=False)
class ServerAccount:
    """A server's part of the queue. ``idle`` is a heap of members without work, by their tags.

    ``long``: those of ``turns`` that others may pass once they run, in the same order.
    """

    server_id: int
    finish: int
    virtual: int = 0
    members: dict[int, MemberAccount] = field(default_factory=dict)
    turns: StartTagOrder = field(default_factory=StartTagOrder)
    long: list[Turn] = field(default_factory=list)
    running: int = 0
    idle: list[tuple[int, int]] = field(default_factory=list)
    place: tuple[int, Order, int] | None = None

    @property
    def floor(self) -> int:
        """The tag that members without work are lifted to."""
        return self.virtual - ALLOWANCE

    @property
    def is_idle(self) -> bool:
        return not self.turns and not self.running

    def add(self, turn: Turn) -> None:
        self.turns.add(turn)
        if turn.image.cost >= LONG_COST:
            insort(self.long, turn)

    def remove(self, turn: Turn) -> None:
        self.turns.remove(turn)
        if turn.image.cost >= LONG_COST:
            del self.long[bisect_left(self.long, turn)]


@dataclass(frozen=True)
class Charge:
    """The charges of a running image's server and member, and the tags at which it started."""

    image: WaitingImage
    server_start: int
    server_units: int
    member_start: int
    member_units: int
