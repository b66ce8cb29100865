"""Estimates how long something still takes, from the percentages that its message has shown."""

import re

from kleinbot.sandbox.rules.sentences import Sentence
from kleinbot.sandbox.server.clock import Now

_PERCENT = re.compile(r"(\d{1,3})\s?%")
_LEAST_S = 1.0
"""What was observed for less says nothing."""


class TimeLeft:
    """Knows the first percentage of each message, and when it was shown; a smaller one begins anew."""

    def __init__(self, now: Now) -> None:
        self._now = now
        self._first: dict[int, tuple[int, float]] = {}
        self._ends_s: dict[int, float] = {}
        self._latest: dict[int, int] = {}

    def note(self, message_id: int, text: str) -> None:
        """Take note of a new text of a message."""
        found = _PERCENT.search(text)
        if found is None or int(found[1]) >= 100:
            self.forget(message_id)
            return
        percent, now_s = int(found[1]), self._now()
        if message_id not in self._first or percent < self._latest[message_id]:
            self._first[message_id] = (percent, now_s)
            self._ends_s.pop(message_id, None)
        self._latest[message_id] = percent
        first, since_s = self._first[message_id]
        if percent > first and now_s - since_s >= _LEAST_S:
            self._ends_s[message_id] = now_s + (now_s - since_s) * (100 - percent) / (percent - first)

    def forget(self, message_id: int) -> None:
        for known in (self._first, self._ends_s, self._latest):
            known.pop(message_id, None)

    def said(self, message_id: int, language: str) -> str:
        """Return "about 12 s left"; empty if nothing is known."""
        ends_s = self._ends_s.get(message_id)
        if ends_s is None:
            return ""
        left_s = max(1, round(ends_s - self._now()))
        if left_s < 90:
            return Sentence("about {count} s left", {"count": left_s}).said(language)
        return Sentence("about {count} min left", {"count": round(left_s / 60)}).said(language)
