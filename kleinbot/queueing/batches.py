"""Which images run together."""

from dataclasses import dataclass
from heapq import heapify, heappop, heapreplace

from kleinbot.queueing.fair import FairLane
from kleinbot.queueing.tags import TOLERANCE, Charge, Member, Server
from kleinbot.queueing.waiting import BatchLimits, Order, WaitingImage

_Turn = tuple[int, Order, int]
"""A member's finish tag, its next image's order, its id."""


@dataclass(eq=False)
class _Alike:
    """A server's members whose next image may share the batch, as a heap."""

    server: Server
    turns: list[_Turn]

    @property
    def turn(self) -> tuple[int, _Turn]:
        return (self.server.finish, self.turns[0])

    def is_due(self) -> bool:
        return self.turns[0][0] <= self.server.lowest_finish() + TOLERANCE


def start_batch(lane: FairLane, limits: BatchLimits) -> list[Charge]:
    """Start the image whose turn it is and those of its shape that may join it; empty when none waits.

    Who joins is the first in its member's queue and at most δ of virtual time before its turn, among its
    server's members and its server among the servers (performance.md §4.2).
    """
    first = lane.next_image()
    if first is None:
        return []
    batch = [lane.start(first)]
    largest = 1 if first.alone else limits.max_batch(first.shape)
    if largest > 1:
        alike = _alike(lane, first)
        while len(batch) < largest and (image := _take_next(lane, alike, first)) is not None:
            batch.append(lane.start(image))
    return batch


def _alike(lane: FairLane, first: WaitingImage) -> list[_Alike]:
    found = []
    for server in lane.waiting.values():
        turns = [_turn(member) for member in server.waiting.values() if _may_join(member.queue[0], first)]
        if turns:
            heapify(turns)
            found.append(_Alike(server, turns))
    return found


def _turn(member: Member) -> _Turn:
    return (member.finish, member.queue[0].order, member.member_id)


def _may_join(image: WaitingImage, first: WaitingImage) -> bool:
    return not image.alone and image.shape == first.shape


def _take_next(lane: FairLane, alike: list[_Alike], first: WaitingImage) -> WaitingImage | None:
    """Return the next to join and put its member's following image in its place among ``alike``."""
    if not alike:
        return None
    bound = lane.lowest_finish() + TOLERANCE
    due = [group for group in alike if group.server.finish <= bound and group.is_due()]
    if not due:
        return None
    group = min(due, key=lambda candidate: candidate.turn)
    member = group.server.waiting[group.turns[0][2]]
    image = member.queue[0]
    if len(member.queue) > 1 and _may_join(member.queue[1], first):
        finish = member.finish + lane.member_units(image, image.cost)
        heapreplace(group.turns, (finish, member.queue[1].order, member.member_id))
    else:
        heappop(group.turns)
        if not group.turns:
            alike.remove(group)
    return image
