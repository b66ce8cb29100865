"""Variations, which resemble one picture more or less, and rerolls: the same job with other seeds."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from kleinbot.domain.errors import Code, Refusal
from kleinbot.domain.job import Job
from kleinbot.domain.job_spec import JobKind, JobSpec
from kleinbot.domain.people import Actor
from kleinbot.domain.reference import Role
from kleinbot.domain.requests import Attached, RerollRequest, VariationsRequest
from kleinbot.usecases.inputs import Arriving, Inputs
from kleinbot.usecases.marks import inherited_from
from kleinbot.usecases.recipes import Draft, Options, draft_of
from kleinbot.usecases.sources import Chosen, Sources, is_private, is_spoiler, marks_from, parent_of
from kleinbot.usecases.submit import PreparedRequest, Submit


class Variations:
    """Accepts variations and rerolls.

    If we know a picture's noise, other noise is mixed into it and everything else stays. Any other picture
    is partly noised and denoised again.
    """

    def __init__(self, submit: Submit, sources: Sources, inputs: Inputs) -> None:
        self._submit = submit
        self._sources = sources
        self._inputs = inputs

    async def begin(self, actor: Actor, request: VariationsRequest) -> PreparedRequest:
        """Check everything that needs no download. Raises the refusals of ``Sources.choose``."""
        with self._submit.counting_refusals():
            source = await self._sources.resolve(actor, request.source, needs_file=False)
            if isinstance(source, Chosen) and source.image.file is None and _starts_from_picture(source.job):
                raise Refusal(Code.PICTURE_NOT_KEPT, number=str(source.job.number))

        @asynccontextmanager
        async def draft() -> AsyncIterator[Draft]:
            if isinstance(source, Chosen) and not _starts_from_picture(source.job):
                with self._inputs.arriving(actor.member_id, ()) as arriving:
                    yield await _from_noise(arriving, source, request)
            else:
                with self._inputs.arriving(actor.member_id, [source]) as arriving:
                    yield await _from_pixels(arriving, source, request)

        count = request.count or (source.job.count if isinstance(source, Chosen) else 1)
        options = Options(count, None, is_private(request.private, source, actor.member_id))
        return await self._submit.prepare(actor, options, draft, downloads=isinstance(source, Attached))

    async def reroll(self, actor: Actor, request: RerollRequest) -> PreparedRequest:
        """Prepare the same job again. Raises Refusal PICTURE_UNKNOWN."""
        with self._submit.counting_refusals():
            job = await self._sources.repeated(actor, request.job_id)

        @asynccontextmanager
        async def draft() -> AsyncIterator[Draft]:
            with self._inputs.arriving(actor.member_id, ()) as arriving:
                yield draft_of(job, await arriving.copies(job), await inherited_from(job))

        private = job.private if request.private is None else request.private
        return await self._submit.prepare(actor, Options(job.count, None, private), draft, downloads=False)


async def _from_noise(arriving: Arriving, parent: Chosen, request: VariationsRequest) -> Draft:
    spec = replace(
        parent.job.spec,
        kind=JobKind.VARIATIONS,
        references=(),
        noise_parent=parent.image.noise,
        strength=request.strength,
        parent=parent.image.key,
        marks=await marks_from([parent]),
    )
    return Draft(spec, await arriving.copies(parent.job))


async def _from_pixels(arriving: Arriving, source: Chosen | Attached, request: VariationsRequest) -> Draft:
    start = await arriving.of(source, Role.START)
    spec = JobSpec(
        kind=JobKind.VARIATIONS,
        prompt=source.job.spec.prompt if isinstance(source, Chosen) else "",
        style=source.job.spec.style if isinstance(source, Chosen) else None,
        grid=start.grid,
        steps=request.strength.steps,
        strength=request.strength,
        parent=parent_of(source),
        spoiler=is_spoiler(source),
        marks=await marks_from([source]),
    )
    return Draft(spec, (start,))


def _starts_from_picture(job: Job) -> bool:
    return job.spec.first_sigma < 1.0
