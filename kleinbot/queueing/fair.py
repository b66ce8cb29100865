"""Start-time fair queueing in two levels: servers by share, and a server's members by weight.

Goyal, Vin and Cheng, "Start-time Fair Queueing" (SIGCOMM 1996). A finish tag is what somebody was charged so
far, in virtual time; the lowest runs next. A server that gets work after having had none is lifted to the
virtual time. A member is lifted to ``ALLOWANCE`` before it: what they ask for within it waits first in, first
out, before whoever has had more. So idleness earns a few pictures and no more.
"""

from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from heapq import heapify, heappop, heappush, heapreplace
from itertools import islice

from kleinbot.queueing.tags import ALLOWANCE, TOLERANCE, UNITS_PER_PICTURE, Charge, Member, Server, units
from kleinbot.queueing.turns import NOTHING, Turn
from kleinbot.queueing.waiting import Order, Tag, WaitingImage, Weights

Owner = tuple[int | None, int | None]

_MOST_LONG = 40
"""So many long pictures in line are looked at for a forecast; those beyond count as short ones do."""


class FairOrder:
    """Every server, member and waiting image, in the order of their turns.

    ``begun`` counts the pictures of a job that were started. ``changed`` numbers the changes of each tag that
    have not been kept yet.
    """

    def __init__(self, weights: Weights) -> None:
        self.virtual = 0
        self.servers: dict[int, Server] = {}
        self.begun: Counter[str] = Counter()
        self.changed: Counter[Owner] = Counter({(None, None): 1})
        self._waiting: list[tuple[int, Order, int]] = []
        self._idle: list[tuple[int, int]] = []
        self._running = 0
        self._weights = weights
        self._held: set[int] = set()

    # What changes the order

    def add(self, image: WaitingImage) -> None:
        """Put ``image`` in line, lifting whoever had no work."""
        server, member = self._of(image)
        server.finish, member.finish = self.lifted(image)
        self._append(server, member, image)
        self._moved(server, member)

    def rejoin(self, image: WaitingImage) -> None:
        """Put ``image`` in line while restoring: the tags that were kept are lifted already."""
        server, member = self._of(image)
        self._append(server, member, image)
        self._moved(server, member)

    def remove(self, images: Iterable[WaitingImage]) -> None:
        """Take one member's images out of line; nothing was charged and nothing is."""
        gone = {image.key: image for image in images}
        for image in gone.values():
            server, member = self._of(image)
            left = [turn.image for turn in member.queue if turn.image.key not in gone]
            self._requeue(server, member, left)
            self._moved(server, member)
            return

    def start(self, turn: Turn, *, leads: bool = True) -> Charge:
        """Take ``turn``, the first of its member, out of line and charge for it.

        ``leads``: it is its server's first in its batch. The virtual time is at that one's tag: at a later
        one's, nobody who comes would be due before its member's pictures have ended.
        """
        image = turn.image
        server, member = self._of(image)
        if leads:
            self.virtual = max(self.virtual, self._waiting[0][0])
            server.virtual = max(server.virtual, server.turns.first.tag)
        charge = self._charge(image, server.finish, member.finish)
        server.remove(turn)
        member.queue.remove(turn)
        self._hold(server, member, charge, +1)
        self._settle(server, member)
        self._moved(server, member)
        return charge

    def correct(self, charge: Charge, cost: float) -> None:
        """End a running image: charge ``cost`` instead of what was expected."""
        server, member = self._of(charge.image)
        self._running -= 1
        server.running -= 1
        member.running -= 1
        server.finish += self.server_units(charge.image, cost) - charge.server_units
        member.owed += self.member_units(charge.image, cost) - charge.member_units
        self._settle(server, member)
        self._moved(server, member)

    def put_back(self, charge: Charge, image: WaitingImage) -> None:
        """Return a running image to its old place and take back what it was charged.

        Nobody is lifted here: this one had its turn already.
        """
        server, member = self._of(image)
        self._hold(server, member, charge, -1)
        waiting = [turn.image for turn in member.queue]
        insort(waiting, image, key=lambda each: each.order)
        self._requeue(server, member, waiting)
        self._moved(server, member)

    def resume(self, image: WaitingImage) -> Charge:
        """Note, while restoring, that ``image`` was charged and running when the tags were kept."""
        server, member = self._of(image)
        charge = self._charge(image, server.finish, member.finish)
        self._running += 1
        server.running += 1
        member.running += 1
        self.begun[image.key.job_id] += 1
        return Charge(
            image,
            server_start=server.finish - charge.server_units,
            server_units=charge.server_units,
            member_start=member.finish - charge.member_units,
            member_units=charge.member_units,
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

    def restored(self) -> None:
        """Forget, once all is restored, whose tags mean nothing."""
        for server in list(self.servers.values()):
            for member in list(server.members.values()):
                self._moved(server, member)
            self._moved(server)

    def hold(self, server_id: int) -> None:
        """Give a server no turn until it is released; what waits there keeps its order."""
        self._held.add(server_id)
        if (server := self.servers.get(server_id)) is not None:
            self._moved(server)

    def release(self, server_id: int) -> bool:
        """Give a server its turns again, lifted like one that had no work: it has not saved any up.

        Says whether it was held.
        """
        if server_id not in self._held:
            return False
        self._held.remove(server_id)
        if (server := self.servers.get(server_id)) is not None:
            if server.turns:
                server.finish = max(server.finish, self.virtual)
            self._moved(server)
        return True

    def is_held(self, server_id: int) -> bool:
        return server_id in self._held

    def weights_changed(self) -> None:
        """Charge what waits by the new weights."""
        # Of those without work some may be forgotten meanwhile.
        for server in list(self.servers.values()):
            for member in server.members.values():
                self._requeue(server, member, [turn.image for turn in member.queue])
            self._moved(server)

    # What may be asked

    @property
    def first(self) -> Turn | None:
        """Whose turn it is."""
        return self.servers[self._waiting[0][2]].turns.first if self._waiting else None

    @property
    def is_idle(self) -> bool:
        """Nothing waits or runs."""
        return not self._waiting and not self._running

    def __iter__(self) -> Iterator[WaitingImage]:
        """Go through the waiting images as they start if nobody else comes, batches left aside."""
        for _, turn in self.turns():
            yield turn.image

    def firsts(self, most: int) -> Iterator[tuple[int, Turn]]:
        """Go through the first turns of members, ``most`` at most, with their tags among the servers."""
        for finish, turn in islice(self.turns(), most):
            queue = self.queue(turn.image.server_id, turn.image.member_id)
            if queue[0] is turn:
                yield finish, turn

    def turns(self) -> Iterator[tuple[int, Turn]]:
        """Go through the turns in their order, with their tags among the servers."""
        turns = {server_id: iter(self.servers[server_id].turns) for _, _, server_id in self._waiting}
        due = [
            (finish, order, server_id, next(turns[server_id])) for finish, order, server_id in self._waiting
        ]
        heapify(due)
        while due:
            finish, _, server_id, turn = due[0]
            yield finish, turn
            following = next(turns[server_id], None)
            if following is None:
                heappop(due)
            else:
                heapreplace(due, (finish + turn.server_units, following.order, server_id, following))

    def servers_due(self, bound: int) -> Iterator[Server]:
        """Go through the servers whose turn comes at ``bound`` at the latest."""
        for finish, _, server_id in list(self._waiting):
            if finish > bound:
                return
            yield self.servers[server_id]

    def lowest_finish(self) -> int:
        return self._waiting[0][0]

    def queue(self, server_id: int, member_id: int) -> list[Turn]:
        """Return a member's waiting images in the order in which they run."""
        server = self.servers.get(server_id)
        member = None if server is None else server.members.get(member_id)
        return [] if member is None else member.queue

    def lifted(self, image: WaitingImage) -> tuple[int, int]:
        """Return the finish tags of a server and its member with ``image`` in line too."""
        server = self.servers.get(image.server_id)
        if server is None:
            return self.virtual, -ALLOWANCE
        finish = server.finish if server.turns else max(server.finish, self.virtual)
        member = server.members.get(image.member_id)
        if member is None:
            return finish, server.floor
        return finish, member.finish if member.queue else max(member.finish, server.floor)

    def turns_of_next(self, images: Sequence[WaitingImage]) -> list[Turn]:
        """Return the turns that one member's ``images`` would have behind what they have in line."""
        _, finish = self.lifted(images[0])
        last = self.queue(images[0].server_id, images[0].member_id)[-1:]
        turns = list(last)
        for image in images:
            turns.append(self._turn(image, turns, finish))
        return turns[len(last) :]

    def ahead(self, turn: Turn, own_units: int = 0) -> tuple[int, float, int]:
        """Return the jobs that begin and the pictures' worth that starts before ``turn``, and its reach.

        That is the virtual time among the servers at which it starts. ``turn`` need not be in line;
        ``own_units``: what its server is charged before it beyond what is in line.
        """
        image = turn.image
        finish, _ = self.lifted(image)
        server = self.servers.get(image.server_id)
        before = NOTHING if server is None else server.turns.before(turn)
        reach = finish + before.server_units + own_units
        jobs, cost = before.jobs, self._cost(image.server_id, before.server_units)
        others_jobs, others_cost = self.others_within(image.server_id, reach, turn.order)
        return jobs + others_jobs, cost + others_cost, reach

    def passed(self, turn: Turn, reach: int, resting_cost: float) -> float:
        """Return the pictures' worth of what starts before ``turn`` by its tag, and yet lets it pass.

        Of long work only the first is begun, and it is drawn until others are due before it. While it rests
        whoever takes no longer than what is left of it passes; what takes longer waits for its end.
        ``resting_cost``: what is left of the one that is begun, 0 where none is.
        """
        passed = 0.0
        due = ((server, each) for server in self.servers_due(reach) for each in server.long)
        for server, each in islice(due, _MOST_LONG):
            if not self._lets_pass(each, turn, reach - server.finish):
                continue
            if not resting_cost:
                resting_cost = each.image.cost - 1.0
                passed += resting_cost
            elif each.image.cost > resting_cost:
                passed += each.image.cost
        return passed

    def _lets_pass(self, each: Turn, turn: Turn, units: int) -> bool:
        image = each.image
        used = TOLERANCE / UNITS_PER_PICTURE
        if image.server_id == turn.image.server_id:
            if each >= turn or image.member_id == turn.image.member_id:
                return False
            gap = (turn.account - each.account) / UNITS_PER_PICTURE
            used += gap * self._weights.weight(image.server_id, image.member_id)
        else:
            starts = self.servers[image.server_id].turns.before(each).server_units
            if (starts, each.order) > (units, turn.order):
                return False
        return image.cost - max(0.0, used) >= turn.image.cost

    def others_within(self, server_id: int, reach: int, order: Order) -> tuple[int, float]:
        """Return the jobs that begin and the pictures' worth that starts in other servers up to ``reach``."""
        jobs, cost = 0, 0.0
        for server in self.servers_due(reach):
            if server.server_id != server_id:
                found = server.turns.within(reach - server.finish, order)
                jobs += found.jobs
                cost += self._cost(server.server_id, found.server_units)
        return jobs, cost

    def tags(self) -> Iterator[Tag]:
        """Go through every tag that still means something: the line's, the servers', the members'."""
        yield Tag(None, None, 0, self.virtual)
        for server in self.servers.values():
            yield Tag(server.server_id, None, server.finish, server.virtual)
            for member in server.members.values():
                yield Tag(server.server_id, member.member_id, member.finish, 0)

    def tag(self, owner: Owner) -> Tag | None:
        """Return whose tag it is as it is now, None where it means nothing any more."""
        server_id, member_id = owner
        if server_id is None:
            return Tag(None, None, 0, self.virtual)
        server = self.servers.get(server_id)
        if server is None or member_id is None:
            return None if server is None else Tag(server_id, None, server.finish, server.virtual)
        member = server.members.get(member_id)
        return None if member is None else Tag(server_id, member_id, member.finish, 0)

    def server_units(self, image: WaitingImage, cost: float) -> int:
        return self.units_of_server(image.server_id, cost)

    def units_of_server(self, server_id: int, cost: float) -> int:
        return units(cost, self._weights.share(server_id))

    def member_units(self, image: WaitingImage, cost: float) -> int:
        return units(cost, self._weights.weight(image.server_id, image.member_id))

    # Within

    def _cost(self, server_id: int, server_units: int) -> float:
        return server_units * self._weights.share(server_id) / UNITS_PER_PICTURE

    def _of(self, image: WaitingImage) -> tuple[Server, Member]:
        server = self._server(image.server_id)
        return server, self._member(server, image.member_id)

    def _server(self, server_id: int) -> Server:
        return self.servers.setdefault(server_id, Server(server_id, finish=self.virtual))

    def _member(self, server: Server, member_id: int) -> Member:
        return server.members.setdefault(member_id, Member(member_id, finish=server.floor))

    def _charge(self, image: WaitingImage, server_start: int, member_start: int) -> Charge:
        return Charge(
            image,
            server_start=server_start,
            server_units=self.server_units(image, image.cost),
            member_start=member_start,
            member_units=self.member_units(image, image.cost),
        )

    def _hold(self, server: Server, member: Member, charge: Charge, sign: int) -> None:
        server.finish += sign * charge.server_units
        member.finish += sign * charge.member_units
        self._running += sign
        server.running += sign
        member.running += sign
        self.begun[charge.image.key.job_id] += sign

    def _turn(self, image: WaitingImage, queue: list[Turn], finish: int) -> Turn:
        account, begins = finish, self.begun[image.key.job_id] == 0
        if queue:
            last = queue[-1]
            account = last.account + self.member_units(last.image, last.image.cost)
            begins = begins and last.image.key.job_id != image.key.job_id
        server = self.servers.get(image.server_id)
        virtual = 0 if server is None else server.virtual
        is_allowed = account < virtual
        tag = virtual - ALLOWANCE if is_allowed else account
        if queue:
            tag = max(tag, queue[-1].tag)
        return Turn(
            tag, image.order, self.server_units(image, image.cost), begins, image, account, is_allowed
        )

    def _append(self, server: Server, member: Member, image: WaitingImage) -> None:
        turn = self._turn(image, member.queue, member.finish)
        member.queue.append(turn)
        server.add(turn)

    def _requeue(self, server: Server, member: Member, images: Iterable[WaitingImage]) -> None:
        """Give a member's waiting images their turns anew."""
        for turn in member.queue:
            server.remove(turn)
        member.queue.clear()
        member.finish += member.owed
        member.owed = 0
        for image in images:
            self._append(server, member, image)

    def _settle(self, server: Server, member: Member) -> None:
        """Add what is owed to the member's tag, where it is much or moves nothing."""
        if member.owes_much:
            self._requeue(server, member, [turn.image for turn in member.queue])

    def _moved(self, server: Server, member: Member | None = None) -> None:
        """Keep in step what is sorted by a server's and a member's tags, and forget what means nothing.

        Idle and not above the virtual time is where a stranger would be put too. When nobody at all waits or
        runs, a busy period is over: the virtual time becomes the highest tag.
        """
        self._place(server)
        self.changed[server.server_id, None] += 1
        self.changed[None, None] += 1
        if member is not None:
            self.changed[server.server_id, member.member_id] += 1
            if member.is_idle:
                heappush(server.idle, (member.finish, member.member_id))
        if server.is_idle:
            ahead = [each.finish + ALLOWANCE for each in server.members.values()]
            server.virtual = max([server.virtual, *ahead])
            heappush(self._idle, (server.finish, server.server_id))
        self._forget_members(server)
        if self.is_idle:
            self.virtual = max([self.virtual, *(each.finish for each in self.servers.values())])
        while self._idle and self._idle[0][0] <= self.virtual:
            _, server_id = heappop(self._idle)
            idle = self.servers.get(server_id)
            if idle is not None and idle.is_idle and not idle.members and idle.finish <= self.virtual:
                del self.servers[server_id]
                self.changed[server_id, None] += 1

    def _forget_members(self, server: Server) -> None:
        while server.idle and server.idle[0][0] <= server.floor:
            _, member_id = heappop(server.idle)
            member = server.members.get(member_id)
            if member is not None and member.is_idle and member.finish <= server.floor:
                del server.members[member_id]
                self.changed[server.server_id, member_id] += 1

    def _place(self, server: Server) -> None:
        place = None
        if server.turns and server.server_id not in self._held:
            place = (server.finish, server.turns.first.order, server.server_id)
        if place == server.place:
            return
        if server.place is not None:
            del self._waiting[bisect_left(self._waiting, server.place)]
        if place is not None:
            insort(self._waiting, place)
        server.place = place
