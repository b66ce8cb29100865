"""Profiles that ran out of memory although they were predicted to fit, remembered over restarts.

Without that, a new process would choose the same one again, for ever.
"""

import json
import logging
from dataclasses import dataclass
from pathlib import Path

from kleinbot.domain.clock import HOUR_MS, Clock

_log = logging.getLogger(__name__)

FILE = "failed-profiles.json"
LONGEST_HOURS = 24
_MOST_NAMES = 50
_MOST_BYTES = 1 << 16


@dataclass(frozen=True)
class _Failure:
    until_ms: int
    hours: int


class FailedProfiles:
    """Kept in a file of the scratch folder; where that cannot be written, in memory only.

    A profile is left out for an hour, twice as long each further time, and a day at most. Every method reads
    or writes the file: call it on a thread.
    """

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._file = folder / FILE
        self._clock = clock
        self._known: dict[str, _Failure] | None = None

    def names(self) -> frozenset[str]:
        """Return the profiles that are left out now."""
        now_ms = self._clock.now_ms()
        # A clock that was set back must not leave one out for years.
        last_ms = now_ms + LONGEST_HOURS * HOUR_MS
        return frozenset(
            name for name, failure in self._failures().items() if now_ms < failure.until_ms <= last_ms
        )

    def note(self, name: str) -> None:
        """Leave ``name`` out from now on."""
        known = self._failures()
        hours = min(2 * known[name].hours, LONGEST_HOURS) if name in known else 1
        known.pop(name, None)
        known[name] = _Failure(self._clock.now_ms() + hours * HOUR_MS, hours)
        while len(known) > _MOST_NAMES:
            known.pop(next(iter(known)))
        self._write()

    def forget(self, name: str) -> None:
        """Note that ``name`` was started after all."""
        if self._failures().pop(name, None) is not None:
            self._write()

    def _failures(self) -> dict[str, _Failure]:
        if self._known is None:
            self._known = _read(self._file)
        return self._known

    def _write(self) -> None:
        rows = {name: [each.until_ms, each.hours] for name, each in self._failures().items()}
        part = self._file.with_suffix(".part")
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            part.write_text(json.dumps(rows), "utf-8")
            part.replace(self._file)
        except OSError as error:
            _log.warning("that a profile did not fit cannot be kept for the next start: %s", error)


def _read(file: Path) -> dict[str, _Failure]:
    try:
        with file.open("rb") as opened:
            rows = json.loads(opened.read(_MOST_BYTES))
        return {
            str(name): _Failure(int(until_ms), min(max(1, int(hours)), LONGEST_HOURS))
            for name, (until_ms, hours) in rows.items()
        }
    except (OSError, ValueError, TypeError, AttributeError, OverflowError, RecursionError):
        # Absent, torn or somebody else's: nothing is left out.
        return {}
