"""Start-time fair queueing in two levels: servers by share, and a server's members by weight.

Goyal, Vin and Cheng, "Start-time Fair Queueing" (SIGCOMM 1996), as in performance.md §4.2. A finish tag
is what somebody was charged so far, in virtual time; the lowest runs next. Whoever gets work after having
had none is lifted to the virtual time: idleness earns nothing.
"""

from bisect import insort
from collections.abc import Iterator

from kleinbot.domain.job import Lane
from kleinbot.queueing.tags import TOLERANCE, Charge, Member, Server, units
from kleinbot.queueing.waiting import Tag, WaitingImage, Weights


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

    @property
    def is_idle(self) -> bool:
        """Nothing of this lane waits or runs."""
        return not self.waiting and not any(server.running for server in self.servers.values())

    def next_image(self) -> WaitingImage | None:
        """Return whose turn it is."""
        if not self.waiting:
            return None
        lowest = self.lowest_finish()
        heads = [server.next_member().queue[0] for server in self.waiting.values() if server.finish == lowest]
        return min(heads, key=lambda head: head.order)

    def lowest_finish(self) -> int:
        return min(server.finish for server in self.waiting.values())

    def start(self, image: WaitingImage) -> Charge:
        """Take the head ``image`` out of line, advance the virtual time and charge for it."""
        server = self.servers[image.server_id]
        member = server.members[image.member_id]
        self.virtual = max(self.virtual, self.lowest_finish())
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
        if (image.server_id, image.member_id) == (other.server_id, other.member_id):
            return False
        server = self.servers[image.server_id]
        if image.server_id != other.server_id:
            used = running.server_start + fraction_done * running.server_units
            return server.finish + TOLERANCE < used
        used = running.member_start + fraction_done * running.member_units
        return server.members[image.member_id].finish + TOLERANCE < used

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
            idle = not server.waiting and not server.running
            finish = max(server.finish, self.virtual) if idle else server.finish
            yield Tag(self.lane, server.server_id, None, finish, server.virtual)
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
        if self.is_idle:
            self.virtual = max([self.virtual, *(other.finish for other in self.servers.values())])
        self.servers = {
            other.server_id: other
            for other in self.servers.values()
            if other.members or other.finish > self.virtual
        }
