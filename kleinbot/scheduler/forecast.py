"""When the line will run what, if nobody else comes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from kleinbot.domain.job import Told
from kleinbot.scheduler.accounts import TOLERANCE, Charge
from kleinbot.scheduler.entries import WaitingImage
from kleinbot.scheduler.fair import FairOrder
from kleinbot.scheduler.start_tag_order import Turn

_MOST_OVERTAKING = 1 / 3
"""Where more of what is drawn came later, what is told would move by more than half."""

_LATEST_TIMES = 1.5


@dataclass(frozen=True)
class Expected:
    """What a waiting job can be told.

    ``place``: "#3 in line" when two jobs will start before it; 0 where a picture of it has begun. ``start_s``
    and ``end_s``: seconds from now until its first waiting picture starts and its last is made, as ``told``.
    """

    place: int
    start_s: float
    end_s: float
    told: Told = Told.STARTS


@dataclass(eq=False)
class RunningBatch:
    """A batch between its start and its end, on the card or resting beside it.

    ``fraction_done``: of its steps. ``used_cost``: what each of its images has had of the card so far.
    """

    charges: list[Charge]
    fraction_done: float = 0.0
    used_cost: float = 0.0

    @property
    def cost(self) -> float:
        return sum(charge.image.cost for charge in self.charges)

    @property
    def left_cost(self) -> float:
        return self.cost * (1 - self.fraction_done)

    @property
    def used(self) -> float:
        """What part of its charge it has used; more than 1 where that was too little."""
        return self.used_cost * len(self.charges) / self.cost

    def used_when_due(self, turn: Turn, reach: int) -> float:
        """Return what part of its charge the batch may use until ``turn`` is due before it.

        That is when each of its members has been charged more than the member of ``turn`` by more than δ, or
        its server where that is another one. ``reach``: the tag of ``turn`` among the servers. A member
        never passes itself.
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
        """Return the pictures' worth of it that is drawn before ``turn``.

        It yields between two steps, on average half a one later. Who takes longer than what is left of it
        waits for its end.
        """
        if turn.image.cost > self.left_cost:
            return self.left_cost
        steps = self.charges[0].image.shape.steps
        until_due = max(0.0, self.used_when_due(turn, reach) - self.used) * steps
        if until_due >= steps:
            return self.left_cost
        return min(self.left_cost, (until_due + 0.5) / steps * self.cost)


class Overtaking:
    """Which part of what is drawn was admitted later than what waits: lately, and of what waits longest."""

    _PICTURES = 200.0
    _MOST = 0.9

    def __init__(self) -> None:
        self.part = 0.0

    def note(self, oldest: int, started: Iterable[WaitingImage]) -> None:
        """Note what starts; ``oldest``: the admission number of what has waited longest until now."""
        for image in started:
            weight = min(1.0, image.cost / self._PICTURES)
            self.part += weight * (self._MOST * (image.number > oldest) - self.part)


@dataclass
class Forecast:
    """What is begun, in the order of starting, and what waits. ``overtaking``: as ``Overtaking.part``."""

    order: FairOrder
    begun: Sequence[RunningBatch] = field(default=())
    overtaking: float = 0.0

    def until(self, turn: Turn, own_units: int = 0) -> tuple[int, float]:
        """Return how many jobs begin before ``turn`` and the pictures' worth that is drawn before it.

        Only one batch rests at a time: what runs beside it yields to nobody.
        """
        jobs, cost, reach = self.order.ahead(turn, own_units)
        resting_cost = 0.0
        for number, batch in enumerate(self.begun):
            before = batch.left_cost if number else batch.cost_before(turn, reach)
            resting_cost = max(resting_cost, batch.left_cost - before)
            cost += before
        cost -= self.order.passed(turn, reach, resting_cost)
        if not turn.is_allowed:
            cost /= 1 - self.overtaking
        return jobs, cost

    def of_job(self, turns: Sequence[Turn], s_per_picture: float) -> Expected:
        """Return what a job whose waiting images have ``turns`` can be told."""
        first, last = turns[0], turns[-1]
        jobs, start_cost = self.until(first)
        place = 0 if self.order.begun[first.image.key.job_id] else jobs + 1
        end_cost = start_cost if last is first else self.until(last)[1]
        return self._expected(place, first, start_cost, end_cost + last.image.cost, s_per_picture)

    def of_new(self, images: Sequence[WaitingImage], s_per_picture: float) -> Expected:
        """Return what a job could be told once it is in line."""
        turns = self.order.turns_of_next(images)
        jobs, start_cost = self.until(turns[0])
        end_cost = start_cost
        if len(turns) > 1:
            own_units = sum(turn.server_units for turn in turns[:-1])
            end_cost = self.until(turns[-1], own_units)[1] + sum(image.cost for image in images[:-1])
        return self._expected(jobs + 1, turns[0], start_cost, end_cost + images[-1].cost, s_per_picture)

    def _expected(
        self, place: int, first: Turn, start_cost: float, end_cost: float, s_per_picture: float
    ) -> Expected:
        """Tell a time that whoever comes later can move only for as long as few of them do."""
        start_s, end_s = start_cost * s_per_picture, end_cost * s_per_picture
        if first.is_allowed or not start_cost:
            return Expected(place, start_s, end_s)
        told = Told.LATEST if self.overtaking <= _MOST_OVERTAKING else Told.LATER
        return Expected(place, _LATEST_TIMES * start_s, end_s, told)

    def of_member(self, server_id: int, member_id: int, excess: float) -> float:
        """Return what is drawn until ``excess`` pictures of a member's work are done, in pictures."""
        if excess <= 0:
            return self.left_cost
        for turn in self.order.queue(server_id, member_id):
            excess -= turn.image.cost
            if excess <= 0:
                return self.until(turn)[1] + turn.image.cost
        return self.left_cost + excess

    def of_server(self, server_id: int, excess: float) -> float:
        """Return what is drawn until ``excess`` pictures of a server's work are done, in pictures."""
        server = self.order.servers.get(server_id)
        if excess <= 0 or server is None:
            return self.left_cost
        reach = server.finish + self.order.units_of_server(server_id, excess)
        return self.left_cost + excess + self.order.others_within(server_id, reach, (0, 0))[1]

    @property
    def left_cost(self) -> float:
        return sum(batch.left_cost for batch in self.begun)
