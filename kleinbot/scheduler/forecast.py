"""When the engines will run what, if nobody else asks for anything."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

from kleinbot.domain.job import StartCertainty
from kleinbot.scheduler.accounts import TOLERANCE, UNITS_PER_PICTURE, Charge
from kleinbot.scheduler.entries import Order, WaitingImage
from kleinbot.scheduler.fair import FairOrder
from kleinbot.scheduler.start_tag_order import NOTHING, Turn

_MOST_OVERTAKING = 1 / 3
"""Where a larger part of what is drawn was admitted later, a told time would move by more than half."""

_LATEST_TIMES = 1.5

_MOST_LONG = 40
"""A forecast looks at this many long images; further ones are treated as short ones."""

ONE_ENGINE = (0,)


@dataclass(frozen=True)
class Expected:
    """What a waiting job can be told.

    ``place``: 3 when two jobs will start before it; 0 where one of its images has begun. ``start_s``
    and ``end_s``: seconds from now until its first waiting image starts and its last is finished, with
    ``certainty``.
    """

    place: int
    start_s: float
    end_s: float
    certainty: StartCertainty = StartCertainty.STARTS


@dataclass(eq=False)
class RunningBatch:
    """A batch between its start and its end, on its engine's GPU or resting beside it.

    ``fraction_done``: of its steps. ``used_cost``: what each of its images has used of the GPU so far.
    ``passed_cost``: the work that has been let past it so far. Costs are in pictures.
    """

    charges: list[Charge]
    engine: int = 0
    fraction_done: float = 0.0
    used_cost: float = 0.0
    passed_cost: float = 0.0

    @property
    def cost(self) -> float:
        return sum(charge.image.cost for charge in self.charges)

    @property
    def left_cost(self) -> float:
        return self.cost * (1 - self.fraction_done)

    @property
    def used(self) -> float:
        """The part of its charge that it has used; more than 1 where the charge was too low."""
        return self.used_cost * len(self.charges) / self.cost

    def used_when_due(self, turn: Turn, reach: int) -> float:
        """Return what part of its charge the batch may use until ``turn`` is due before it.

        ``turn`` is due once each member of the batch has been charged more than the member of ``turn``, by
        more than δ; between servers, the servers' charges count. ``reach``: the tag of ``turn`` among the
        servers. A member never passes itself.
        """
        return max(self._used_when_due(turn, reach, charge) for charge in self.charges)

    def _used_when_due(self, turn: Turn, reach: int, charge: Charge) -> float:
        image = charge.image
        if image.server_id != turn.image.server_id:
            same = [each for each in self.charges if each.image.server_id == image.server_id]
            start, total = min(c.server_start for c in same), sum(c.server_units for c in same)
            return (reach + TOLERANCE - start) / total
        if image.member_id == turn.image.member_id:
            return float("inf")
        owner = (image.server_id, image.member_id)
        same = [each for each in self.charges if (each.image.server_id, each.image.member_id) == owner]
        start, total = min(c.member_start for c in same), sum(c.member_units for c in same)
        return (turn.account + TOLERANCE - start) / total

    def cost_before(self, turn: Turn, reach: int) -> float:
        """Return how much of the batch is drawn before ``turn``, in pictures.

        The batch yields between two steps, on average half a step late. It does not yield to an image that
        takes longer than the rest of the batch.
        """
        if turn.image.cost > self.left_cost:
            return self.left_cost
        steps = self.charges[0].image.shape.steps
        until_due = max(0.0, self.used_when_due(turn, reach) - self.used) * steps
        if until_due >= steps:
            return self.left_cost
        return min(self.left_cost, (until_due + 0.5) / steps * self.cost)


class Overtaking:
    """The part of recently drawn work that was admitted later than the image that has waited longest."""

    _PICTURES = 200.0
    _MOST = 0.9

    def __init__(self) -> None:
        self.part = 0.0

    def note(self, oldest: int, started: Iterable[WaitingImage]) -> None:
        """Note the images that start. ``oldest``: the admission number of the longest-waiting image."""
        for image in started:
            weight = min(1.0, image.cost / self._PICTURES)
            self.part += weight * (self._MOST * (image.number > oldest) - self.part)


@dataclass
class Forecast:
    """Answers for the images in ``order`` while the batches ``begun`` are still running.

    ``engines``: the numbers of the engines that share the work. They count as equally fast. Every time that
    is returned is in pictures: the seconds that one engine needs for them. ``overtaking``: as
    ``Overtaking.part``.
    """

    order: FairOrder
    begun: Sequence[RunningBatch] = ()
    overtaking: float = 0.0
    engines: Sequence[int] = ONE_ENGINE

    def until(self, turn: Turn, own_units: int = 0) -> tuple[int, float]:
        """Return how many jobs begin before ``turn``, and after which time it starts.

        Only one batch rests beside an engine at a time, so whatever else has begun there yields to nobody.
        """
        jobs, cost, reach = self._ahead(turn, own_units)
        resting_cost = 0.0
        busy = dict.fromkeys(self.engines, 0.0)
        seen: set[int] = set()
        for batch in self.begun:
            before = batch.left_cost if batch.engine in seen else batch.cost_before(turn, reach)
            seen.add(batch.engine)
            resting_cost = max(resting_cost, batch.left_cost - before)
            if batch.engine in busy:
                busy[batch.engine] += before
        time = drawn_after(busy.values(), cost)
        time -= self._passed(turn, reach, resting_cost) / len(busy)
        if not turn.is_allowed:
            time /= 1 - self.overtaking
        return jobs, time if len(busy) == 1 else max(0.0, time)

    def of_job(self, turns: Sequence[Turn], s_per_picture: float) -> Expected:
        """Return what can be told about a job whose waiting images have ``turns``."""
        first, last = turns[0], turns[-1]
        jobs, start = self.until(first)
        place = 0 if self.order.begun[first.image.key.job_id] else jobs + 1
        end = start if last is first else self.until(last)[1]
        return self._expected(place, first, start, end + last.image.cost, s_per_picture)

    def of_new(self, images: Sequence[WaitingImage], s_per_picture: float) -> Expected:
        """Return what could be told about a job once it is in the queue."""
        turns = self.order.turns_of_next(images)
        jobs, start = self.until(turns[0])
        end = start
        if len(turns) > 1:
            own_units = sum(turn.server_units for turn in turns[:-1])
            rounds = (len(images) - 1) // len(self.engines)
            end = self.until(turns[-1], own_units)[1] + sum(image.cost for image in images[:rounds])
        return self._expected(jobs + 1, turns[0], start, end + images[-1].cost, s_per_picture)

    def _expected(self, place: int, first: Turn, start: float, end: float, s_per_picture: float) -> Expected:
        """Tell a time only as firmly as jobs that are admitted later leave it where it is."""
        start_s, end_s = start * s_per_picture, end * s_per_picture
        if first.is_allowed or not start:
            return Expected(place, start_s, end_s)
        certainty = StartCertainty.LATEST if self.overtaking <= _MOST_OVERTAKING else StartCertainty.LATER
        return Expected(place, _LATEST_TIMES * start_s, end_s, certainty)

    def of_member(self, server_id: int, member_id: int, excess: float) -> float:
        """Return after which time ``excess`` pictures of a member's work are done."""
        if excess <= 0:
            return self.left
        for turn in self.order.queue(server_id, member_id):
            excess -= turn.image.cost
            if excess <= 0:
                return self.until(turn)[1] + turn.image.cost
        return self.left + self.of_all(excess)

    def of_server(self, server_id: int, excess: float) -> float:
        """Return after which time ``excess`` pictures of a server's work are done."""
        server = self.order.servers.get(server_id)
        if excess <= 0 or server is None:
            return self.left
        reach = server.finish + self.order.units_of_server(server_id, excess)
        others = self._others_within(server_id, reach, (0, 0))[1]
        return drawn_after(self._left_of_engines(), excess + others)

    def of_all(self, cost: float) -> float:
        """Return how long all engines together take for ``cost`` pictures."""
        return cost / len(self.engines)

    @property
    def left(self) -> float:
        """The time until every batch that has begun is done."""
        return max(self._left_of_engines())

    def _left_of_engines(self) -> list[float]:
        left = dict.fromkeys(self.engines, 0.0)
        for batch in self.begun:
            if batch.engine in left:
                left[batch.engine] += batch.left_cost
        return list(left.values())

    def _ahead(self, turn: Turn, own_units: int) -> tuple[int, float, int]:
        """Return how many jobs begin before ``turn``, the cost that starts before it, and its reach.

        The reach is the virtual time among the servers at which it starts. ``turn`` need not be in the queue.
        ``own_units``: what its server is charged before it, beyond what is in the queue.
        """
        order, image = self.order, turn.image
        finish, _ = order.lifted(image)
        server = order.servers.get(image.server_id)
        before = NOTHING if server is None else server.turns.before(turn)
        reach = finish + before.server_units + own_units
        others_jobs, others_cost = self._others_within(image.server_id, reach, turn.order)
        cost = order.cost_of_units(image.server_id, before.server_units) + others_cost
        return before.jobs + others_jobs, cost, reach

    def _others_within(self, server_id: int, reach: int, order: Order) -> tuple[int, float]:
        """Return the jobs that begin, and the cost that starts, in other servers up to ``reach``."""
        jobs, cost = 0, 0.0
        for server in self.order.servers_due(reach):
            if server.server_id != server_id:
                found = server.turns.within(reach - server.finish, order)
                jobs += found.jobs
                cost += self.order.cost_of_units(server.server_id, found.server_units)
        return jobs, cost

    def _passed(self, turn: Turn, reach: int, resting_cost: float) -> float:
        """Return the cost of the images whose tags come before ``turn``, and which yet let it pass.

        Of the long images only the first is begun. It is drawn until others are due before it, and then it
        rests. Meanwhile images pass that take no longer than the rest of it; longer ones wait for its end.
        ``resting_cost``: the rest of the batch that has begun, 0 where none has.
        """
        passed = 0.0
        due = ((server, each) for server in self.order.servers_due(reach) for each in server.long)
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
            used += gap * self.order.weights.weight(image.server_id, image.member_id)
        else:
            starts = self.order.servers[image.server_id].turns.before(each).server_units
            if (starts, each.order) > (units, turn.order):
                return False
        return image.cost - max(0.0, used) >= turn.image.cost


def drawn_after(busy: Iterable[float], cost: float) -> float:
    """Return when engines that are busy for the times ``busy`` have drawn ``cost`` pictures more.

    Each engine takes the next image once it is free, so all of them end at about the same time.
    """
    ordered = sorted(busy)
    total = cost
    for number, time in enumerate(ordered, 1):
        total += time
        if number == len(ordered) or total <= number * ordered[number]:
            return total / number
    raise ValueError("there are no engines")
