"""The clock of this host beside Discord's."""

import logging

import pytest

from kleinbot.chat.core.clock_skew import ClockSkew, snowflake_of
from kleinbot.chat.owner import status_text
from kleinbot.texts import Texts
from tests.manual_clock import ManualClock


def test_what_was_late_on_its_way_does_not_make_the_clock_ahead() -> None:
    clock = ManualClock()
    skew = ClockSkew(clock)
    assert skew.snowflake(clock.now_ms()) is None  # nothing has arrived yet
    for late_ms in (900, 200, 1500):
        skew.note(snowflake_of(clock.now_ms() - late_ms))
    assert skew.ahead_ms == 200
    assert not skew.is_reported


def test_a_clock_that_was_set_is_judged_anew() -> None:
    clock = ManualClock()
    skew = ClockSkew(clock)
    skew.note(snowflake_of(clock.now_ms()))
    clock.advance(14 * 60)
    for _ in range(5):
        skew.note(snowflake_of(clock.now_ms() - 14 * 60_000))
    assert skew.ahead_ms == 14 * 60_000
    assert skew.is_reported
    assert skew.snowflake(clock.now_ms()) == snowflake_of(clock.now_ms() - 14 * 60_000)


def test_the_host_is_told_once_an_hour(caplog: pytest.LogCaptureFixture) -> None:
    clock = ManualClock()
    skew = ClockSkew(clock)
    with caplog.at_level(logging.WARNING):
        for _ in range(20):
            skew.note(snowflake_of(clock.now_ms() + 60_000))
        assert len(caplog.records) == 1
        clock.advance(3600)
        skew.note(snowflake_of(clock.now_ms() + 60_000))
    told = [record.getMessage() for record in caplog.records]
    assert [text.startswith("this host's clock is 60 s behind") for text in told] == [True, True]


def test_the_status_says_how_far_the_clock_is_off() -> None:
    [line] = status_text.clock(Texts(), "en-US", 840_000)
    assert line.startswith("Clock: 840 s ahead of Discord's. Set this host's clock, for example by NTP:")
    [line] = status_text.clock(Texts(), "de", -840_000)
    assert line.startswith("Uhr: Sie geht 840 s nach, verglichen mit der von Discord.")
    assert status_text.clock(Texts(), "de", None) == []
