"""The charge for cancelling a job that is being rendered: the used part, from the second one in an hour.

Otherwise a member who cancels each picture just before its end would use the GPU for free. The servers share
the GPU, so the hour counts per person over all servers.
"""

from collections.abc import Mapping
from fractions import Fraction

from kleinbot.domain.clock import HOUR_MS
from kleinbot.domain.job import ImageState, Job
from kleinbot.store.clock_repair import AHEAD_MS
from kleinbot.store.database import Reader
from kleinbot.store.jobs import jobs

FREE_EVERY_MS = HOUR_MS


async def used_tenths(
    reader: Reader, job: Job, parts: Mapping[int, Fraction], now_ms: int
) -> dict[int, int] | None:
    """Return the charge for each started image of ``job``, by position; None if none is started.

    ``parts``: the fraction of each image that is rendered. Charges are rounded down to tenths. Cancellations
    stamped while the clock was ahead do not count.
    """
    begun = {
        image.key.position: parts[image.key.position]
        for image in job.images
        if image.state is ImageState.RUNNING and parts.get(image.key.position, 0) > 0
    }
    if not begun:
        return None
    if not await jobs.has_cancelled_late(reader, job.member_id, now_ms - FREE_EVERY_MS, now_ms + AHEAD_MS):
        return dict.fromkeys(begun, 0)
    return {position: int(part * job.price_tenths) for position, part in begun.items()}
