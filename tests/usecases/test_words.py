"""A server's own words, at the use case."""

from dataclasses import replace

import pytest

from kleinbot.content import server_words
from kleinbot.domain.errors import Code, Refusal
from kleinbot.domain.people import Actor
from kleinbot.domain.quota import AuditAction
from kleinbot.domain.requests import ImagineRequest
from kleinbot.store.members import audit
from kleinbot.store.members.audit import AuditFilter
from kleinbot.usecases.moderation import words as words_module
from kleinbot.usecases.moderation.read_audit import ReadAudit
from kleinbot.usecases.moderation.words import Words
from tests.usecase_harness import ADA, MODERATOR, UseCaseHarness, reply

ADMIN = Actor(server_id=10, member_id=4, locale="en-US", is_admin=True)


def _words(harness: UseCaseHarness) -> Words:
    return Words(harness.database, harness.submit.prompts.words, harness.clock)


async def _refused(harness: UseCaseHarness, prompt: str) -> Refusal:
    with pytest.raises(Refusal) as caught:
        await harness.imagine(prompt=prompt)
    return caught.value


async def test_a_word_is_refused_from_the_next_prompt_on_and_the_member_does_not_learn_it(
    harness: UseCaseHarness,
) -> None:
    await harness.imagine(prompt="a fox")
    assert await _words(harness).add(ADMIN, "  Fox* ") == "fox*"
    refusal = await _refused(harness, "two f o x e s" + " in the snow" * 30)
    assert (refusal.code, refusal.parameters) == (Code.WORDS_FORBIDDEN, {})
    assert await harness.spent_tenths() == 10
    await harness.imagine(replace(ADA, server_id=12), prompt="a fox")
    assert await _words(harness).test(ADMIN, "f0x") == "fox*"
    assert await _words(harness).listed(ADMIN) == ["fox*"]
    assert await _words(harness).remove(ADMIN, "fox*") == "fox*"
    await harness.imagine(prompt="a fox")
    rows = await audit.of_server(harness.database.read, 10, 10)
    assert [(row.action, row.details) for row in rows] == [
        ("word-remove", {"word": "fox*"}),
        ("refused-word", {"reason": "fox*"}),
        ("word-add", {"word": "fox*"}),
    ]


async def test_refusals_are_told_moderators_once_an_hour(harness: UseCaseHarness) -> None:
    await _words(harness).add(ADMIN, "fox")
    counts = []
    for wait_s in (0, 0, 3_600):
        harness.clock.advance(wait_s)
        await _refused(harness, "a red fox")
        page = await ReadAudit(harness.database).page(MODERATOR, AuditFilter(action=AuditAction.REFUSED_WORD))
        counts.append(len(page.rows))
        assert all(row.details == {"reason": "fox"} for row in page.rows)
    assert counts == [1, 1, 2]
    assert await _words(harness).listed(MODERATOR) == ["fox"]
    assert await _words(harness).test(MODERATOR, "a fox") == "fox"
    for change in (_words(harness).add(MODERATOR, "cat"), _words(harness).remove(MODERATOR, "fox")):
        with pytest.raises(Refusal) as caught:
            await change
        assert caught.value.code in {Code.NOT_AN_ADMIN, Code.NOT_A_MODERATOR}


@pytest.mark.parametrize("actor", [ADA, replace(ADA, moderated_channel_id=1)])
async def test_only_moderators_see_and_admins_change_the_list(harness: UseCaseHarness, actor: Actor) -> None:
    words = _words(harness)
    for refused in (
        words.listed(actor),
        words.add(actor, "fox"),
        words.remove(actor, "fox"),
        words.test(actor, "fox"),
    ):
        with pytest.raises(Refusal) as caught:
            await refused
        assert caught.value.code in {Code.NOT_AN_ADMIN, Code.NOT_A_MODERATOR}


async def test_another_servers_admin_sees_another_list(harness: UseCaseHarness) -> None:
    await _words(harness).add(ADMIN, "fox")
    assert await _words(harness).listed(replace(ADMIN, server_id=11)) == []


async def test_a_full_list_and_odd_words_are_refused_in_a_sentence(
    harness: UseCaseHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(words_module, "MOST_WORDS", 1)
    words = _words(harness)
    await words.add(ADMIN, "fox")
    await words.add(ADMIN, "fox")
    for attempt, code in (
        (words.add(ADMIN, "owl"), Code.TOO_MANY_WORDS),
        (words.add(ADMIN, "a*"), Code.WORD_UNUSABLE),
        (words.remove(ADMIN, "owl"), Code.WORD_NOT_LISTED),
    ):
        with pytest.raises(Refusal) as caught:
            await attempt
        assert caught.value.code is code
    assert await words.listed(ADMIN) == ["fox"]


async def test_every_request_passes_the_list(harness: UseCaseHarness) -> None:
    await _words(harness).add(ADMIN, "fox")
    with pytest.raises(Refusal):
        await harness.submit.imagine(ADA, ImagineRequest("FOX"), reply(harness.clock))
    assert harness.metrics.refusals == [Code.WORDS_FORBIDDEN]
    assert server_words.MOST_WORDS == 5_000
