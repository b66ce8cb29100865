"""Looks through the pictures that are shared in a server."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from kleinbot.domain.clock import Clock
from kleinbot.domain.job import Job
from kleinbot.domain.people import Actor
from kleinbot.domain.showcase.gallery import GalleryPlace, GalleryQuery
from kleinbot.domain.showcase.publications import Publication
from kleinbot.images.cpu_pool import CpuPool
from kleinbot.images.thumbnail import thumbnail
from kleinbot.store.database import Database, Reader
from kleinbot.store.jobs import lookup
from kleinbot.store.showcase import gallery
from kleinbot.usecases.history import History, Search
from kleinbot.usecases.job_queries import JobQueries
from kleinbot.usecases.moderation.access import require_not_banned

PAGE_PICTURES = 5
_THUMBNAIL_PX = 256
_MOST_ROUNDS = 5
"""So often a page is filled up, where the reader does not see the channel of some posts."""


@dataclass(frozen=True)
class GalleryEntry:
    """``thumbnail``: a small WebP; None if the picture's file is gone."""

    publication: Publication
    job: Job
    thumbnail: bytes | None


@dataclass(frozen=True)
class GalleryPage:
    """``first``, ``last``: where the pages before and after it end; None: there is none."""

    wanted: GalleryQuery
    entries: tuple[GalleryEntry, ...]
    first: GalleryPlace | None
    last: GalleryPlace | None


class Gallery:
    """Read-only. Shows a post to whoever sees its channel."""

    def __init__(
        self, database: Database, history: History, queries: JobQueries, pool: CpuPool, clock: Clock
    ) -> None:
        self._database = database
        self._history = history
        self._queries = queries
        self._pool = pool
        self._clock = clock

    async def page(
        self, actor: Actor, wanted: GalleryQuery, place: GalleryPlace | None = None, *, older: bool = True
    ) -> GalleryPage:
        """Return the page after ``place``, or the one before it; None: the first.

        Raises Refusal BANNED, SERVER_BANNED or SEARCH_TOO_LONG, and SearchEndedError.
        """
        Search(wanted.text).require_bounded()
        await require_not_banned(self._database.read, actor, self._clock.now_ms())
        found, is_more = await self._seen(actor, wanted, place or gallery.FIRST, older=older)
        if not found and place is not None:
            # What was there is withdrawn, or the votes have changed: begin again.
            return await self.page(actor, wanted)
        if not older:
            found.reverse()
        is_before, is_after = (place is not None, is_more) if older else (is_more, True)
        return GalleryPage(
            wanted,
            tuple([each for publication in found if (each := await self._entry(publication)) is not None]),
            _place(found[0]) if found and is_before else None,
            _place(found[-1]) if found and is_after else None,
        )

    async def _seen(
        self, actor: Actor, wanted: GalleryQuery, place: GalleryPlace, *, older: bool
    ) -> tuple[list[Publication], bool]:
        """Return a page of what the actor sees, and whether there is more."""
        now_ms, found = self._clock.now_ms(), list[Publication]()
        limit = PAGE_PICTURES + 1
        for _ in range(_MOST_ROUNDS):
            async with self._reader(actor, wanted) as read:
                rows = await gallery.page(
                    read, actor.server_id, wanted, place, now_ms, older=older, limit=limit
                )
            found += [
                each for each in rows if each.message_id is not None and actor.sees_channel(each.channel_id)
            ]
            if len(found) > PAGE_PICTURES:
                return found[:PAGE_PICTURES], True
            if len(rows) < limit:
                return found, False
            place = _place(rows[-1])
        return found, True

    @asynccontextmanager
    async def _reader(self, actor: Actor, wanted: GalleryQuery) -> AsyncIterator[Reader]:
        """Yield the reader for a page; a search reads many words, and has a time limit."""
        if not wanted.text:
            yield self._database.read
            return
        async with self._history.searching(actor.member) as reader:
            yield reader

    async def _entry(self, publication: Publication) -> GalleryEntry | None:
        job = await lookup.by_id(self._database.read, publication.key.job_id)
        if job is None or job.deleted_ms is not None:
            return None
        images = [image for image in job.done_images if image.key == publication.key]
        for picture in await self._queries.pictures(images):
            if picture.data is not None:
                try:
                    small = await self._pool.run(thumbnail, picture.data, _THUMBNAIL_PX)
                except OSError:  # a damaged file: the page shows the other entries
                    break
                return GalleryEntry(publication, job, small)
        return GalleryEntry(publication, job, None)


def _place(publication: Publication) -> GalleryPlace:
    return GalleryPlace(publication.votes, publication.publication_id)
