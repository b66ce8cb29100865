"""Variations: other pictures that are more or less like one, and rerolls: the same job with other seeds."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from kleinbot.domain.job import Job, JobKind
from kleinbot.domain.people import Actor
from kleinbot.domain.reference import Role
from kleinbot.domain.requests import Attached, RerollRequest, VariationsRequest
from kleinbot.usecases.inputs import Arriving, Inputs
from kleinbot.usecases.recipes import Options, Recipe, recipe_of
from kleinbot.usecases.sources import Chosen, Sources, is_private, is_spoiler, parent_of
from kleinbot.usecases.submit import PreparedRequest, Submit


class Variations:
    """Accepts variations and rerolls.

    Of a picture whose noise we know, other noise is mixed into it; everything else about it stays. Any other
    picture is noised only in part and denoised again.
    """

    def __init__(self, submit: Submit, sources: Sources, inputs: Inputs) -> None:
        self._submit = submit
        self._sources = sources
        self._inputs = inputs

    async def begin(self, actor: Actor, request: VariationsRequest) -> PreparedRequest:
        """Check everything that takes no download. Raises the refusals of ``Sources.choose``."""
        with self._submit.counting_refusals():
            source = await self._sources.resolve(actor, request.source)

        @asynccontextmanager
        async def recipe() -> AsyncIterator[Recipe]:
            if isinstance(source, Chosen) and not _begins_at_a_picture(source.job):
                with self._inputs.arriving(actor.member_id, ()) as arriving:
                    yield await _of_noise(arriving, source, request)
            else:
                with self._inputs.arriving(actor.member_id, [source]) as arriving:
                    yield await _of_pixels(arriving, source, request)

        count = request.count or (source.job.count if isinstance(source, Chosen) else 1)
        options = Options(count, None, is_private(request.private, source))
        return await self._submit.begun(actor, options, recipe, downloads=isinstance(source, Attached))

    async def reroll(self, actor: Actor, request: RerollRequest) -> PreparedRequest:
        """Begin a job again. Raises Refusal PICTURE_UNKNOWN."""
        with self._submit.counting_refusals():
            job = await self._sources.job(actor, request.job_id)

        @asynccontextmanager
        async def recipe() -> AsyncIterator[Recipe]:
            with self._inputs.arriving(actor.member_id, ()) as arriving:
                yield recipe_of(job, await arriving.copies(job))

        return await self._submit.begun(actor, Options(job.count, None, job.private), recipe, downloads=False)


async def _of_noise(arriving: Arriving, parent: Chosen, request: VariationsRequest) -> Recipe:
    return Recipe(
        kind=JobKind.VARIATIONS,
        prompt=parent.job.prompt,
        grid=parent.image.grid,
        steps=parent.job.steps,
        checkpoint=parent.job.checkpoint,
        inputs=await arriving.copies(parent.job),
        noise=parent.image.noise,
        strength=request.strength,
        parent=parent.image.key,
        spoiler=parent.job.spoiler,
    )


async def _of_pixels(arriving: Arriving, source: Chosen | Attached, request: VariationsRequest) -> Recipe:
    start = await arriving.of(source, Role.START)
    return Recipe(
        kind=JobKind.VARIATIONS,
        prompt=source.job.prompt if isinstance(source, Chosen) else "",
        grid=start.grid,
        steps=request.strength.steps,
        inputs=(start,),
        strength=request.strength,
        parent=parent_of(source),
        spoiler=is_spoiler(source),
    )


def _begins_at_a_picture(job: Job) -> bool:
    return job.first_sigma < 1.0
