"""Edits a picture by an instruction, with up to three further references."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from kleinbot.domain.errors import Code, Refusal
from kleinbot.domain.job_spec import JobKind, JobSpec
from kleinbot.domain.people import Actor
from kleinbot.domain.reference import MOST_INPUTS, Role
from kleinbot.domain.requests import Attached, EditRequest
from kleinbot.usecases.inputs import Inputs
from kleinbot.usecases.recipes import Draft, Options
from kleinbot.usecases.sources import Sources, is_private, is_spoiler, marks_from, parent_of
from kleinbot.usecases.submit import PreparedRequest, Submit


class Edit:
    """Accepts edits. They are rendered on the first picture's own grid; otherwise content would shift."""

    def __init__(self, submit: Submit, sources: Sources, inputs: Inputs, most_references: int) -> None:
        self._submit = submit
        self._sources = sources
        self._inputs = inputs
        self.most_references = min(most_references, MOST_INPUTS) - 1
        """Not counting the edited picture."""

    async def begin(self, actor: Actor, request: EditRequest) -> PreparedRequest:
        """Check everything that needs no download.

        Raises the refusals of ``Sources.choose``, ``PromptCheck.clean`` and ``PromptCheck.judge``, and
        TOO_MANY_REFERENCES.
        """
        with self._submit.counting_refusals():
            instruction = self._submit.prompts.clean(request.instruction)
            if len(request.references) > self.most_references:
                raise Refusal(Code.TOO_MANY_REFERENCES, most=self.most_references)
            source = await self._sources.resolve(actor, request.source)
            marks = await marks_from((source, *request.references))
            await self._submit.prompts.judge(actor, instruction, marks)

        @asynccontextmanager
        async def draft() -> AsyncIterator[Draft]:
            pictures = (source, *request.references)
            with self._inputs.arriving(actor.member_id, pictures) as arriving:
                first = await arriving.of(source, Role.REFERENCE)
                more = [
                    await arriving.of(each, Role.REFERENCE, upscales=False) for each in request.references
                ]
                spec = JobSpec(
                    JobKind.EDIT,
                    instruction,
                    first.grid,
                    parent=parent_of(source),
                    spoiler=any(map(is_spoiler, pictures)),
                    marks=marks,
                )
                yield Draft(spec, (first, *more))

        downloads = isinstance(source, Attached) or bool(request.references)
        count = 1 if request.count is None else request.count
        options = Options(count, request.seed, is_private(request.private, source, actor.member_id))
        return await self._submit.prepare(actor, options, draft, downloads=downloads)
