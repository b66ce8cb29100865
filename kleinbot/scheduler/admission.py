"""Whether a job may join the line, and whether its pictures are promised for its reply."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from kleinbot.domain.clock import MS_PER_S
from kleinbot.domain.errors import Code, Refusal
from kleinbot.domain.job import Lane, RelaxedReason, Told
from kleinbot.scheduler.cost import CostModel
from kleinbot.scheduler.entries import WaitingImage
from kleinbot.scheduler.queue import ImageQueue

_TOKEN_S = 15 * 60.0
"""How long an interaction's token lives (Discord's documentation, "Followup Messages")."""
_RETRY_MARGIN = 1.1
_RETRY_LATER_S = 5.0
"""A batch ends as a whole and is stored after that: whoever is told a moment too early is refused twice."""


@dataclass(frozen=True)
class AdmissionLimits:
    """The most work, in pictures, that may wait and run at once.

    A full server refuses only members who have their part of its limit already, by their weights among its
    members with work; a full line only servers that have their part of the line's, by their shares. Floods
    would else close it to all others until something is done. So both grow beyond their limits where ever
    more come, the k-th by a k-th of the limit at most.

    ``token_member_cost``: what is promised to a member at once. ``token_s``: nothing is promised that is
    expected to end later than this, in seconds from now. ``deadline_s``: when a promised picture must be
    made; the token lives for 15 minutes and is used until a minute before that. Another minute is for what
    storing and sending take, and for batch mates.
    """

    token_member_cost: float = 16.0
    token_s: float = 8 * 60.0
    deadline_s: float = 13 * 60.0

    member_cost: float = 200.0
    server_cost: float = 1000.0
    queue_cost: float = 2000.0

    def deadline_ms(self, created_ms: int, token_dies_ms: int | None = None) -> int:
        """Return by when a picture that is promised at ``created_ms`` must be made; the same after a restart.

        A token that dies sooner than usual, since something was fetched first, brings it forward.
        """
        usual_ms = created_ms + round(self.deadline_s * MS_PER_S)
        if token_dies_ms is None:
            return usual_ms
        return min(usual_ms, token_dies_ms - round((_TOKEN_S - self.deadline_s) * MS_PER_S))


@dataclass(frozen=True)
class Admitted:
    """The images to submit, with their lane and deadline, and when they are expected, in seconds from now.

    ``told``: how sure that is. ``place``: what ``ImageQueue.place`` returns once they are submitted.
    ``unhurried``: why nothing is promised.
    """

    images: tuple[WaitingImage, ...]
    lane: Lane
    place: int
    start_s: float
    end_s: float
    unhurried: RelaxedReason | None = None
    told: Told = Told.STARTS


def admit(
    images: Sequence[WaitingImage],
    queue: ImageQueue,
    limits: AdmissionLimits,
    cost_model: CostModel,
    now_ms: int,
    token_dies_ms: int | None = None,
    *,
    is_drawing: bool = True,
) -> Admitted | Refusal:
    """Judge one job's images (one server, one member), leaving ``line`` as it is.

    Returns a Refusal with MEMBER_LINE_FULL, SERVER_LINE_FULL or LINE_FULL and the parameters
    ``retry_at_s`` (Unix seconds; 0: nobody knows, since nothing ``is_drawing``), ``limit`` and
    ``outstanding`` (pictures). Whoever has nothing outstanding is let in with one job, however large, where
    there is room: else it could never run. Of ``images`` the ``lane`` and ``deadline_ms`` are ignored; pass
    those of the result to ``ImageQueue.submit``. ``token_dies_ms``: when the reply can no longer be edited,
    where that is known.
    """
    full = _full(images, queue, limits)
    if full is not None:
        retry_at_s = 0
        if is_drawing:
            wait_s = full.wait_cost * cost_model.s_per_picture
            retry_at_s = math.ceil(now_ms / MS_PER_S + _RETRY_MARGIN * wait_s + _RETRY_LATER_S)
        told = {"limit": round(full.limit, 1), "outstanding": round(full.outstanding, 1)}
        return Refusal(full.code, retry_at_s=retry_at_s, **told)
    expected = queue.expected_with(images, cost_model)
    asked = sum(image.cost for image in images)
    token_cost = queue.outstanding.cost(images[0].server_id, images[0].member_id, Lane.TOKEN)
    unhurried = None
    if token_cost + asked > limits.token_member_cost and (token_cost > 0 or len(images) > 1):
        unhurried = RelaxedReason.SHARE
    elif expected.end_s > limits.token_s:
        unhurried = RelaxedReason.LATE
    lane = Lane.TOKEN if unhurried is None else Lane.RELAXED
    deadline_ms = limits.deadline_ms(now_ms, token_dies_ms) if unhurried is None else None
    return Admitted(
        tuple(replace(image, lane=lane, deadline_ms=deadline_ms) for image in images),
        lane,
        expected.place,
        expected.start_s,
        expected.end_s,
        unhurried,
        expected.told,
    )


@dataclass(frozen=True)
class _Full:
    """Whose limit stands in the way, and what must be drawn, in pictures, until it does not."""

    code: Code
    limit: float
    outstanding: float
    wait_cost: float


def _full(images: Sequence[WaitingImage], queue: ImageQueue, limits: AdmissionLimits) -> _Full | None:
    asked = sum(image.cost for image in images)
    server_id, member_id = images[0].server_id, images[0].member_id
    outstanding, forecast = queue.outstanding, queue.forecast
    of_queue, of_server = outstanding.cost(), outstanding.cost(server_id)
    of_member = outstanding.cost(server_id, member_id)
    left_of_member = of_member + asked - queue.running_cost(server_id, member_id)
    left_of_server = of_server + asked - queue.running_cost(server_id)

    def of_members_excess(limit: float) -> float:
        return forecast.of_member(server_id, member_id, left_of_member - limit)

    def of_servers_excess(limit: float) -> float:
        return forecast.of_server(server_id, left_of_server - limit)

    if of_member > 0 and of_member + asked > limits.member_cost:
        wait_cost = of_members_excess(limits.member_cost)
        return _Full(Code.MEMBER_LINE_FULL, limits.member_cost, of_member, wait_cost)
    part = limits.server_cost * outstanding.part(server_id, member_id)
    if of_server > 0 and of_server + asked > limits.server_cost and of_member + asked > part:
        wait_cost = min(of_servers_excess(limits.server_cost), of_members_excess(part))
        return _Full(Code.SERVER_LINE_FULL, limits.server_cost, of_server, wait_cost)
    part = limits.queue_cost * outstanding.part(server_id)
    if of_queue > 0 and of_queue + asked > limits.queue_cost and of_server + asked > part:
        wait_cost = min(of_queue + asked - limits.queue_cost, of_servers_excess(part))
        return _Full(Code.LINE_FULL, limits.queue_cost, of_queue, wait_cost)
    return None
