"""Completes job specs into jobs, for every command, button, modal and menu."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random

from kleinbot.domain.errors import Code, Refusal
from kleinbot.domain.geometry import Grid
from kleinbot.domain.job import MAX_COUNT, Job, Lane, NewImage, NewJob, ReplyTarget
from kleinbot.domain.job_spec import (
    BASE_STEPS,
    DISTILLED_STEPS,
    Checkpoint,
    ContentMark,
    ImageKey,
    JobKind,
    JobSpec,
    Style,
)
from kleinbot.domain.noise import SEED_COUNT, NoiseRecipe, Strength, seed_of_image
from kleinbot.domain.people import Actor
from kleinbot.domain.reference import UNKNOWN_ORIGIN, Origin, Role
from kleinbot.domain.requests import ImagineRequest, Quality
from kleinbot.scheduler.cost import PICTURE
from kleinbot.scheduler.entries import shape_of
from kleinbot.usecases.quota.prices import price_tenths_of


@dataclass(frozen=True)
class Input:
    """An input picture in memory, not yet stored: a PNG of exactly ``grid``."""

    role: Role
    png: bytes
    grid: Grid
    origin: Origin = UNKNOWN_ORIGIN


@dataclass(frozen=True)
class Draft:
    """A job spec with its input pictures in memory; once stored, they become its references."""

    spec: JobSpec
    inputs: tuple[Input, ...] = ()

    @property
    def reference_grids(self) -> list[Grid]:
        return [each.grid for each in self.inputs if each.role is Role.REFERENCE]


@dataclass(frozen=True)
class Options:
    """What a member chooses besides the job spec. ``seed`` None: draw one."""

    count: int
    seed: int | None
    private: bool


def least_tenths() -> int:
    """Return the price of the cheapest image that starts from an input picture."""
    return min(
        price_tenths_of(replace(PICTURE, steps=strength.steps, first_sigma=strength.first_sigma))
        for strength in Strength
    )


def edit_tenths() -> int:
    """Return the price of an edited square image without further references."""
    return price_tenths_of(replace(PICTURE, references=(PICTURE.grid,)))


def best_quality_tenths() -> int:
    """Return the price of a square image in best quality; other shapes differ by a tenth of a picture."""
    return price_tenths_of(replace(PICTURE, steps=BASE_STEPS, checkpoint=Checkpoint.BASE))


def imagine_draft(
    request: ImagineRequest, prompt: str, largest_grid_tokens: int, style: Style | None = None
) -> Draft:
    """Return the draft of a text-to-image request; ``prompt``: cleaned, with the style's words."""
    is_best = request.quality is Quality.BEST
    return Draft(
        JobSpec(
            JobKind.IMAGINE,
            prompt,
            request.aspect.grid.scaled_to(largest_grid_tokens),
            steps=BASE_STEPS if is_best else DISTILLED_STEPS,
            checkpoint=Checkpoint.BASE if is_best else Checkpoint.DISTILLED,
            style=style,
        )
    )


def draft_of(job: Job, inputs: tuple[Input, ...], marks: ContentMark) -> Draft:
    """Return a draft that repeats ``job`` and inherits ``marks``. ``inputs`` are copies of its references."""
    return Draft(replace(job.spec, references=(), parent=ImageKey(job.job_id, 0), marks=marks), inputs)


def drawn_seed(random: Random) -> int:
    """Return a seed for a job whose member chose none."""
    return random.randrange(SEED_COUNT)


def complete(
    spec: JobSpec,
    options: Options,
    actor: Actor,
    reply: ReplyTarget,
    job_id: str,
    draw_seed: Callable[[], int],
    now_ms: int,
) -> NewJob:
    """Return the job that ``spec`` and ``options`` ask for, priced.

    Raises Refusal COUNT_OUT_OF_RANGE or SEED_OUT_OF_RANGE.
    """
    if not 1 <= options.count <= MAX_COUNT:
        raise Refusal(Code.COUNT_OUT_OF_RANGE, count=options.count, most=MAX_COUNT)
    seed = draw_seed() if options.seed is None else options.seed
    if not 0 <= seed < SEED_COUNT:
        raise Refusal(Code.SEED_OUT_OF_RANGE, seed=str(seed))
    return NewJob(
        job_id=job_id,
        server_id=actor.server_id,
        member_id=actor.member_id,
        spec=spec,
        seed=seed,
        private=options.private,
        price_tenths=price_tenths_of(shape_of(spec)),
        lane=Lane.TOKEN,
        locale=actor.locale,
        created_ms=now_ms,
        images=tuple(
            NewImage(position, _noise(spec, seed_of_image(seed, position)), spec.grid)
            for position in range(options.count)
        ),
        reply=reply,
    )


def _noise(spec: JobSpec, seed: int) -> NoiseRecipe:
    if spec.noise_parent is None or spec.strength is None:
        return NoiseRecipe(seed)
    # The whole chain is stored, so this noise can be generated again without any other image.
    return spec.noise_parent.mixed_with(seed, spec.strength.weight)
