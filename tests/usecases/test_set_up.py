"""What an admin chooses holds in their server alone, is written down, and tells what it takes of the disk."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from kleinbot.domain.clock import DAY_MS
from kleinbot.domain.errors import Code, Refusal
from kleinbot.domain.people import Actor
from kleinbot.domain.ports.picture_judge import NoJudge
from kleinbot.domain.server_settings import ServerSettings
from kleinbot.store.members import audit, settings
from kleinbot.usecases.quota.quota import QuotaRule
from kleinbot.usecases.setup.set_up import SetUp
from tests.dispatch.running import ended, running, until
from tests.usecase_harness import ADA, BOB, MODERATOR, UseCaseHarness

ADMIN = Actor(server_id=10, member_id=4, locale="en-US", is_admin=True)
ELSEWHERE = replace(ADMIN, server_id=11)

Choice = Callable[[SetUp, Actor], Awaitable[object]]
CHOICES: list[Choice] = [
    lambda set_up, actor: set_up.state(actor),
    lambda set_up, actor: set_up.choose_moderators_channel(actor, 5),
    lambda set_up, actor: set_up.choose_locale(actor, "de"),
    lambda set_up, actor: set_up.choose_others_may_edit(actor, allowed=False),
    lambda set_up, actor: set_up.choose_retention(actor, 30),
    lambda set_up, actor: set_up.finish(actor),
]


@pytest.fixture
def set_up(harness: UseCaseHarness) -> SetUp:
    return SetUp(harness.database, QuotaRule(600, DAY_MS), lambda: None, harness.clock, NoJudge())


@pytest.mark.parametrize("choice", CHOICES)
@pytest.mark.parametrize("actor", [BOB, MODERATOR, replace(ADA, is_owner=True)])
async def test_only_an_admin_of_the_server_chooses(
    harness: UseCaseHarness, set_up: SetUp, choice: Choice, actor: Actor
) -> None:
    with pytest.raises(Refusal) as refused:
        await choice(set_up, actor)
    assert refused.value.code is Code.NOT_AN_ADMIN
    assert await settings.of_server(harness.database.read, actor.server_id) == ServerSettings()


async def test_each_choice_is_kept_by_itself_and_written_down(harness: UseCaseHarness, set_up: SetUp) -> None:
    for choice in CHOICES:
        await choice(set_up, ADMIN)
    now_ms = harness.clock.now_ms()
    assert await settings.of_server(harness.database.read, 10) == ServerSettings(
        5, "de", others_may_edit=False, retention_days=30, retention_chosen_ms=now_ms, set_up_ms=now_ms
    )
    assert (await set_up.state(ELSEWHERE)).settings == ServerSettings()
    written = await audit.of_server(harness.database.read, 10, 10)
    assert [row.details["setting"] for row in reversed(written)] == [
        "moderators-channel", "locale", "others-may-edit", "retention",
    ]  # fmt: skip
    assert await audit.of_server(harness.database.read, 11, 10) == ()


async def test_a_channel_that_the_admin_does_not_see_is_none(set_up: SetUp) -> None:
    blind = replace(ADMIN, sees_channel=lambda _: False)
    with pytest.raises(Refusal) as refused:
        await set_up.choose_moderators_channel(blind, 5)
    assert refused.value.code is Code.CHANNEL_UNKNOWN
    await set_up.choose_moderators_channel(blind, None)


async def test_the_pace_at_which_the_disk_fills_is_known_after_a_day(
    harness: UseCaseHarness, set_up: SetUp
) -> None:
    assert (await set_up.state(ADMIN)).bytes_a_day is None
    drawn = (await harness.imagine(ADA, count=4)).status.job
    async with running(harness):
        await until(harness, drawn.job_id, ended)
    harness.clock.advance(DAY_MS / 1000 - 60)
    assert (await set_up.state(ADMIN)).bytes_a_day is None
    harness.clock.advance(DAY_MS / 1000 + 60)
    stored = await harness.database.read.number("SELECT SUM(bytes) FROM images")
    assert stored > 0
    bytes_a_day = (await set_up.state(ADMIN)).bytes_a_day
    assert bytes_a_day == pytest.approx(stored / 2, rel=0.01)
    assert (await set_up.state(ELSEWHERE)).bytes_a_day is None
