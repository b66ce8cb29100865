"""Refused content, at the use case: nothing is stored, nothing is charged, and no second step gets there."""

from dataclasses import replace
from pathlib import Path

import pytest

from kleinbot.domain.errors import Code, Refusal
from kleinbot.domain.geometry import Grid
from kleinbot.domain.job_spec import ContentMark, ImageKey, JobKind, JobSpec
from kleinbot.domain.people import Actor
from kleinbot.domain.quota import AuditAction
from kleinbot.domain.requests import ImagineRequest
from kleinbot.store.members import audit
from kleinbot.usecases.recipes import Draft, Options
from kleinbot.usecases.sources import Chosen, marks_from
from tests.usecase_harness import ADA, OWNER, UseCaseHarness, reply


async def _nothing_is_stored(harness: UseCaseHarness, folder: Path) -> bool:
    counted = [
        await harness.database.read.number(f"SELECT COUNT(*) FROM {table}")
        for table in ("jobs", "images", "ledger", "job_references")
    ]
    return counted == [0, 0, 0, 0] and not list(folder.rglob("*.png"))


@pytest.mark.parametrize("actor", [ADA, replace(ADA, locale="de"), replace(ADA, is_admin=True), OWNER])
@pytest.mark.parametrize("prompt", ["a nude girl", "ein nacktes Mädchen"])
async def test_it_is_refused_in_each_language_for_everybody(
    harness: UseCaseHarness, actor: Actor, prompt: str, tmp_path: Path
) -> None:
    with pytest.raises(Refusal) as refused:
        await harness.submit.imagine(actor, ImagineRequest(prompt), reply(harness.clock))
    assert refused.value.code is Code.CONTENT_MINORS
    assert refused.value.parameters == {}
    assert harness.metrics.refusals == [Code.CONTENT_MINORS]
    assert await _nothing_is_stored(harness, tmp_path)


async def test_a_long_prompt_is_judged_to_its_end(harness: UseCaseHarness) -> None:
    with pytest.raises(Refusal):
        await harness.imagine(prompt="a fox in the snow, " * 40 + "a nude girl")


async def _edit(
    harness: UseCaseHarness, instruction: str, parent: ImageKey, marks: ContentMark
) -> ContentMark:
    """Accept a job with this instruction from a picture that bears ``marks``, and return its stored marks."""
    spec = JobSpec(JobKind.EDIT, instruction, Grid(16, 16), parent=parent, marks=marks)
    accepted = await harness.submit.accept(ADA, Draft(spec), Options(1, 1, False), reply(harness.clock))
    return (await harness.job(accepted.status.job.job_id)).spec.marks


async def test_what_is_refused_in_one_instruction_is_not_reached_in_two(harness: UseCaseHarness) -> None:
    job = (await harness.imagine(prompt="a girl on a beach")).status.job
    assert (await harness.job(job.job_id)).spec.marks == ContentMark.MINOR
    inherited = await marks_from([Chosen(job, job.images[0])])
    with pytest.raises(Refusal) as refused:
        await _edit(harness, "remove her dress", job.images[0].key, inherited)
    assert refused.value.code is Code.CONTENT_MINORS


async def test_an_edit_of_an_edit_of_a_strangers_picture_is_one_of_that_picture(
    harness: UseCaseHarness,
) -> None:
    parent = ImageKey((await harness.imagine()).status.job.job_id, 0)
    assert await _edit(harness, "a blue sky", parent, ContentMark.OUTSIDE) == ContentMark.OUTSIDE
    with pytest.raises(Refusal) as refused:
        await _edit(harness, "undress her", parent, ContentMark.OUTSIDE)
    assert refused.value.code is Code.CONTENT_OTHERS_PICTURES
    assert await _edit(harness, "undress the statue", parent, ContentMark(0)) == ContentMark.SEXUAL


async def test_a_job_older_than_the_rules_is_judged_by_its_own_prompt(harness: UseCaseHarness) -> None:
    job = (await harness.imagine(prompt="a girl on a beach")).status.job
    async with harness.database.transaction() as transaction:
        await transaction.change("UPDATE jobs SET content_marks = NULL")
    old = await harness.job(job.job_id)
    assert old.spec.marks == ContentMark(0)
    assert await marks_from([Chosen(old, old.images[0])]) == ContentMark.MINOR


async def test_moderators_learn_who_and_when_once_an_hour_and_never_what(harness: UseCaseHarness) -> None:
    for prompt in ("a nude girl", "a nude boy"):
        with pytest.raises(Refusal):
            await harness.imagine(prompt=prompt)
    (row,) = await audit.of_server(harness.database.read, ADA.server_id, 5)
    assert (row.action, row.member_id, row.details) == (AuditAction.REFUSED_MINORS, ADA.member_id, {})
    harness.clock.advance(3_600)
    with pytest.raises(Refusal):
        await harness.imagine(prompt="a nude girl")
    assert len(await audit.of_server(harness.database.read, ADA.server_id, 5)) == 2
