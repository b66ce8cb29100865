"""Whether a job may join the line, and in which lane."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from kleinbot.domain.clock import MS_PER_S
from kleinbot.domain.errors import Code, Refusal
from kleinbot.domain.job import Lane, Unhurried
from kleinbot.queueing.cost import PICTURE, CostModel
from kleinbot.queueing.forecast import ends_s
from kleinbot.queueing.line import Line
from kleinbot.queueing.waiting import WaitingImage

_TOKEN_S = 15 * 60.0
"""How long an interaction's token lives (Discord's documentation, "Followup Messages")."""
_RETRY_MARGIN = 1.1
_RETRY_LATER_S = 5.0
"""A batch ends as a whole and is stored after that: whoever is told a moment too early is refused twice."""


@dataclass(frozen=True)
class AdmissionLimits:
    """The most work, in pictures, that may wait and run at once.

    ``token_member_cost``: a member's share of the token lane; what is over it goes to the relaxed lane,
    but a single image never is. Without it floods would cost the others their places (test_simulation).
    ``newcomers_share``: of the server's and the line's limit, this much is left to members who have nothing
    outstanding. Without it a few floods would close the line to all others until something is done.
    ``token_s``: what is expected to end later than this, in seconds from now, goes there too.
    ``deadline_s``: when a promised picture must be made; the token lives for 15 minutes and is used until a
    minute before that. Another minute is for what storing and sending take, and for batch mates.
    """

    token_member_cost: float = 16.0
    token_s: float = 8 * 60.0
    deadline_s: float = 13 * 60.0

    member_cost: float = 200.0
    server_cost: float = 1000.0
    line_cost: float = 2000.0
    newcomers_share: float = 0.2

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

    ``place`` as ``Line.place`` will tell once they are submitted; ``unhurried``: why it is the relaxed lane.
    """

    images: tuple[WaitingImage, ...]
    lane: Lane
    place: int
    start_s: float
    end_s: float
    unhurried: Unhurried | None = None


@dataclass(frozen=True)
class _Scope:
    """A member of a server, a server, or the whole line."""

    server_id: int | None = None
    member_id: int | None = None

    def holds(self, image: WaitingImage) -> bool:
        return self.server_id in (None, image.server_id) and self.member_id in (None, image.member_id)

    def outstanding_cost(self, line: Line, lane: Lane | None = None) -> float:
        return line.outstanding_cost(server_id=self.server_id, member_id=self.member_id, lane=lane)


def admit(
    images: Sequence[WaitingImage],
    line: Line,
    limits: AdmissionLimits,
    cost_model: CostModel,
    now_ms: int,
    running_left_s: float = 0.0,
    token_dies_ms: int | None = None,
    *,
    is_drawing: bool = True,
) -> Admitted | Refusal:
    """Judge one job's images (one server, one member), leaving ``line`` as it is.

    Returns a Refusal with MEMBER_LINE_FULL, SERVER_LINE_FULL or LINE_FULL and the parameters
    ``retry_at_s`` (Unix seconds; 0: nobody knows, since nothing ``is_drawing``), ``limit`` and
    ``outstanding`` (pictures). Whoever has nothing outstanding is let in with one job, however large: else
    it could never run. Of ``images`` the ``lane`` and ``deadline_ms`` are ignored; pass those of the result
    to ``Line.submit``. ``token_dies_ms``: when the reply can no longer be edited, where that is known.
    """
    asked = sum(image.cost for image in images)
    member = _Scope(images[0].server_id, images[0].member_id)
    shared = 1.0 if member.outstanding_cost(line) == 0 else 1.0 - limits.newcomers_share
    for code, limit, scope in (
        (Code.MEMBER_LINE_FULL, limits.member_cost, member),
        (Code.SERVER_LINE_FULL, shared * limits.server_cost, _Scope(member.server_id)),
        (Code.LINE_FULL, shared * limits.line_cost, _Scope()),
    ):
        outstanding = scope.outstanding_cost(line)
        if outstanding > 0 and outstanding + asked > limit:
            retry_at_s = 0
            if is_drawing:
                wait_s = _wait_s(line, cost_model, running_left_s, scope, outstanding + asked - limit)
                retry_at_s = math.ceil(now_ms / MS_PER_S + _RETRY_MARGIN * wait_s + _RETRY_LATER_S)
            return Refusal(
                code, retry_at_s=retry_at_s, limit=round(limit, 1), outstanding=round(outstanding, 1)
            )
    token_cost = member.outstanding_cost(line, Lane.TOKEN)
    is_single = token_cost == 0 and len(images) == 1
    if is_single or token_cost + asked <= limits.token_member_cost:
        promised = _in_lane(images, Lane.TOKEN, limits.deadline_ms(now_ms, token_dies_ms))
        admitted = _judge(promised, line, cost_model, running_left_s)
        if admitted.end_s <= limits.token_s:
            return admitted
        unhurried = Unhurried.LATE
    else:
        unhurried = Unhurried.SHARE
    relaxed = _judge(_in_lane(images, Lane.RELAXED, None), line, cost_model, running_left_s)
    return replace(relaxed, unhurried=unhurried)


def _in_lane(images: Sequence[WaitingImage], lane: Lane, deadline_ms: int | None) -> tuple[WaitingImage, ...]:
    return tuple(replace(image, lane=lane, deadline_ms=deadline_ms) for image in images)


def _judge(
    images: tuple[WaitingImage, ...], line: Line, cost_model: CostModel, running_left_s: float
) -> Admitted:
    told = line.expected_with(images, cost_model, running_left_s)
    return Admitted(images, images[0].lane, told.place, told.start_s, told.end_s)


def _wait_s(line: Line, cost_model: CostModel, running_left_s: float, scope: _Scope, excess: float) -> float:
    """Return in how many seconds ``excess`` pictures of the work in ``scope`` will be done."""
    excess -= sum(image.cost for image in line.running if scope.holds(image))
    if excess <= 0:
        return running_left_s
    order = line.order()
    for image, end_s in zip(order, ends_s(order, cost_model, running_left_s), strict=True):
        excess -= image.cost if scope.holds(image) else 0.0
        if excess <= 0:
            return end_s
    return running_left_s + cost_model.expected_s(PICTURE) * excess
