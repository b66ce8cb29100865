"""Quiet hours on the wall clock: across midnight, and over both changes of clocks."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from kleinbot.config.quiet_hours import QuietHours
from kleinbot.config.settings import Settings

BERLIN = ZoneInfo("Europe/Berlin")


def _ms(text: str) -> int:
    """``text``: an ISO time with its offset."""
    return round(datetime.fromisoformat(text).timestamp() * 1000)


def _hours(spans: str) -> QuietHours:
    return QuietHours(Settings(quiet_hours=spans).quiet_hours, BERLIN)


@pytest.mark.parametrize(
    ("spans", "now", "until"),
    [
        ("18:00-23:30", "2026-12-01T17:59:59+01:00", None),
        ("18:00-23:30", "2026-12-01T18:00:00+01:00", "2026-12-01T23:30:00+01:00"),
        ("18:00-23:30", "2026-12-01T23:30:00+01:00", None),
        ("22:00-06:00", "2026-12-01T23:00:00+01:00", "2026-12-02T06:00:00+01:00"),
        ("22:00-06:00", "2026-12-02T05:59:00+01:00", "2026-12-02T06:00:00+01:00"),
        ("22:00-06:00", "2026-12-02T06:00:00+01:00", None),
        ("18:00-24:00, 00:00-02:00", "2026-12-01T20:00:00+01:00", "2026-12-02T02:00:00+01:00"),
        # Clocks go back at 03:00 summer time: the night has an hour more, and 02:30 comes twice.
        ("22:00-06:00", "2026-10-24T23:00:00+02:00", "2026-10-25T06:00:00+01:00"),
        ("01:00-02:30", "2026-10-25T02:29:00+02:00", "2026-10-25T02:30:00+01:00"),
        ("01:00-02:30", "2026-10-25T02:45:00+02:00", "2026-10-25T02:30:00+01:00"),
        ("01:00-02:30", "2026-10-25T02:30:00+01:00", None),
        # Clocks go forward at 02:00 winter time: there is no 02:30.
        ("22:00-06:00", "2026-03-28T23:00:00+01:00", "2026-03-29T06:00:00+02:00"),
        ("01:00-02:30", "2026-03-29T01:30:00+01:00", "2026-03-29T03:30:00+02:00"),
        ("01:00-02:30", "2026-03-29T03:30:00+02:00", None),
    ],
)
def test_the_card_is_quiet_until(spans: str, now: str, until: str | None) -> None:
    assert _hours(spans).until_ms(_ms(now)) == (None if until is None else _ms(until))


@pytest.mark.parametrize("wrong", ["18:00", "18-23", "25:00-26:00", "18:00-18:00", "18:60-19:00", "a:b-c:d"])
def test_what_are_no_hours_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match="quiet_hours"):
        Settings(quiet_hours=wrong)
