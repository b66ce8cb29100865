"""What a member pays who cancels a job that is being drawn: from the second in an hour on, the part used.

Else whoever cancels each picture just before its end has their part of the card for nothing. The card is one,
so the hour is a person's over all servers.
"""

from collections.abc import Mapping
from fractions import Fraction

from kleinbot.domain.clock import HOUR_MS
from kleinbot.domain.job import ImageState, Job
from kleinbot.store import jobs
from kleinbot.store.database import Reader
from kleinbot.store.stamps import AHEAD_MS

FREE_EVERY_MS = HOUR_MS


async def used_tenths(
    reader: Reader, job: Job, parts: Mapping[int, Fraction], now_ms: int
) -> dict[int, int] | None:
    """Return what is to be paid of the images of ``job`` that are begun; None where none is.

    ``parts``: what the card has used of them. Rounded down to tenths. What a clock that was ahead has stamped
    does not count.
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
