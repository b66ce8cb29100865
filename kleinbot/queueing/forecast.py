"""In which order the line will run if nobody else comes, and when."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from heapq import heapify, heappop, heappush

from kleinbot.queueing.cost import CostModel
from kleinbot.queueing.fair import FairLane
from kleinbot.queueing.waiting import Order, Shape, WaitingImage

_MemberTurn = tuple[int, Order, int]
_ServerTurn = tuple[int, Order, int]


@dataclass(frozen=True)
class Expected:
    """What a waiting job can be told.

    ``place``: "#3 in line" when two jobs will start before it; 0 where a picture of it has begun.
    ``pictures_before``: waiting pictures that start before its first waiting one. ``start_s`` and
    ``end_s``: seconds from now until its first waiting picture starts and its last is made.
    """

    place: int
    pictures_before: int
    start_s: float
    end_s: float


def fair_order(lane: FairLane) -> Iterator[WaitingImage]:
    """Yield a lane's waiting images in the order of their turns, batches left aside.

    Batches make some earlier and none later, so what is told from this errs on the careful side.
    """
    members = {
        server.server_id: [(m.finish, m.queue[0].order, m.member_id) for m in server.waiting.values()]
        for server in lane.waiting.values()
    }
    for turns in members.values():
        heapify(turns)
    servers: list[_ServerTurn] = [
        (lane.waiting[server_id].finish, turns[0][1], server_id) for server_id, turns in members.items()
    ]
    heapify(servers)
    taken: dict[tuple[int, int], int] = {}
    while servers:
        finish, _, server_id = heappop(servers)
        image = _take(lane, server_id, members[server_id], taken)
        yield image
        if members[server_id]:
            finish += lane.server_units(image, image.cost)
            heappush(servers, (finish, members[server_id][0][1], server_id))


def _take(
    lane: FairLane, server_id: int, turns: list[_MemberTurn], taken: dict[tuple[int, int], int]
) -> WaitingImage:
    """Take the next image of a server and put its member's next turn in its place."""
    finish, _, member_id = heappop(turns)
    queue = lane.waiting[server_id].waiting[member_id].queue
    position = taken.get((server_id, member_id), 0)
    taken[server_id, member_id] = position + 1
    image = queue[position]
    if position + 1 < len(queue):
        finish += lane.member_units(image, image.cost)
        heappush(turns, (finish, queue[position + 1].order, member_id))
    return image


def places(order: Iterable[WaitingImage], begun: Collection[str]) -> dict[str, int]:
    """Return each job's place; those in ``begun`` have left the line: place 0, and not counted."""
    found: dict[str, int] = {}
    unbegun = 0
    for image in order:
        job_id = image.key.job_id
        if job_id in found:
            continue
        if job_id in begun:
            found[job_id] = 0
        else:
            unbegun += 1
            found[job_id] = unbegun
    return found


def ends_s(order: Sequence[WaitingImage], cost_model: CostModel, running_left_s: float) -> list[float]:
    """Return when each image of ``order`` is made, in seconds from now, one after another."""
    seconds: dict[Shape, float] = {}
    now_s = running_left_s
    ends = []
    for image in order:
        if image.shape not in seconds:
            seconds[image.shape] = cost_model.expected_s(image.shape)
        now_s += seconds[image.shape]
        ends.append(now_s)
    return ends


def expect(
    order: Sequence[WaitingImage], begun: Collection[str], cost_model: CostModel, running_left_s: float
) -> dict[str, Expected]:
    """Return what every waiting job can be told."""
    place = places(order, begun)
    found: dict[str, Expected] = {}
    start_s = running_left_s
    for position, (image, end_s) in enumerate(
        zip(order, ends_s(order, cost_model, running_left_s), strict=True)
    ):
        job_id = image.key.job_id
        known = found.get(job_id)
        if known is None:
            found[job_id] = Expected(place[job_id], position, start_s, end_s)
        else:
            found[job_id] = Expected(known.place, known.pictures_before, known.start_s, end_s)
        start_s = end_s
    return found
