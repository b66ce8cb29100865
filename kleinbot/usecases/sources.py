"""Resolves which of our pictures a person means and checks that they may use it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from kleinbot.domain.errors import Code, Refusal
from kleinbot.domain.job import Image, Job
from kleinbot.domain.job_spec import NO_MARKS, ContentMark, ImageKey
from kleinbot.domain.people import Actor
from kleinbot.domain.pictures import OwnPicture
from kleinbot.domain.reference import Origin
from kleinbot.domain.requests import Attached, PictureReference, Source
from kleinbot.store.database import Database
from kleinbot.store.jobs import lookup
from kleinbot.store.results import own_pictures
from kleinbot.store.showcase import publications
from kleinbot.usecases.marks import inherited_from
from kleinbot.usecases.privacy import editing
from kleinbot.usecases.visibility import part_shown, require_shown

_MOST_SCANNED = 500
_MOST_SUGGESTED = 25
_TYPED_CHARACTERS = 200


@dataclass(frozen=True)
class Chosen:
    """A finished picture that the actor may see."""

    job: Job
    image: Image


class Sources:
    """Finds pictures by the names that people use. Read-only."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def job(self, actor: Actor, job_id: str) -> Job:
        """Return a job that ``actor`` may see (``usecases.visibility``), by job id.

        Raises Refusal PICTURE_UNKNOWN, also for another member's private job.
        """
        return await self._visible(actor, await lookup.by_id(self._database.read, job_id))

    async def resolve(self, actor: Actor, source: Source, *, needs_file: bool = True) -> Chosen | Attached:
        """Return the source picture of an edit or a variation.

        Raises the refusals of ``choose``, and Refusal EDITING_NOT_WANTED.
        """
        if isinstance(source, Attached):
            await self._require_wanted(actor, {source.origin(actor.member_id).author_id})
            return source
        chosen = await self.choose(actor, source, needs_file=needs_file)
        await self._require_wanted(actor, {chosen.job.member_id, *authors_of(chosen.job)})
        await self._require_open(actor, chosen)
        return chosen

    async def repeated(self, actor: Actor, job_id: str) -> Job:
        """Return a job that is to be made again. Raises as ``job``, and Refusal EDITING_NOT_WANTED."""
        job = await self.job(actor, job_id)
        await self._require_wanted(actor, authors_of(job))
        return job

    async def _require_wanted(self, actor: Actor, authors: Collection[int | None]) -> None:
        """Raise Refusal EDITING_NOT_WANTED if one of the authors does not want others to edit their pictures.

        What the server has chosen holds for authors who have not chosen themselves, or are not known.
        """
        for author_id in authors:
            if author_id != actor.member_id and not await editing.is_wanted(
                self._database.read, actor.server_id, author_id
            ):
                raise Refusal(Code.EDITING_NOT_WANTED)

    async def _require_open(self, actor: Actor, chosen: Chosen) -> None:
        """Raise Refusal EDITING_NOT_WANTED if its author shares the picture and wants it left as it is."""
        if chosen.job.member_id == actor.member_id:
            return
        for each in await publications.of_job(self._database.read, chosen.job.job_id):
            if each.key == chosen.image.key and not each.choices.others_may_edit:
                raise Refusal(Code.EDITING_NOT_WANTED)

    async def choose(self, actor: Actor, name: PictureReference, *, needs_file: bool = True) -> Chosen:
        """Return the picture named by ``name``.

        A number names only the actor's own jobs: numbers can be guessed, also those of hidden channels.
        ``needs_file`` False: a picture will do whose file is no longer kept, since only its noise is used.
        Raises Refusal PICTURE_UNKNOWN, PICTURE_GONE, PICTURE_NOT_KEPT or NO_PICTURE_YET.
        """
        if name.job_id is not None:
            job = await self.job(actor, name.job_id)
        elif name.number is not None:
            found = await lookup.by_number(self._database.read, actor.server_id, name.number)
            job = await self._visible(actor, found if found and found.member_id == actor.member_id else None)
        else:
            job = await self._newest(actor)
        return Chosen(job, _finished(job, name.position, needs_file=needs_file))

    async def suggest(self, actor: Actor, typed: str) -> list[OwnPicture]:
        """Return ``actor``'s newest pictures whose number or prompt contains the typed text."""
        wanted = typed.strip()[:_TYPED_CHARACTERS]
        return await own_pictures.suggested(
            self._database.read, actor.member, wanted, _MOST_SCANNED, _MOST_SUGGESTED
        )

    async def _visible(self, actor: Actor, job: Job | None) -> Job:
        job = None if job is None else await part_shown(self._database.read, actor, job)
        if job is None:
            raise Refusal(Code.PICTURE_UNKNOWN)
        if job.deleted_ms is not None:
            raise Refusal(Code.PICTURE_GONE, number=str(job.number))
        await require_shown(self._database.read, actor, job)
        if not job.spec.prompt and all(image.file is None for image in job.images):
            # Shared without its prompt, or long gone: there is nothing to make anything from.
            whole = await lookup.by_id(self._database.read, job.job_id)
            if whole is not None and whole.spec.prompt:
                raise Refusal(Code.EDITING_NOT_WANTED)
        return job

    async def _newest(self, actor: Actor) -> Job:
        found = await own_pictures.newest(self._database.read, actor.member, 1)
        if not found:
            raise Refusal(Code.NO_PICTURE_YET)
        return await self.job(actor, found[0].key.job_id)


def is_private(asked: bool | None, source: Chosen | Attached, asker_id: int) -> bool:
    """Return whether a result is private: as asked, otherwise as its source.

    What is made from somebody else's attachment is seen by the asker alone until they post it.
    """
    if isinstance(source, Attached) and source.origin(asker_id).author_id != asker_id:
        return True
    return isinstance(source, Chosen) and source.job.private if asked is None else asked


def origin_of(source: Chosen | Attached, asker_id: int) -> Origin:
    """Return whose picture a source is, and where it was posted if it is not one of ours."""
    if isinstance(source, Attached):
        return source.origin(asker_id)
    return Origin(source.job.member_id)


def authors_of(job: Job) -> frozenset[int | None]:
    """Return whose pictures went into a job; None for somebody who is not known."""
    return frozenset(
        reference.origin.author_id
        for reference in job.spec.references
        if reference.origin.author_id is not None or reference.origin.attachment_id is not None
    )


def is_of_others(job: Job) -> bool:
    """Return whether a job was made from somebody else's attachment."""
    return any(
        reference.origin.attachment_id is not None and reference.origin.author_id != job.member_id
        for reference in job.spec.references
    )


def is_spoiler(source: Chosen | Attached) -> bool:
    """Return whether the source is hidden until clicked; results made from it are hidden too."""
    return source.job.spec.spoiler if isinstance(source, Chosen) else source.is_spoiler


async def marks_from(sources: Sequence[Chosen | Attached]) -> ContentMark:
    """Return the marks that a job inherits from its source pictures."""
    marks = NO_MARKS
    for source in sources:
        marks |= await inherited_from(source.job) if isinstance(source, Chosen) else ContentMark.OUTSIDE
    return marks


def parent_of(source: Chosen | Attached) -> ImageKey | None:
    return source.image.key if isinstance(source, Chosen) else None


def _finished(job: Job, position: int | None, *, needs_file: bool) -> Image:
    named = [image for image in job.done_images if position in (None, image.key.position)]
    for image in named:
        if image.file is not None or not needs_file:
            return image
    raise Refusal(Code.PICTURE_NOT_KEPT if named else Code.PICTURE_GONE, number=str(job.number))
