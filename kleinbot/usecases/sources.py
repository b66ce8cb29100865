"""Which of our pictures somebody means, and whether they may use it."""

from dataclasses import dataclass

from kleinbot.domain.errors import Code, Refusal
from kleinbot.domain.job import Image, Job
from kleinbot.domain.job_spec import ImageKey
from kleinbot.domain.people import Actor
from kleinbot.domain.pictures import OwnPicture
from kleinbot.domain.requests import Attached, PictureReference, Source
from kleinbot.store.database import Database
from kleinbot.store.jobs import lookup
from kleinbot.store.results import own_pictures
from kleinbot.usecases.visibility import sees

_LOOKED_THROUGH = 500
_MOST_SUGGESTED = 25
_TYPED_CHARACTERS = 200


@dataclass(frozen=True)
class Chosen:
    """A finished picture that its user may see."""

    job: Job
    image: Image


class Sources:
    """Finds pictures by what people name them. Reads; changes nothing."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def job(self, actor: Actor, job_id: str) -> Job:
        """Return a job that ``actor`` may see (see ``studio.sight``), by its random key.

        Raises Refusal PICTURE_UNKNOWN, also for a private job of somebody else.
        """
        return await self._visible(actor, await lookup.by_id(self._database.read, job_id))

    async def resolve(self, actor: Actor, source: Source) -> Chosen | Attached:
        """Return what an edit or a variation begins with. Raises the refusals of ``choose``."""
        return source if isinstance(source, Attached) else await self.choose(actor, source)

    async def choose(self, actor: Actor, name: PictureReference) -> Chosen:
        """Return the picture called ``name``.

        A number names only one's own jobs: it can be guessed, also from a channel that one does not see.
        Raises Refusal PICTURE_UNKNOWN, PICTURE_GONE or NO_PICTURE_YET.
        """
        if name.job_id is not None:
            job = await self.job(actor, name.job_id)
        elif name.number is not None:
            found = await lookup.by_number(self._database.read, actor.server_id, name.number)
            job = await self._visible(actor, found if found and found.member_id == actor.member_id else None)
        else:
            job = await self._newest(actor)
        return Chosen(job, _finished(job, name.position))

    async def suggest(self, actor: Actor, typed: str) -> list[OwnPicture]:
        """Return ``actor``'s newest pictures whose number or prompt has what was typed."""
        owner = actor.member
        wanted = typed.strip()[:_TYPED_CHARACTERS]
        return await own_pictures.suggested(
            self._database.read, owner, wanted, _LOOKED_THROUGH, _MOST_SUGGESTED
        )

    async def _visible(self, actor: Actor, job: Job | None) -> Job:
        if job is None or not await sees(self._database.read, actor, job):
            raise Refusal(Code.PICTURE_UNKNOWN)
        if job.deleted_ms is not None:
            raise Refusal(Code.PICTURE_GONE, number=str(job.number))
        return job

    async def _newest(self, actor: Actor) -> Job:
        owner = actor.member
        found = await own_pictures.newest(self._database.read, owner, 1)
        if not found:
            raise Refusal(Code.NO_PICTURE_YET)
        return await self.job(actor, found[0].key.job_id)


def is_private(asked: bool | None, source: Chosen | Attached) -> bool:
    """Return whether a result is private: as asked, else as what it begins with."""
    return isinstance(source, Chosen) and source.job.private if asked is None else asked


def is_spoiler(source: Chosen | Attached) -> bool:
    """Return whether a picture is hidden until clicked: what is made from it is, too."""
    return source.job.spec.spoiler if isinstance(source, Chosen) else source.is_spoiler


def parent_of(source: Chosen | Attached) -> ImageKey | None:
    return source.image.key if isinstance(source, Chosen) else None


def _finished(job: Job, position: int | None) -> Image:
    for image in job.done_images:
        if image.file is not None and position in (None, image.key.position):
            return image
    raise Refusal(Code.PICTURE_GONE, number=str(job.number))
