import asyncio

import pytest

from kleinbot.domain.errors import Code, Refusal
from kleinbot.domain.geometry import Grid
from kleinbot.domain.job import JobState
from kleinbot.domain.job_spec import ImageKey
from kleinbot.domain.requests import ImagineRequest
from kleinbot.domain.work import EnginePhase, EngineState
from kleinbot.store.database import Reader
from kleinbot.store.results import own_pictures
from tests.dispatch.running import ended, running, until
from tests.usecase_harness import ADA, BOB, DAY_MS, UseCaseHarness, reply


async def test_an_accepted_job_has_rows_a_place_and_a_reservation(harness: UseCaseHarness) -> None:
    accepted = await harness.imagine(count=3)
    job = accepted.status.job
    assert (job.number, job.state, accepted.status.place) == (1, JobState.QUEUED, 1)
    assert job.spec.grid == Grid(16, 16)
    assert [image.noise.base_seed for image in job.images] == [job.seed, job.seed + 1, job.seed + 2]
    assert accepted.balance.left_tenths == 570
    assert await harness.spent_tenths() == 30


async def test_a_refused_request_leaves_nothing(harness: UseCaseHarness) -> None:
    with pytest.raises(Refusal):
        await harness.imagine(prompt="<|im_start|>  <|im_end|>")
    assert await harness.spent_tenths() == 0
    assert await harness.database.read.number("SELECT COUNT(*) FROM jobs") == 0


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (ImagineRequest(" \n "), Code.PROMPT_BLANK),
        (ImagineRequest("word " * 2000), Code.PROMPT_TOO_LONG),
        (ImagineRequest("a fox", seed=2**32), Code.SEED_OUT_OF_RANGE),
        (ImagineRequest("a fox", seed=-1), Code.SEED_OUT_OF_RANGE),
        (ImagineRequest("a fox", count=5), Code.COUNT_OUT_OF_RANGE),
        (ImagineRequest("a fox", count=0), Code.COUNT_OUT_OF_RANGE),
    ],
)
async def test_what_cannot_be_drawn_is_refused(
    harness: UseCaseHarness, request_: ImagineRequest, code: Code
) -> None:
    with pytest.raises(Refusal) as caught:
        await harness.submit.imagine(ADA, request_, reply(harness.clock))
    assert caught.value.code is code


@pytest.mark.parametrize(
    ("phase", "code"), [(EnginePhase.FAILED, Code.ENGINE_FAILED), (EnginePhase.DRAINING, Code.STOPPING)]
)
async def test_nothing_is_accepted_that_cannot_be_drawn_soon(
    harness: UseCaseHarness, phase: EnginePhase, code: Code
) -> None:
    harness.engine.state = EngineState(phase)
    with pytest.raises(Refusal) as caught:
        await harness.imagine()
    assert caught.value.code is code


async def test_a_job_is_accepted_while_the_model_loads(harness: UseCaseHarness) -> None:
    harness.engine.state = EngineState(EnginePhase.LOADING)
    accepted = await harness.imagine()
    assert accepted.status.starts_at_ms is None


async def test_of_parallel_requests_exactly_as_many_are_accepted_as_the_quota_pays(
    harness: UseCaseHarness,
) -> None:
    for _ in range(14):
        await harness.imagine(count=4)
    outcomes = await asyncio.gather(*(harness.imagine(count=3) for _ in range(20)), return_exceptions=True)
    refusals = [outcome for outcome in outcomes if isinstance(outcome, Refusal)]
    assert len(outcomes) - len(refusals) == 1
    assert {refusal.code for refusal in refusals} == {Code.QUOTA_EXHAUSTED}
    assert await harness.spent_tenths() == 590


async def test_the_refusal_says_when_enough_comes_back(harness: UseCaseHarness) -> None:
    first_ms = harness.clock.now_ms()
    for _ in range(15):
        await harness.imagine(count=4)
        harness.clock.advance(60)
    with pytest.raises(Refusal) as caught:
        await harness.imagine(count=4)
    expected = {"left": 0, "limit": 60, "needed": 4, "returns_s": (first_ms + DAY_MS) // 1000, "gives": 60}
    assert expected.items() <= caught.value.parameters.items()
    harness.clock.advance((first_ms + DAY_MS - harness.clock.now_ms()) / 1000)
    await harness.imagine(count=4)


async def test_one_members_quota_is_not_anothers(harness: UseCaseHarness) -> None:
    for _ in range(15):
        await harness.imagine(count=4)
    await harness.imagine(BOB)


async def test_the_same_seed_is_kept_and_another_is_drawn_where_none_was_given(
    harness: UseCaseHarness,
) -> None:
    given = await harness.submit.imagine(ADA, ImagineRequest("a fox", seed=42), reply(harness.clock))
    assert given.status.job.seed == 42
    first, second = await harness.imagine(), await harness.imagine()
    assert first.status.job.seed != second.status.job.seed


async def test_requests_of_the_same_moment_are_drawn_in_their_order(harness: UseCaseHarness) -> None:
    accepted = [(await harness.imagine()).status.job for _ in range(6)]
    assert [job.number for job in accepted] == [1, 2, 3, 4, 5, 6]
    assert [image.key.job_id for image in harness.queue.order()] == [job.job_id for job in accepted]


@pytest.mark.parametrize("prompt", [" ", "\n\t", "\u200b", "\u2060\u200d\ufeff", "\u3164", "\u202e \u2066"])
async def test_a_prompt_of_which_nothing_is_seen_is_refused_and_costs_nothing(
    harness: UseCaseHarness, prompt: str
) -> None:
    with pytest.raises(Refusal) as refused:
        await harness.imagine(prompt=prompt)
    assert refused.value.code is Code.PROMPT_BLANK
    assert await harness.spent_tenths() == 0


async def test_only_a_prompt_of_control_words_is_told_about_them(harness: UseCaseHarness) -> None:
    for prompt in ("<|im_end|>", "\u200b<|im_start|> <think>"):
        with pytest.raises(Refusal) as refused:
            await harness.imagine(prompt=prompt)
        assert refused.value.code is Code.PROMPT_EMPTY


async def test_a_job_without_a_reply_target_is_drawn_paid_and_found_in_the_history(
    harness: UseCaseHarness,
) -> None:
    """As a page, a command line or a worker submits one: there is no token and no channel."""
    accepted = await harness.submit.imagine(ADA, ImagineRequest("a fox"), None)
    job_id = accepted.status.job.job_id
    async with running(harness):
        assert (await until(harness, job_id, ended)).state is JobState.DONE
    assert await harness.spent_tenths() == 10
    read = harness.database.read
    assert await read.number("SELECT COUNT(*) FROM replies") == 0
    assert await read.number("SELECT COUNT(*) FROM outbox WHERE state = 'sent' AND way = 'unneeded'") == 1
    assert [key.job_id for key in await newest_keys(read)] == [job_id]


async def newest_keys(reader: Reader) -> list[ImageKey]:
    return [each.key for each in await own_pictures.newest(reader, ADA.member, 5)]
