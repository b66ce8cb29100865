"""Checks that the installed diffusers supports Klein, without importing it. Imports no torch."""

import re
from collections.abc import Callable
from importlib.metadata import version

from kleinbot.domain.errors import Code, StartError

DIFFUSERS_NEEDED = "0.42.1"
"""Klein's classes came with 0.37; this is the first version with which our stages are bit-equal."""


def check_libraries(installed: Callable[[str], str] = version) -> None:
    """Raise StartError DIFFUSERS_TOO_OLD (found, wanted) before a nested import fails."""
    found = installed("diffusers")
    if _numbers(found) < _numbers(DIFFUSERS_NEEDED):
        raise StartError(Code.DIFFUSERS_TOO_OLD, found=found, wanted=DIFFUSERS_NEEDED)


def _numbers(release: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", release)[:3])
