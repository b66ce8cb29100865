"""Job specs become jobs in one place, and a stored job returns its spec."""

import itertools
from dataclasses import replace

import pytest

from kleinbot.domain.errors import Code, Refusal
from kleinbot.domain.geometry import Grid
from kleinbot.domain.job import NewJob
from kleinbot.domain.job_spec import NO_MARKS, ImageKey, JobKind, JobSpec
from kleinbot.domain.noise import Blend, NoiseRecipe, Strength
from kleinbot.domain.reference import Reference, Role
from kleinbot.scheduler.entries import shape_of
from kleinbot.scheduler.from_job import images_of_new
from kleinbot.usecases.recipes import Draft, Options, complete, draft_of
from tests.manual_clock import START_MS, ManualClock
from tests.usecase_harness import ADA, UseCaseHarness, reply

GRID = Grid(16, 16)
PLAIN = JobSpec(JobKind.IMAGINE, "a fox", GRID)


def completed(
    spec: JobSpec = PLAIN, count: int = 1, seed: int | None = 7, references: tuple[Reference, ...] = ()
) -> NewJob:
    options = Options(count, seed, private=False)
    spec = replace(spec, references=references)
    return complete(spec, options, ADA, reply(ManualClock(START_MS)), "0" * 24, lambda: 99, START_MS)


def a_reference(position: int, role: Role = Role.REFERENCE, grid: Grid = GRID) -> Reference:
    return Reference(position, role, f"references/10/x-{position}.png", "ab", grid)


def test_seeds_count_up_and_are_drawn_where_none_was_given() -> None:
    assert [image.noise for image in completed(count=3).images] == [NoiseRecipe(seed) for seed in (7, 8, 9)]
    assert completed(seed=None).seed == 99


def test_a_variation_appends_a_blend_to_the_whole_chain() -> None:
    parent = NoiseRecipe(3, (Blend(4, 0.5),))
    spec = JobSpec(JobKind.VARIATIONS, "a fox", GRID, noise_parent=parent, strength=Strength.STRONG)
    assert [image.noise for image in completed(spec, count=2).images] == [
        NoiseRecipe(3, (Blend(4, 0.5), Blend(7, 0.8))),
        NoiseRecipe(3, (Blend(4, 0.5), Blend(8, 0.8))),
    ]


def test_references_are_in_the_price_the_cost_and_the_batch() -> None:
    jobs = [completed(references=tuple(a_reference(i) for i in range(count))) for count in range(5)]
    prices = [job.price_tenths for job in jobs]
    assert prices[0] == 10
    assert all(fewer < more for fewer, more in itertools.pairwise(prices))
    assert 60 <= prices[4] <= 80  # "an edit with four references costs seven pictures"
    costs = [images_of_new(job)[0].cost for job in jobs]
    assert costs == sorted(costs)
    assert len({shape_of(job.spec) for job in jobs}) == 5


def test_a_start_is_no_reference_but_another_schedule() -> None:
    spec = JobSpec(JobKind.VARIATIONS, "", GRID, steps=Strength.SUBTLE.steps, strength=Strength.SUBTLE)
    job = completed(spec, references=(a_reference(0, Role.START),))
    shape = shape_of(job.spec)
    assert (shape.references, shape.steps, shape.first_sigma) == ((), 2, Strength.SUBTLE.first_sigma)
    assert job.images[0].noise == NoiseRecipe(7)


@pytest.mark.parametrize(
    ("count", "seed", "code"),
    [(0, 7, Code.COUNT_OUT_OF_RANGE), (5, 7, Code.COUNT_OUT_OF_RANGE), (1, 2**32, Code.SEED_OUT_OF_RANGE)],
)
def test_what_cannot_be_is_refused(count: int, seed: int, code: Code) -> None:
    with pytest.raises(Refusal) as caught:
        completed(count=count, seed=seed)
    assert caught.value.code is code


async def test_a_stored_job_gives_its_spec_back(harness: UseCaseHarness) -> None:
    noise = NoiseRecipe(3, (Blend(4, 0.5),))
    parent = (await harness.imagine()).status.job
    spec = JobSpec(
        JobKind.VARIATIONS,
        "a fox",
        GRID,
        noise_parent=noise,
        strength=Strength.SUBTLE,
        parent=ImageKey(parent.job_id, 0),
    )
    accepted = await harness.submit.accept(ADA, Draft(spec), Options(2, 1, False), reply(harness.clock))
    job = accepted.status.job
    assert (job.spec.strength, job.parent.number if job.parent else None) == (Strength.SUBTLE, parent.number)
    again = draft_of(job, (), NO_MARKS).spec
    assert (again.noise_parent, again.strength, again.prompt) == (noise, Strength.SUBTLE, "a fox")
    assert again.parent == ImageKey(job.job_id, 0)
