"""What servers and members of one lane were charged so far, and what they have in line."""

from dataclasses import dataclass, field

from kleinbot.queueing.waiting import WaitingImage

UNITS_PER_PICTURE = 1_000_000
"""Tags are integers, so that a refund takes back exactly what was charged and ties stay ties."""

TOLERANCE = 1 * UNITS_PER_PICTURE
"""δ: a batch takes an image, and long work lets one pass, by at most one picture of virtual time."""


def units(cost: float, weight: float) -> int:
    """Return the virtual time that ``cost`` pictures take at ``weight``."""
    if weight <= 0:
        raise ValueError(f"a weight must be above 0, not {weight}")
    return round(cost * UNITS_PER_PICTURE / weight)


@dataclass
class Member:
    """A member's part of one lane; ``running`` counts images on the card."""

    member_id: int
    finish: int
    queue: list[WaitingImage] = field(default_factory=list)
    running: int = 0

    def is_meaningful(self, virtual: int) -> bool:
        """Idle and not above the virtual time is where a stranger would be put too."""
        return bool(self.queue) or self.running > 0 or self.finish > virtual


@dataclass
class Server:
    """A server's part of one lane. ``waiting`` holds the members of ``members`` that have work."""

    server_id: int
    finish: int
    virtual: int = 0
    members: dict[int, Member] = field(default_factory=dict)
    waiting: dict[int, Member] = field(default_factory=dict)
    running: int = 0

    def copy(self) -> "Server":
        members = {
            m.member_id: Member(m.member_id, m.finish, list(m.queue), m.running)
            for m in self.members.values()
        }
        waiting = {member_id: members[member_id] for member_id in self.waiting}
        return Server(self.server_id, self.finish, self.virtual, members, waiting, self.running)

    def next_member(self) -> Member:
        """Return whose turn it is: the lowest tag, among equals the oldest image."""
        lowest = self.lowest_finish()
        equals = [member for member in self.waiting.values() if member.finish == lowest]
        return min(equals, key=lambda member: member.queue[0].order)

    def lowest_finish(self) -> int:
        return min(member.finish for member in self.waiting.values())


@dataclass(frozen=True)
class Charge:
    """What a running image's server and member were charged, and the tags at which it started."""

    image: WaitingImage
    server_start: int
    server_units: int
    member_start: int
    member_units: int
