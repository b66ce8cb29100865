"""Whether a job may join the queue, and whether its pictures are promised while its reply can be edited."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from kleinbot.domain.clock import MS_PER_S
from kleinbot.domain.errors import Code, Refusal
from kleinbot.domain.job import Lane, RelaxedReason, StartCertainty
from kleinbot.scheduler.cost import CostModel
from kleinbot.scheduler.entries import WaitingImage
from kleinbot.scheduler.forecast import ONE_ENGINE
from kleinbot.scheduler.queue import ImageQueue

_TOKEN_S = 15 * 60.0
"""How long an interaction's token lives (Discord's documentation, "Followup Messages")."""
_RETRY_MARGIN = 1.1
_RETRY_LATER_S = 5.0
"""A batch ends as a whole and is stored after that. A retry that comes too early is refused again."""


@dataclass(frozen=True)
class AdmissionLimits:
    """The most work, in pictures, that may wait and run at once.

    A full server refuses only members who already have their part of its limit, by their weights among its
    members with work. A full queue refuses only servers that have their part of its limit, by their shares.
    Otherwise one flood would close the queue to everybody until something is done. Both therefore grow
    beyond their limits while more members come, for the k-th by a k-th of the limit at most.

    ``token_member_cost``: the most that is promised to a member at once. ``token_s``: nothing is promised
    that is expected to end later than this, in seconds from now. ``deadline_s``: until when a promised
    picture must be made. The token lives for 15 minutes and is used until a minute before its end; another
    minute is left for storing, sending and batch mates.
    """

    token_member_cost: float = 16.0
    token_s: float = 8 * 60.0
    deadline_s: float = 13 * 60.0

    member_cost: float = 200.0
    server_cost: float = 1000.0
    queue_cost: float = 2000.0

    def deadline_ms(self, created_ms: int, token_dies_ms: int | None = None) -> int:
        """Return until when a picture that is promised at ``created_ms`` must be made, also after a restart.

        A token that expires sooner than usual, since something was downloaded first, brings it forward.
        """
        usual_ms = created_ms + round(self.deadline_s * MS_PER_S)
        if token_dies_ms is None:
            return usual_ms
        return min(usual_ms, token_dies_ms - round((_TOKEN_S - self.deadline_s) * MS_PER_S))


@dataclass(frozen=True)
class Admitted:
    """The images to submit, with their lane and deadline, and when they are expected, in seconds from now.

    ``certainty``: of those times. ``place``: what ``ImageQueue.place`` returns once they are submitted.
    ``relaxed_reason``: why nothing is promised.
    """

    images: tuple[WaitingImage, ...]
    lane: Lane
    place: int
    start_s: float
    end_s: float
    relaxed_reason: RelaxedReason | None = None
    certainty: StartCertainty = StartCertainty.STARTS


@dataclass(frozen=True)
class _Full:
    """A limit that is reached, and how long, in pictures, the engines draw until it no longer is."""

    code: Code
    limit: float
    outstanding: float
    wait: float


class Admission:
    """Judges jobs by what waits and runs in ``queue``; changes nothing there."""

    def __init__(self, queue: ImageQueue, cost_model: CostModel, limits: AdmissionLimits) -> None:
        self._queue = queue
        self._cost_model = cost_model
        self._limits = limits

    def admit(
        self,
        images: Sequence[WaitingImage],
        now_ms: int,
        token_dies_ms: int | None = None,
        engines: Sequence[int] = ONE_ENGINE,
        *,
        is_drawing: bool = True,
    ) -> Admitted:
        """Judge one job's images, which are one member's of one server.

        Their ``lane`` and ``deadline_ms`` are ignored; pass those of the result to ``ImageQueue.submit``.
        ``token_dies_ms``: when the reply can no longer be edited, where that is known. ``engines``: the
        numbers of those that share the work.

        Raises Refusal MEMBER_LINE_FULL, SERVER_LINE_FULL or LINE_FULL with the parameters ``retry_at_s``
        (Unix seconds; 0: unknown, since nothing ``is_drawing``), ``limit`` and ``outstanding`` (pictures). A
        member with nothing outstanding may add one job of any size where there is room: otherwise such a job
        could never run.
        """
        full = self._full(images, engines)
        if full is not None:
            raise self._refusal(full, now_ms if is_drawing else None)
        expected = self._queue.expected_with(images, self._cost_model, engines)
        relaxed_reason = self._why_unhurried(images, expected.end_s)
        lane = Lane.TOKEN if relaxed_reason is None else Lane.RELAXED
        deadline_ms = self._limits.deadline_ms(now_ms, token_dies_ms) if relaxed_reason is None else None
        return Admitted(
            tuple(replace(image, lane=lane, deadline_ms=deadline_ms) for image in images),
            lane,
            expected.place,
            expected.start_s,
            expected.end_s,
            relaxed_reason,
            expected.certainty,
        )

    def _refusal(self, full: _Full, now_ms: int | None) -> Refusal:
        retry_at_s = 0
        if now_ms is not None:
            wait_s = full.wait * self._cost_model.s_per_picture
            retry_at_s = math.ceil(now_ms / MS_PER_S + _RETRY_MARGIN * wait_s + _RETRY_LATER_S)
        return Refusal(
            full.code,
            retry_at_s=retry_at_s,
            limit=round(full.limit, 1),
            outstanding=round(full.outstanding, 1),
        )

    def _why_unhurried(self, images: Sequence[WaitingImage], end_s: float) -> RelaxedReason | None:
        asked = sum(image.cost for image in images)
        promised = self._queue.outstanding.cost(images[0].server_id, images[0].member_id, Lane.TOKEN)
        if promised + asked > self._limits.token_member_cost and (promised > 0 or len(images) > 1):
            return RelaxedReason.SHARE
        return RelaxedReason.LATE if end_s > self._limits.token_s else None

    def _full(self, images: Sequence[WaitingImage], engines: Sequence[int]) -> _Full | None:
        limits, outstanding = self._limits, self._queue.outstanding
        forecast = self._queue.forecast(engines)
        asked = sum(image.cost for image in images)
        server_id, member_id = images[0].server_id, images[0].member_id
        of_queue, of_server = outstanding.cost(), outstanding.cost(server_id)
        of_member = outstanding.cost(server_id, member_id)
        left_of_member = of_member + asked - self._queue.running_cost(server_id, member_id)
        left_of_server = of_server + asked - self._queue.running_cost(server_id)

        def of_members_excess(limit: float) -> float:
            return forecast.of_member(server_id, member_id, left_of_member - limit)

        def of_servers_excess(limit: float) -> float:
            return forecast.of_server(server_id, left_of_server - limit)

        if of_member > 0 and of_member + asked > limits.member_cost:
            wait = of_members_excess(limits.member_cost)
            return _Full(Code.MEMBER_LINE_FULL, limits.member_cost, of_member, wait)
        part = limits.server_cost * outstanding.part(server_id, member_id)
        if of_server > 0 and of_server + asked > limits.server_cost and of_member + asked > part:
            wait = min(of_servers_excess(limits.server_cost), of_members_excess(part))
            return _Full(Code.SERVER_LINE_FULL, limits.server_cost, of_server, wait)
        part = limits.queue_cost * outstanding.part(server_id)
        if of_queue > 0 and of_queue + asked > limits.queue_cost and of_server + asked > part:
            excess = forecast.of_all(of_queue + asked - limits.queue_cost)
            return _Full(Code.LINE_FULL, limits.queue_cost, of_queue, min(excess, of_servers_excess(part)))
        return None
