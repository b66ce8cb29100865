"""History: a member finds their results and posts one of them again."""

import re
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, replace
from enum import StrEnum

from kleinbot.domain.clock import DAY_MS, Clock
from kleinbot.domain.errors import Code, Refusal
from kleinbot.domain.geometry import Aspect
from kleinbot.domain.job import Job
from kleinbot.domain.job_spec import JobKind
from kleinbot.domain.people import Actor, MemberKey
from kleinbot.images.cpu_pool import CpuPool
from kleinbot.images.thumbnail import thumbnail
from kleinbot.store.bounded_search import BoundedSearches, SearchEndedError
from kleinbot.store.database import Database, Reader
from kleinbot.store.delivery import posted
from kleinbot.store.delivery.posted import PostedFor
from kleinbot.store.jobs import lookup
from kleinbot.store.moderation import hidings
from kleinbot.store.results import favourites, history
from kleinbot.store.results.history import HistoryQuery, Title
from kleinbot.usecases.job_queries import JobQueries
from kleinbot.usecases.moderation.access import require_access
from kleinbot.usecases.visibility import part_shown, require_shown, sees

PAGE_JOBS = 5
MOST_WORDS = 8
MOST_CHARACTERS = 200
_MOST_SCANNED = 500
"""Results that a suggestion searches; searching all of them takes longer than a keystroke."""

_THUMBNAIL_PX = 256
_NUMBER = re.compile(r"\s*#?(\d{1,9})\s*")


