"""Short ways to say what waits."""

from kleinbot.domain.geometry import Grid
from kleinbot.domain.job import Lane
from kleinbot.domain.job_spec import ImageKey
from kleinbot.scheduler.cost import PICTURE, cost
from kleinbot.scheduler.entries import Shape, WaitingImage

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
