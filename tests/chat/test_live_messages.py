"""What a live message goes on telling."""

from dataclasses import replace
from typing import Any, cast

import pytest

from kleinbot.chat.delivery.live_messages import LiveMessages, _Live
from kleinbot.domain.work import EnginePhase, EngineState
from kleinbot.texts import Texts
from kleinbot.usecases.job_queries import JobStatus
from tests.chat.test_waiting_views import JOB
from tests.manual_clock import ManualClock


@pytest.mark.parametrize(
    ("moved_s", "is_told"), [(0, False), (4, False), (-4, False), (19, False), (21, True), (-21, True)]
)
def test_a_shown_start_changes_where_it_moves_by_a_tenth_of_the_wait(moved_s: int, is_told: bool) -> None:
    clock = ManualClock()
    nobody = cast("Any", None)  # nothing is read or sent here
    live_messages = LiveMessages(nobody, nobody, Texts(), lambda: EngineState(EnginePhase.READY), clock)
    told_ms = clock.now_ms() + 200_000
    live = _Live("", 0.0, starts_at_ms=told_ms)
    status = JobStatus(JOB, 3, told_ms + moved_s * 1000)
    wanted = status.starts_at_ms if is_told else told_ms
    assert live_messages._with_shown_start(live, status) == replace(status, starts_at_ms=wanted)
    assert live.starts_at_ms == wanted


def test_a_shown_start_that_has_passed_changes() -> None:
    clock = ManualClock()
    nobody = cast("Any", None)
    live_messages = LiveMessages(nobody, nobody, Texts(), lambda: EngineState(EnginePhase.READY), clock)
    live = _Live("", 0.0, starts_at_ms=clock.now_ms())
    status = JobStatus(JOB, 1, clock.now_ms() + 2_000)
    assert live_messages._with_shown_start(live, status) == status
