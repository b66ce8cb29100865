"""Checks whether a process that reads members' pictures can be started here."""

import asyncio
import sys

from kleinbot.doctor.findings import Finding, Topic, ok, warning
from kleinbot.domain.clock import SystemClock
from kleinbot.domain.errors import Refusal
from kleinbot.domain.pictures import Pixels
from kleinbot.images.intake.intake import Intake, IntakeLimits
from kleinbot.images.labelled import encode_reference
from kleinbot.images.limits import MIB

_SIDE_PX = 64


def reads_pictures() -> bool:
    """Start such a process and have it read a small picture. Call it where no event loop runs."""
    return asyncio.run(_reads())


def finding(reads: bool) -> Finding:
    if reads:
        return ok(Topic.INTAKE, "doctor-intake", most_mib=IntakeLimits().memory_bytes // MIB)
    return warning(Topic.INTAKE, "doctor-intake-away", python=sys.executable)


async def _reads() -> bool:
    grey = encode_reference(Pixels(_SIDE_PX, _SIDE_PX, b"\x80" * (3 * _SIDE_PX * _SIDE_PX)))
    intake = Intake(SystemClock())
    try:
        await intake.read_reference(grey, 0)
    except Refusal:
        return False
    else:
        return True
    finally:
        await intake.close()
