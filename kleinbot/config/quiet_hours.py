"""Hours of the day in which the graphics card is the owner's alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo

from kleinbot.domain.clock import MS_PER_S


@dataclass(frozen=True)
class Span:
    """Part of each day in wall-clock time; it ends on the next day where ``end`` is not after ``start``."""

    start: time
    end: time


class QuietHours:
    """Spans of every day in one time zone.

    Where clocks are set back, a span begins at the first of the two equal times and ends at the second. A
    time that a change of clocks leaves out is the one that an unchanged clock would show.
    """

    def __init__(self, spans: Sequence[Span], zone: tzinfo | None = None) -> None:
        """``zone`` None: that of this machine."""
        self._spans = tuple(spans)
        self._zone = zone

    def until_ms(self, now_ms: int) -> int | None:
        """Return when the quiet hours end in which ``now_ms`` lies; None if it lies in none."""
        now_s = now_ms / MS_PER_S
        today = datetime.fromtimestamp(now_s, self._zone).date()
        until_s, found = now_s, True
        # Spans may overlap or touch; each adds to the end at most once.
        for _ in self._spans:
            if not found:
                break
            found = False
            for start_s, end_s in self._around(today):
                if start_s <= until_s < end_s:
                    until_s, found = end_s, True
        return None if until_s == now_s else round(until_s * MS_PER_S)

    def _around(self, today: date) -> list[tuple[float, float]]:
        around = []
        for span in self._spans:
            for days in (-1, 0, 1):
                day = today + timedelta(days=days)
                last = day if span.end > span.start else day + timedelta(days=1)
                end_s = max(self._unix_s(last, span.end, 0), self._unix_s(last, span.end, 1))
                around.append((self._unix_s(day, span.start, 0), end_s))
        return around

    def _unix_s(self, day: date, at: time, fold: int) -> float:
        return datetime.combine(day, at.replace(fold=fold), self._zone).timestamp()
