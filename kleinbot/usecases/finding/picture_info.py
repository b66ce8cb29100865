"""How any picture was made: ours by its pixels, another's by what its own file says."""

from collections.abc import Sequence
from dataclasses import dataclass

from kleinbot.domain.clock import Clock
from kleinbot.domain.errors import Code, Refusal
from kleinbot.domain.job import Job
from kleinbot.domain.job_spec import ImageKey
from kleinbot.domain.people import Actor
from kleinbot.domain.requests import Attached, Source
from kleinbot.images.written.recipe import WrittenRecipe
from kleinbot.store.database import Database
from kleinbot.store.jobs import lookup
from kleinbot.store.results import by_pixels
from kleinbot.usecases.inputs import Inputs
from kleinbot.usecases.moderation.access import require_not_banned
from kleinbot.usecases.sources import Sources
from kleinbot.usecases.visibility import part_shown, sees

MOST_EXAMINED = 4
_MOST_ALIKE = 20


@dataclass(frozen=True)
class Known:
    """What is known of one of the pictures that were asked about.

    ``recipe``: our own result, which the reader may see, or what the file says. ``at`` counts from 0.
    """

    recipe: Job | WrittenRecipe
    at: int = 0


class PictureInfo:
    """Tells how pictures were made. What the reader may not see is not known, whatever the file says."""

    def __init__(self, database: Database, sources: Sources, inputs: Inputs, clock: Clock) -> None:
        self._database = database
        self._sources = sources
        self._inputs = inputs
        self._clock = clock

    async def of_sources(self, actor: Actor, sources: Sequence[Source]) -> Known:
        """Return the first of ``sources`` of which something is known, among the first four.

        Raises Refusal PICTURE_NOT_KNOWN or BANNED, or why the first picture could not be read.
        """
        await require_not_banned(self._database.read, actor, self._clock.now_ms())
        first: Refusal | None = None
        for at, source in enumerate(sources[:MOST_EXAMINED]):
            try:
                return Known(await self._of(actor, source), at)
            except Refusal as refusal:
                first = first or refusal
        raise first or Refusal(Code.PICTURE_NOT_KNOWN)

    async def _of(self, actor: Actor, source: Source) -> Job | WrittenRecipe:
        if not isinstance(source, Attached):
            return (await self._sources.choose(actor, source, needs_file=False)).job
        facts = await self._inputs.facts(source, actor.member_id)
        if facts.pixel_hash is not None:
            found = await by_pixels.with_pixels(
                self._database.read, facts.pixel_hash, actor.server_id, _MOST_ALIKE
            )
            for key in found:
                if (job := await self._seen(actor, key)) is not None:
                    return job
            if found:
                # Its file may have our text, but whoever made it may have deleted or hidden it since.
                raise Refusal(Code.PICTURE_NOT_KNOWN)
        if facts.recipe is None:
            raise Refusal(Code.PICTURE_NOT_KNOWN)
        return facts.recipe

    async def _seen(self, actor: Actor, key: ImageKey) -> Job | None:
        job = await lookup.by_id(self._database.read, key.job_id)
        if job is None or job.deleted_ms is not None or not job.state.is_terminal:
            return None
        if not await sees(self._database.read, actor, job):
            return None
        part = await part_shown(self._database.read, actor, job)
        if part is None or key not in {image.key for image in part.images}:
            return None
        # Shared without its prompt: neither is its recipe known.
        return part if part.spec.prompt == job.spec.prompt else None
