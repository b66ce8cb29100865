"""From a recipe to a job: the one way for every command, button, form and menu."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from kleinbot.domain.errors import Code, Refusal
from kleinbot.domain.geometry import Grid
from kleinbot.domain.job import MAX_COUNT, Job, JobKind, Lane, NewImage, NewJob, ReplyAddress
from kleinbot.domain.noise import SEED_COUNT, Blend, NoiseRecipe, seed_of_image
from kleinbot.domain.people import Actor
from kleinbot.domain.reference import Reference, Role
from kleinbot.domain.variation import Strength
from kleinbot.domain.work import Checkpoint, ImageKey
from kleinbot.scheduler.cost import PICTURE
from kleinbot.scheduler.from_job import shape_of
from kleinbot.usecases.quota.prices import price_tenths_of

DISTILLED_STEPS = 4
BASE_STEPS = 50
"""What the base checkpoint is published with. Half as many are possible, but would not be its best."""


@dataclass(frozen=True)
class Input:
    """An input picture that is about to be stored: a PNG of exactly ``grid``."""

    role: Role
    png: bytes
    grid: Grid


@dataclass(frozen=True)
class Recipe:
    """All that decides a job's pictures but their seeds.

    ``noise``: where the starting noise is a parent's, into which the seeds are mixed. ``parent``: the
    picture that it was made from, whoever made that. ``spoiler``: it was
    made from one that is hidden until clicked.
    """

    kind: JobKind
    prompt: str
    grid: Grid
    steps: int = DISTILLED_STEPS
    checkpoint: Checkpoint = Checkpoint.DISTILLED
    inputs: tuple[Input, ...] = ()
    noise: NoiseRecipe | None = None
    strength: Strength | None = None
    parent: ImageKey | None = None
    spoiler: bool = False


@dataclass(frozen=True)
class Options:
    """What a member chooses beside the recipe. ``seed`` None means: draw one."""

    count: int
    seed: int | None
    private: bool


def least_tenths() -> int:
    """Return the price of the cheapest picture that begins at an input picture."""
    return min(
        price_tenths_of(replace(PICTURE, steps=strength.steps, first_sigma=strength.first_sigma))
        for strength in Strength
    )


def best_quality_tenths() -> int:
    """Return the price of a square picture in best quality; other shapes differ by a tenth of a picture."""
    return price_tenths_of(replace(PICTURE, steps=BASE_STEPS, checkpoint=Checkpoint.BASE))


def recipe_of(job: Job, inputs: tuple[Input, ...]) -> Recipe:
    """Return what ``job`` was made by, ready to be made again. ``inputs`` are copies of its own."""
    noise = job.images[0].noise
    return Recipe(
        kind=job.kind,
        prompt=job.prompt,
        grid=job.grid,
        steps=job.steps,
        checkpoint=job.checkpoint,
        inputs=inputs,
        noise=replace(noise, blends=noise.blends[:-1]) if noise.blends else None,
        strength=job.strength,
        parent=ImageKey(job.job_id, 0),
        spoiler=job.spoiler,
    )


def complete(
    recipe: Recipe,
    options: Options,
    actor: Actor,
    reply: ReplyAddress,
    job_id: str,
    references: tuple[Reference, ...],
    draw_seed: Callable[[], int],
    now_ms: int,
) -> NewJob:
    """Return the job that ``recipe`` and ``options`` ask for, priced. ``references`` are the stored inputs.

    Raises Refusal COUNT_OUT_OF_RANGE or SEED_OUT_OF_RANGE.
    """
    if not 1 <= options.count <= MAX_COUNT:
        raise Refusal(Code.COUNT_OUT_OF_RANGE, count=options.count, most=MAX_COUNT)
    seed = draw_seed() if options.seed is None else options.seed
    if not 0 <= seed < SEED_COUNT:
        raise Refusal(Code.SEED_OUT_OF_RANGE, seed=str(seed))
    job = NewJob(
        job_id=job_id,
        server_id=actor.server_id,
        member_id=actor.member_id,
        kind=recipe.kind,
        prompt=recipe.prompt,
        grid=recipe.grid,
        steps=recipe.steps,
        checkpoint=recipe.checkpoint,
        seed=seed,
        private=options.private,
        price_tenths=0,
        lane=Lane.TOKEN,
        locale=actor.locale,
        created_ms=now_ms,
        images=tuple(
            NewImage(position, _noise(recipe, seed_of_image(seed, position)), recipe.grid)
            for position in range(options.count)
        ),
        reply=reply,
        references=references,
        parent=recipe.parent,
        strength=recipe.strength,
        spoiler=recipe.spoiler,
    )
    return replace(job, price_tenths=price_tenths_of(shape_of(job)))


def _noise(recipe: Recipe, seed: int) -> NoiseRecipe:
    if recipe.noise is None or recipe.strength is None:
        return NoiseRecipe(seed)
    # The whole chain is kept: no other picture has to exist to draw this noise again.
    return replace(recipe.noise, blends=(*recipe.noise.blends, Blend(seed, recipe.strength.weight)))
