"""Start-time fair queueing in two levels: servers by share, and a server's members by weight.

Goyal, Vin and Cheng, "Start-time Fair Queueing" (SIGCOMM 1996), with the bounded batching of
performance.md §4.2. A finish tag is what somebody was charged so far, in virtual time; the lowest runs
next. Whoever gets work after having had none is lifted to the virtual time: idleness earns nothing.
"""

from bisect import insort
from collections.abc import Iterator
from dataclasses import dataclass, field

from kleinbot.domain.job import Lane
from kleinbot.queueing.waiting import Order, Tag, WaitingImage, Weights

UNITS_PER_PICTURE = 1_000_000
"""Tags are integers, so that a refund takes back exactly what was charged and ties stay ties."""

BATCH_TOLERANCE = 1 * UNITS_PER_PICTURE
"""δ: a batch may take an image at most one picture of virtual time before its turn."""


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

    @property
    def turn(self) -> tuple[int, Order]:
        """The lower, the sooner; among equals the oldest image. Only where something waits."""
        return (self.finish, self.queue[0].order)

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
        return min(self.waiting.values(), key=lambda member: member.turn)

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


class FairLane:
    """One lane's servers, members and waiting images."""

    def __init__(self, lane: Lane, weights: Weights) -> None:
        self.lane = lane
        self.virtual = 0
        self.servers: dict[int, Server] = {}
        self.waiting: dict[int, Server] = {}
        self._weights = weights

    def copy(self) -> "FairLane":
        """Return a lane in the same state, to try something out on."""
        twin = FairLane(self.lane, self._weights)
        twin.virtual = self.virtual
        twin.servers = {server.server_id: server.copy() for server in self.servers.values()}
        twin.waiting = {server_id: twin.servers[server_id] for server_id in self.waiting}
        return twin

    def add(self, image: WaitingImage) -> None:
        """Put ``image`` in line, lifting whoever had no work."""
        server = self._server(image.server_id)
        member = self._member(server, image.member_id)
        if not server.waiting:
            server.finish = max(server.finish, self.virtual)
        if not member.queue:
            member.finish = max(member.finish, server.virtual)
        self._enqueue(server, member, image)

    def rejoin(self, image: WaitingImage) -> None:
        """Put ``image`` in line while restoring: the tags that were kept are lifted already."""
        server = self._server(image.server_id)
        self._enqueue(server, self._member(server, image.member_id), image)

    def swap(self, old: WaitingImage, new: WaitingImage) -> None:
        """Put ``new`` into the very place of ``old``."""
        queue = self.servers[old.server_id].members[old.member_id].queue
        queue[queue.index(old)] = new

    def remove(self, image: WaitingImage) -> None:
        """Take ``image`` out of line; nothing was charged and nothing is."""
        server = self.servers[image.server_id]
        member = server.members[image.member_id]
        member.queue.remove(image)
        self._note_emptied(server, member)
        self._settle(server)

    def next_image(self) -> WaitingImage | None:
        """Return whose turn it is."""
        if not self.waiting:
            return None
        heads = [(server.finish, server.next_member().queue[0]) for server in self.waiting.values()]
        return min(heads, key=lambda head: (head[0], head[1].order))[1]

    def next_companion(self, first: WaitingImage) -> WaitingImage | None:
        """Return the image that may share a batch with ``first``: of its shape and within δ of its turn."""
        if not self.waiting:
            return None
        best: tuple[int, int, Order] | None = None
        companion = None
        bound = min(server.finish for server in self.waiting.values()) + BATCH_TOLERANCE
        for server in self.waiting.values():
            if server.finish > bound:
                continue
            member_bound = server.lowest_finish() + BATCH_TOLERANCE
            for member in server.waiting.values():
                head = member.queue[0]
                if member.finish > member_bound or head.alone or head.shape != first.shape:
                    continue
                turn = (server.finish, member.finish, head.order)
                if best is None or turn < best:
                    best, companion = turn, head
        return companion

    def start(self, image: WaitingImage) -> Charge:
        """Take the head ``image`` out of line, advance the virtual time and charge for it."""
        server = self.servers[image.server_id]
        member = server.members[image.member_id]
        self.virtual = max(self.virtual, min(other.finish for other in self.waiting.values()))
        server.virtual = max(server.virtual, server.lowest_finish())
        charge = Charge(
            image,
            server_start=server.finish,
            server_units=self.server_units(image, image.cost),
            member_start=member.finish,
            member_units=self.member_units(image, image.cost),
        )
        member.queue.remove(image)
        self._note_emptied(server, member)
        self._hold(charge, +1)
        return charge

    def correct(self, charge: Charge, cost: float) -> None:
        """End a running image: charge ``cost`` instead of what was expected."""
        server = self.servers[charge.image.server_id]
        member = server.members[charge.image.member_id]
        self._hold(charge, -1)
        server.finish += self.server_units(charge.image, cost)
        member.finish += self.member_units(charge.image, cost)
        self._settle(server)

    def put_back(self, charge: Charge) -> None:
        """Return a running image to its old place and take back what it was charged.

        Nobody is lifted here: this one had its turn already.
        """
        server = self.servers[charge.image.server_id]
        self._hold(charge, -1)
        self._enqueue(server, server.members[charge.image.member_id], charge.image)

    def passes(self, image: WaitingImage, running: Charge, fraction_done: float) -> bool:
        """Say whether ``image`` is due before what ``running`` has used: ``fraction_done`` of its charge.

        A member never passes itself, and nobody passes for less than δ.
        """
        other = running.image
        if image.lane is not other.lane:
            return image.lane is Lane.TOKEN
        if (image.server_id, image.member_id) == (other.server_id, other.member_id):
            return False
        server = self.servers[image.server_id]
        if image.server_id != other.server_id:
            used = running.server_start + fraction_done * running.server_units
            return server.finish + BATCH_TOLERANCE < used
        used = running.member_start + fraction_done * running.member_units
        return server.members[image.member_id].finish + BATCH_TOLERANCE < used

    def resume(self, image: WaitingImage) -> Charge:
        """Note, while restoring, that ``image`` was charged and running when the tags were kept."""
        server = self._server(image.server_id)
        member = self._member(server, image.member_id)
        server_units = self.server_units(image, image.cost)
        member_units = self.member_units(image, image.cost)
        server.running += 1
        member.running += 1
        return Charge(
            image,
            server_start=server.finish - server_units,
            server_units=server_units,
            member_start=member.finish - member_units,
            member_units=member_units,
        )

    def restore(self, tag: Tag) -> None:
        """Take over one row of what ``tags`` returned."""
        if tag.server_id is None:
            self.virtual = tag.virtual
        elif tag.member_id is None:
            server = self._server(tag.server_id)
            server.finish, server.virtual = tag.finish, tag.virtual
        else:
            self._member(self._server(tag.server_id), tag.member_id).finish = tag.finish

    def tags(self) -> Iterator[Tag]:
        """Go through every tag that still means something: the lane's, the servers', the members'."""
        yield Tag(self.lane, None, None, 0, self.virtual)
        for server in self.servers.values():
            yield Tag(self.lane, server.server_id, None, server.finish, server.virtual)
            for member in server.members.values():
                if member.is_meaningful(server.virtual):
                    yield Tag(self.lane, server.server_id, member.member_id, member.finish, 0)

    def server_units(self, image: WaitingImage, cost: float) -> int:
        return units(cost, self._weights.share(image.server_id))

    def member_units(self, image: WaitingImage, cost: float) -> int:
        return units(cost, self._weights.weight(image.server_id, image.member_id))

    def _server(self, server_id: int) -> Server:
        return self.servers.setdefault(server_id, Server(server_id, finish=self.virtual))

    def _member(self, server: Server, member_id: int) -> Member:
        return server.members.setdefault(member_id, Member(member_id, finish=server.virtual))

    def _enqueue(self, server: Server, member: Member, image: WaitingImage) -> None:
        insort(member.queue, image, key=lambda waiting: waiting.order)
        server.waiting[member.member_id] = member
        self.waiting[server.server_id] = server

    def _note_emptied(self, server: Server, member: Member) -> None:
        if not member.queue:
            del server.waiting[member.member_id]
        if not server.waiting:
            self.waiting.pop(server.server_id, None)

    def _hold(self, charge: Charge, sign: int) -> None:
        server = self.servers[charge.image.server_id]
        member = server.members[charge.image.member_id]
        server.finish += sign * charge.server_units
        member.finish += sign * charge.member_units
        server.running += sign
        member.running += sign

    def _settle(self, server: Server) -> None:
        """Forget the tags that mean nothing any more, so that they do not pile up over the years.

        When nobody at all waits or runs, a busy period is over: the virtual time becomes the highest tag.
        """
        if not server.waiting and not server.running:
            server.virtual = max([server.virtual, *(member.finish for member in server.members.values())])
        server.members = {
            member_id: member
            for member_id, member in server.members.items()
            if member.is_meaningful(server.virtual)
        }
        if not self.waiting and not any(other.running for other in self.servers.values()):
            self.virtual = max([self.virtual, *(other.finish for other in self.servers.values())])
        self.servers = {
            other.server_id: other
            for other in self.servers.values()
            if other.members or other.finish > self.virtual
        }
