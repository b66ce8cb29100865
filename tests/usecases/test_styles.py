"""A server's styles, at the use case."""

from dataclasses import replace

import pytest

from kleinbot.domain.errors import Code, Refusal
from kleinbot.domain.job import Job
from kleinbot.domain.job_spec import Style
from kleinbot.domain.people import Actor
from kleinbot.domain.requests import ImagineRequest
from kleinbot.store.jobs import lookup
from kleinbot.store.members import audit
from kleinbot.usecases.moderation.words import Words
from kleinbot.usecases.setup.styles import MOST_STYLES
from tests.usecase_harness import ADA, BOB, MODERATOR, UseCaseHarness, reply

ADMIN = Actor(server_id=10, member_id=4, locale="en-US", is_admin=True)
ELSEWHERE = replace(ADMIN, server_id=12)
WATERCOLOUR = Style("Watercolour", "watercolour of", "white paper")


async def _made(harness: UseCaseHarness, style: str | None, actor: Actor = ADA) -> Job:
    request = ImagineRequest("a fox", style=style)
    accepted = await harness.submit.imagine(actor, request, reply(harness.clock))
    found = await lookup.by_id(harness.database.read, accepted.status.job.job_id)
    assert found is not None
    return found


async def _set(harness: UseCaseHarness, style: Style = WATERCOLOUR, actor: Actor = ADMIN) -> bool:
    return await harness.usecases.set_up.styles.put(actor, style.name, style.before, style.after)


async def _code(awaited: object) -> Code:
    with pytest.raises(Refusal) as refused:
        await awaited  # type: ignore[misc]
    return refused.value.code


async def test_a_styles_words_surround_the_prompt_and_an_old_job_keeps_them(harness: UseCaseHarness) -> None:
    assert await _set(harness) is False
    old = await _made(harness, " WATERCOLOUR ")
    assert (old.spec.prompt, old.spec.words) == ("watercolour of a fox, white paper", "a fox")
    assert old.spec.style == WATERCOLOUR
    assert await _set(harness, replace(WATERCOLOUR, name="watercolour", before="", after="ink")) is True
    new = await _made(harness, "Watercolour")
    assert (new.spec.prompt, new.spec.words) == ("a fox, ink", "a fox")
    await harness.usecases.set_up.styles.remove(ADMIN, "watercolour")
    again = await lookup.by_id(harness.database.read, old.job_id)
    assert again is not None
    assert (again.spec.style, again.spec.prompt) == (WATERCOLOUR, "watercolour of a fox, white paper")
    assert await _code(_made(harness, "Watercolour")) is Code.STYLE_UNKNOWN
    plain = await _made(harness, None)
    assert (plain.spec.style, plain.spec.words) == (None, "a fox")


async def test_a_style_is_of_one_server_and_only_its_admins_change_it(harness: UseCaseHarness) -> None:
    styles = harness.usecases.set_up.styles
    await _set(harness)
    assert await styles.names(BOB) == ["Watercolour"]
    assert await styles.names(ELSEWHERE) == []
    assert await _code(_made(harness, "watercolour", replace(ADA, server_id=12))) is Code.STYLE_UNKNOWN
    assert await _code(styles.remove(ELSEWHERE, "watercolour")) is Code.STYLE_UNKNOWN
    for actor in (ADA, MODERATOR):
        for refused in (
            _set(harness, actor=actor), styles.remove(actor, "watercolour"), styles.listed(actor),
        ):  # fmt: skip
            assert await _code(refused) is Code.NOT_AN_ADMIN
    await styles.remove(ADMIN, "Watercolour")
    rows = await audit.of_server(harness.database.read, 10, 10)
    assert [(row.action, row.actor_id, row.details) for row in rows] == [
        ("style-remove", 4, {"style": "Watercolour"}),
        ("style-set", 4, {"style": "Watercolour"}),
    ]


async def test_forbidden_words_are_looked_for_in_the_composed_prompt(harness: UseCaseHarness) -> None:
    await _set(harness, Style("Fur", "red", ""))
    words = Words(harness.database, harness.submit.prompts.words, harness.clock)
    await words.add(ADMIN, "red a fox")
    assert await _code(_made(harness, "fur")) is Code.WORDS_FORBIDDEN
    assert await harness.spent_tenths() == 0
    await words.add(ADMIN, "paper")
    assert await _code(_set(harness)) is Code.WORDS_FORBIDDEN


@pytest.mark.parametrize(
    "style", [Style("", "a"), Style("\u200b", "a"), Style("x"), Style("x", " ", "\n"), Style("y" * 33, "a")]
)
async def test_a_style_needs_a_name_and_words(harness: UseCaseHarness, style: Style) -> None:
    assert await _code(_set(harness, style)) is Code.STYLE_UNUSABLE


async def test_a_server_has_a_bounded_number_of_styles(harness: UseCaseHarness) -> None:
    for number in range(MOST_STYLES):
        await _set(harness, Style(f"style {number}", "a"))
    assert await _code(_set(harness, Style("one more", "a"))) is Code.TOO_MANY_STYLES
    assert await _set(harness, Style("STYLE 3", "b")) is True
    assert len(await harness.usecases.set_up.styles.names(ADA)) == MOST_STYLES
