"""Short ways to say what waits."""

from collections.abc import Sequence

from kleinbot.domain.errors import Refusal
from kleinbot.domain.geometry import Grid
from kleinbot.domain.job import Lane
from kleinbot.domain.job_spec import ImageKey
from kleinbot.scheduler.admission import Admission, AdmissionLimits, Admitted
from kleinbot.scheduler.cost import PICTURE, CostModel, cost
from kleinbot.scheduler.entries import Shape, WaitingImage
from kleinbot.scheduler.queue import ImageQueue

SMALL = Shape(Grid(32, 32), steps=4)
EDIT = Shape(Grid(64, 64), steps=4, references=(Grid(64, 64),) * 4)


def job(
    job_id: str,
    member_id: int,
    count: int = 1,
    *,
    server_id: int = 1,
    shape: Shape = PICTURE,
    deadline_ms: int | None = None,
    lane: Lane = Lane.TOKEN,
    alone: bool = False,
) -> tuple[WaitingImage, ...]:
    return tuple(
        WaitingImage(
            ImageKey(job_id, position),
            server_id,
            member_id,
            shape,
            cost(shape),
            deadline_ms,
            lane,
            alone,
        )
        for position in range(count)
    )


def judged(
    images: Sequence[WaitingImage],
    queue: ImageQueue,
    limits: AdmissionLimits,
    cost_model: CostModel,
    now_ms: int,
) -> Admitted | Refusal:
    """Return what admission says of a job, a refusal too."""
    try:
        return Admission(queue, cost_model, limits).admit(images, now_ms)
    except Refusal as refusal:
        return refusal


class Shares:
    """Weights as a test wants them; 1 where it says nothing."""

    def __init__(
        self, shares: dict[int, float] | None = None, weights: dict[int, float] | None = None
    ) -> None:
        self._shares = shares or {}
        self._weights = weights or {}

    def share(self, server_id: int) -> float:
        return self._shares.get(server_id, 1.0)

    def weight(self, server_id: int, member_id: int) -> float:
        del server_id
        return self._weights.get(member_id, 1.0)