class Since(StrEnum):
    """How far back a search goes."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"

    @property
    def days(self) -> int:
        return {Since.DAY: 1, Since.WEEK: 7, Since.MONTH: 30, Since.YEAR: 365}[self]


@dataclass(frozen=True)
class Search:
    """A search: words that the prompt must contain, whether to list only favourites, and filters."""

    text: str = ""
    favourites: bool = False
    kind: JobKind | None = None
    aspect: Aspect | None = None
    since: Since | None = None
    with_references: bool = False

    @property
    def has_filters(self) -> bool:
        """Whether anything but words and favourites is asked for."""
        return bool(self.kind or self.aspect or self.since or self.with_references)

    @property
    def words(self) -> tuple[str, ...]:
        """The distinct words; a repeated word changes no result."""
        return tuple(dict.fromkeys(self.text.casefold().split()))

    def require_bounded(self) -> None:
        """Raise Refusal SEARCH_TOO_LONG if it exceeds the limits of a search."""
        if len(self.text) > MOST_CHARACTERS or len(self.words) > MOST_WORDS:
            raise Refusal(Code.SEARCH_TOO_LONG, words=MOST_WORDS, characters=MOST_CHARACTERS)

    def bounded(self) -> "Search":
        """Return the search cut to its limits."""
        words = Search(self.text[:MOST_CHARACTERS]).words[:MOST_WORDS]
        return replace(self, text=" ".join(words))


@dataclass(frozen=True)
class HistoryEntry:
    """One result in the list. ``thumbnail``: a small WebP of its first picture; None if that is gone.

    ``is_seen`` False: it was marked in a channel that its reader can no longer see, or ``is_hidden``, so no
    content is shown.
    """

    job: Job
    thumbnail: bytes | None
    favourites: frozenset[int]
    is_seen: bool = True
    is_hidden: bool = False


@dataclass(frozen=True)
class Page:
    """A page of results, newest first. ``newer`` and ``older``: whether further results exist."""

    search: Search
    entries: tuple[HistoryEntry, ...]
    newer: bool
    older: bool


class History:
    """Reads results. It writes only where a picture was posted."""

    def __init__(
        self,
        database: Database,
        queries: JobQueries,
        pool: CpuPool,
        wake_removal: Callable[[], None],
        clock: Clock,
    ) -> None:
        """``wake_removal`` is called if a noted message shows a result that was deleted meanwhile."""
        self._wake_removal = wake_removal
        self._database = database
        self._searches = BoundedSearches(database, clock)
        self._queries = queries
        self._pool = pool
        self._clock = clock

    async def page(
        self, actor: Actor, search: Search, *, before: int | None = None, after: int | None = None
    ) -> Page:
        """Return the page below job number ``before``, the one just above ``after``, or the first.

        Raises Refusal SEARCH_TOO_LONG, and SearchEndedError.
        """
        search.require_bounded()
        since_ms = None if search.since is None else self._clock.now_ms() - search.since.days * DAY_MS
        wanted = HistoryQuery(
            actor.member,
            search.words,
            search.favourites,
            search.kind,
            search.aspect,
            since_ms,
            search.with_references,
        )
        if after is not None:
            async with self._reader(wanted) as read:
                found = await history.newer(read, wanted, after, PAGE_JOBS + 1)
            jobs, newer, older = found[-PAGE_JOBS:], len(found) > PAGE_JOBS, True
            if not jobs:
                return await self.page(actor, search)
        else:
            async with self._reader(wanted) as read:
                found = await history.older(read, wanted, before, PAGE_JOBS + 1)
            jobs, newer, older = found[:PAGE_JOBS], before is not None, len(found) > PAGE_JOBS
            if not jobs and before is not None:
                # The whole page was deleted meanwhile: the page above it is now the last.
                return replace(await self.page(actor, search, after=before - 1), older=False)
        return Page(search, tuple([await self._entry(actor, job) for job in jobs]), newer, older)

    async def choices(self, actor: Actor, text: str, limit: int) -> list[Title]:
        """Return the actor's newest results whose number or prompt contains the typed text."""
        wanted = HistoryQuery(actor.member, Search(text).bounded().words)
        found: list[Title] = []
        with suppress(SearchEndedError):  # the next key asks again
            async with self._reader(wanted) as read:
                found = await history.recent(read, wanted, _MOST_SCANNED, limit)
        typed = _NUMBER.fullmatch(text)
        if typed is None:
            return found
        try:
            named = await self.mine(actor, int(typed[1]))
        except Refusal:
            return found
        rest = (title for title in found if title.number != named.number)
        return [Title(named.number, named.spec.prompt), *rest][:limit]

    def searching(self, member: MemberKey) -> AbstractAsyncContextManager[Reader]:
        """Return a reader for a search, which ends the member's earlier one. Raises SearchEndedError."""
        return self._searches.reader(member)

    @asynccontextmanager
    async def _reader(self, wanted: HistoryQuery) -> AsyncIterator[Reader]:
        """Yield the reader for a query. A query of everything is cheap and needs no bounded search."""
        if wanted.is_plain:
            yield self._database.read
            return
        async with self._searches.reader(wanted.member) as reader:
            yield reader

    async def mine(self, actor: Actor, number: int) -> Job:
        """Return one of the actor's own results.

        Raises Refusal RESULT_UNKNOWN, RESULT_DELETED or RESULT_HIDDEN_BECAUSE.
        """
        job = await lookup.by_number(self._database.read, actor.server_id, number)
        if job is None or job.member_id != actor.member_id:
            raise Refusal(Code.RESULT_UNKNOWN, job=f"#{number}")
        return await self._shown(actor, job)

    async def seen(self, actor: Actor, job_id: str) -> Job:
        """Return a result that the actor may see, by job id.

        Raises Refusal RESULT_UNSEEN, RESULT_DELETED, RESULT_HIDDEN or RESULT_HIDDEN_BECAUSE.
        """
        return await self._shown(actor, await self._part(actor, job_id))

    async def seen_or_hidden(self, actor: Actor, job_id: str) -> Job:
        """Return what ``seen`` returns, also if it is hidden: for what shows neither pictures nor prompt."""
        return _finished(await self._part(actor, job_id))

    async def _part(self, actor: Actor, job_id: str) -> Job:
        job = await lookup.by_id(self._database.read, job_id)
        seen = None if job is None else await part_shown(self._database.read, actor, job)
        if seen is None:
            raise Refusal(Code.RESULT_UNSEEN)
        return seen

    async def in_message(self, actor: Actor, message_id: int, stated: str | None) -> Job:
        """Return the result that a message shows. ``stated``: the job id that its own buttons carry.

        Further messages of a result have no buttons, and their rows are looked up. Raises Refusal
        PICTURE_NOT_KNOWN, and as ``seen``.
        """
        job_id = stated or await posted.job_shown_in(self._database.read, message_id)
        if job_id is None:
            raise Refusal(Code.PICTURE_NOT_KNOWN)
        return await self.seen(actor, job_id)

    async def sees_parent(self, actor: Actor, job: Job) -> bool:
        """Return whether the actor may see the parent of ``job``; otherwise its key must stay hidden."""
        if job.parent is None:
            return False
        parent = await lookup.by_id(self._database.read, job.parent.key.job_id)
        return parent is not None and await sees(self._database.read, actor, parent)

    async def require_posting(self, actor: Actor) -> None:
        """Raise Refusal BANNED or CHANNEL_CLOSED unless the actor may post pictures where they act."""
        await require_access(self._database.read, actor, self._clock.now_ms())

    async def note_seen(self, job: Job, channel_id: int, message_id: int) -> None:
        """Record that a message shows ``job`` if no row says so, for example after a restored backup."""
        if not await posted.is_known(self._database.read, message_id):
            positions = tuple(image.key.position for image in job.done_images)
            await self.note_shown(job, positions, channel_id, message_id)

    async def note_shown(
        self, job: Job, positions: tuple[int, ...], channel_id: int, message_id: int
    ) -> None:
        """Record that a message shows pictures of ``job``, so that deletion finds it."""
        async with self._database.transaction() as transaction:
            is_wanted = await posted.note(
                transaction,
                job.job_id,
                positions,
                channel_id,
                message_id,
                PostedFor.SHOW,
                self._clock.now_ms(),
            )
        if not is_wanted:
            self._wake_removal()

    async def _entry(self, actor: Actor, job: Job) -> HistoryEntry:
        marked = await favourites.positions(self._database.read, actor.member, job.job_id)
        seen = await part_shown(self._database.read, actor, job)
        if seen is None:
            return HistoryEntry(job, None, marked, is_seen=False)
        if await hidings.of_job(self._database.read, job.job_id) is not None:
            return HistoryEntry(job, None, marked, is_seen=False, is_hidden=True)
        return HistoryEntry(seen, await self._thumbnail(seen), marked)

    async def _shown(self, actor: Actor, job: Job) -> Job:
        finished = _finished(job)
        await require_shown(self._database.read, actor, job)
        return finished

    async def _thumbnail(self, job: Job) -> bytes | None:
        for picture in await self._queries.pictures(job.done_images[:1]):
            if picture.data is not None:
                try:
                    return await self._pool.run(thumbnail, picture.data, _THUMBNAIL_PX)
                except OSError:  # a damaged file: the list shows the other entries
                    return None
        return None


def _finished(job: Job) -> Job:
    if job.deleted_ms is not None:
        raise Refusal(Code.RESULT_DELETED, number=str(job.number))
    if not job.state.is_terminal or not job.done_images:
        raise Refusal(Code.RESULT_UNKNOWN, job=f"#{job.number}")
    return job
