"""Brings the engine up, and tries again where waiting may help."""

import logging

from kleinbot.domain.clock import Clock
from kleinbot.domain.errors import Code, StartError
from kleinbot.engine.protocol import Engine
from kleinbot.texts import Texts

_log = logging.getLogger(__name__)

FIRST_RETRY_S = 5.0
LONGEST_RETRY_S = 600.0

PASSING = frozenset({Code.WEIGHTS_UNREACHABLE, Code.START_OUT_OF_MEMORY})
"""What may be over in a while by itself: no network, a game that holds the card's memory."""


async def started(engine: Engine, clock: Clock) -> bool:
    """Start ``engine``; False where that cannot be. Waiting jobs keep their places meanwhile."""
    pause_s = FIRST_RETRY_S
    while True:
        try:
            await engine.start()
        except StartError as error:
            _log.error("%s", Texts().error(error))
            if error.code not in PASSING:
                return False
        else:
            return True
        await clock.sleep(pause_s)
        pause_s = min(2 * pause_s, LONGEST_RETRY_S)
