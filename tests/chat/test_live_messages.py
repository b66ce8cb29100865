"""What a live message goes on telling."""

from dataclasses import replace
from typing import Any, cast

import discord
import pytest

from kleinbot.chat.delivery import waiting_views
from kleinbot.chat.delivery.live_messages import LiveMessages, _Live
from kleinbot.domain.job import DiscordReply
from kleinbot.domain.pictures import Pixels
from kleinbot.domain.work import EnginePhase, EngineState, Preview
from kleinbot.texts import Texts
from kleinbot.usecases.job_queries import JobStatus
from tests.chat.test_waiting_views import JOB
from tests.manual_clock import ManualClock
from tests.specs import with_spec


@pytest.mark.parametrize(
    ("moved_s", "is_told"), [(0, False), (4, False), (-4, False), (19, False), (21, True), (-21, True)]
)
def test_a_shown_start_changes_where_it_moves_by_a_tenth_of_the_wait(moved_s: int, is_told: bool) -> None:
    clock = ManualClock()
    nobody = cast("Any", None)  # nothing is read or sent here
    live_messages = LiveMessages(
        nobody, nobody, Texts(), lambda: EngineState(EnginePhase.READY), clock, nobody
    )
    told_ms = clock.now_ms() + 200_000
    live = _Live("", 0.0, starts_at_ms=told_ms)
    status = JobStatus(JOB, 3, told_ms + moved_s * 1000)
    wanted = status.starts_at_ms if is_told else told_ms
    assert live_messages._with_shown_start(live, status) == replace(status, starts_at_ms=wanted)
    assert live.starts_at_ms == wanted


def test_a_shown_start_that_has_passed_changes() -> None:
    clock = ManualClock()
    nobody = cast("Any", None)
    live_messages = LiveMessages(
        nobody, nobody, Texts(), lambda: EngineState(EnginePhase.READY), clock, nobody
    )
    live = _Live("", 0.0, starts_at_ms=clock.now_ms())
    status = JobStatus(JOB, 1, clock.now_ms() + 2_000)
    assert live_messages._with_shown_start(live, status) == status


@pytest.mark.parametrize(
    ("lives_s", "is_drawn", "may"), [(91, True, True), (90, True, False), (91, False, False)]
)
def test_a_preview_is_shown_while_it_can_surely_be_taken_away(
    lives_s: int, is_drawn: bool, may: bool
) -> None:
    clock = ManualClock()
    nobody = cast("Any", None)
    ready = EngineState(EnginePhase.READY)
    live_messages = LiveMessages(nobody, nobody, Texts(), lambda: ready, clock, nobody)
    address = DiscordReply(1, "token", clock.now_ms() + lives_s * 1_000, 5, 10_000_000)
    live = _Live("", 0.0, address=address)
    assert live_messages._may_show_preview(live, JobStatus(JOB, None, None, is_drawn=is_drawn)) is may


@pytest.mark.parametrize("spoiler", [False, True])
def test_a_preview_is_as_spoilered_as_its_result(spoiler: bool) -> None:
    status = JobStatus(with_spec(JOB, spoiler=spoiler), None, None, is_drawn=True)
    preview = Preview(Pixels(1, 1, bytes(3)), 0, 2, 4)
    message = waiting_views.waiting_with(Texts(), status, "text", preview, b"webp")
    (gallery,) = [each for each in message.view.children if isinstance(each, discord.ui.MediaGallery)]
    assert [item.spoiler for item in gallery.items] == [spoiler]
