"""Decides which images run together."""

from math import inf

from kleinbot.scheduler.accounts import TOLERANCE, Charge
from kleinbot.scheduler.entries import BatchLimits, WaitingImage
from kleinbot.scheduler.fair import FairOrder
from kleinbot.scheduler.start_tag_order import Turn

_MOST_LOOKED_AT = 1000
"""The search for batch mates ends here, since the event loop waits for it."""


def start_batch(order: FairOrder, first: Turn, limits: BatchLimits, most_cost: float = inf) -> list[Charge]:
    """Start ``first`` and the images of its shape that may join it, at most ``most_cost`` pictures in all.

    An image that joins is the first of its member. It runs at most δ of virtual time before its turn among
    its server's members, and its server at most δ before its turn among the servers.
    """
    batch = [order.start(first)]
    servers = {first.image.server_id}
    largest = 1 if first.image.alone else limits.max_batch(first.image.shape)
    largest = int(min(largest, max(1.0, most_cost / first.image.cost)))
    while len(batch) < largest and (turn := _next_alike(order, first.image)) is not None:
        batch.append(order.start(turn, leads=turn.image.server_id not in servers))
        servers.add(turn.image.server_id)
    return batch


def _next_alike(order: FairOrder, first: WaitingImage) -> Turn | None:
    if order.first is None:
        return None
    looked_at = 0
    for server in order.servers_due(order.lowest_finish() + TOLERANCE):
        bound = server.turns.first.tag + TOLERANCE
        for turn in server.turns:
            looked_at += 1
            if turn.tag > bound or looked_at > _MOST_LOOKED_AT:
                break
            image = turn.image
            is_alike = image.shape == first.shape and not image.alone
            if is_alike and server.members[image.member_id].queue[0] is turn:
                return turn
    return None
