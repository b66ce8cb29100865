"""Shares pictures in a server's showcase, and takes them out again."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace

from kleinbot.domain.clock import Clock
from kleinbot.domain.errors import Code, Refusal
from kleinbot.domain.job import Job
from kleinbot.domain.job_spec import ImageKey
from kleinbot.domain.moderation.reports import NoticeKind
from kleinbot.domain.people import Actor, MemberKey
from kleinbot.domain.plain_text import one_line
from kleinbot.domain.quota import AuditAction
from kleinbot.domain.showcase.publications import (
    CAPTION_CHARACTERS,
    Publication,
    PublicationState,
    ShareChoices,
)
from kleinbot.store.database import MEMBER_TIMEOUT_S, Database
from kleinbot.store.jobs import events, lookup
from kleinbot.store.members import audit, members, settings
from kleinbot.store.moderation import hidings, member_notices
from kleinbot.store.showcase import publications
from kleinbot.usecases.history import History
from kleinbot.usecases.moderation.access import require_not_banned
from kleinbot.usecases.sources import Sources


@dataclass(frozen=True)
class Shareable:
    """A result that its author may share: the positions of the pictures that are not shared yet."""

    job: Job
    positions: tuple[int, ...]
    channel_id: int


class Share:
    """Only its author shares a result, private or not; they withdraw it, and so may moderators."""

    def __init__(
        self,
        database: Database,
        history: History,
        sources: Sources,
        wake_showcase: Callable[[], None],
        clock: Clock,
    ) -> None:
        """``wake_showcase`` is called when posts of the showcase have to be sent, edited or removed."""
        self._database = database
        self._history = history
        self._sources = sources
        self._wake_showcase = wake_showcase
        self._clock = clock

    async def check(self, actor: Actor, job_id: str) -> Shareable:
        """Return what of a result the actor may share.

        Raises Refusal SHOWCASE_UNCHOSEN, SHARE_NOT_YOURS, ALREADY_SHARED, EDITING_NOT_WANTED, BANNED or
        SERVER_BANNED, and as ``History.seen``.
        """
        job = await self._history.seen(actor, job_id)
        if job.member_id != actor.member_id:
            raise Refusal(Code.SHARE_NOT_YOURS, number=str(job.number))
        await require_not_banned(self._database.read, actor, self._clock.now_ms())
        await self._sources.repeated(actor, job_id)
        chosen = await settings.of_server(self._database.read, actor.server_id)
        if chosen.showcase_channel_id is None:
            raise Refusal(Code.SHOWCASE_UNCHOSEN, who="admin" if actor.is_admin else "member")
        shared = await publications.of_job(self._database.read, job_id)
        there = {each.key.position for each in shared}
        left = [image for image in job.done_images if image.file is not None]
        positions = tuple(each.key.position for each in left if each.key.position not in there)
        if not positions:
            if shared:
                await self._look_again(shared)
                raise Refusal(Code.ALREADY_SHARED, number=str(job.number), link=shared[0].link)
            raise Refusal(Code.ORIGINAL_GONE, number=str(job.number))
        return Shareable(job, positions, chosen.showcase_channel_id)

    async def share(
        self, actor: Actor, job_id: str, positions: Collection[int], choices: ShareChoices
    ) -> tuple[Shareable, int]:
        """Share pictures of a result; return the result and how many were shared now. Raises as ``check``.

        A picture that is shared already stays as it is.
        """
        found = await self.check(actor, job_id)
        choices = replace(choices, caption=one_line(choices.caption, CAPTION_CHARACTERS))
        async with self._database.transaction(MEMBER_TIMEOUT_S) as transaction:
            now_ms = self._clock.now_ms()
            await events.accept(transaction, actor, now_ms)
            await require_not_banned(transaction, actor, now_ms)
            await members.remember(transaction, actor.member, now_ms)
            # Deleted or hidden while the form was open, or between the check and now.
            job = await lookup.by_id(transaction, job_id)
            if job is None or job.deleted_ms is not None:
                raise Refusal(Code.RESULT_DELETED, number=str(found.job.number))
            if await hidings.of_job(transaction, job_id) is not None:
                raise Refusal(Code.RESULT_HIDDEN, number=str(job.number))
            added = [
                await publications.add(
                    transaction, actor.member, ImageKey(job_id, position), choices, found.channel_id, now_ms
                )
                for position in sorted(set(positions) & set(found.positions))
            ]
            count = sum(each is not None for each in added)
            if not count:
                raise Refusal(Code.NOTHING_SHARED, number=str(job.number))
            transaction.after_commit(self._wake_showcase)
        return found, count

    async def withdraw(self, actor: Actor, publication_id: int) -> Publication:
        """Take a picture out of the showcase: for its author, and whoever moderates the channel.

        Raises Refusal NOT_SHARED if it is not there any more, and SHARE_NOT_YOURS.
        """
        found = await publications.by_id(self._database.read, publication_id)
        if found is None or found.server_id != actor.server_id or found.state is PublicationState.ENDED:
            raise Refusal(Code.NOT_SHARED)
        is_own = found.member_id == actor.member_id
        job = await lookup.by_id(self._database.read, found.key.job_id)
        number = "" if job is None else str(job.number)
        if not (is_own or actor.moderates(found.channel_id) or actor.is_admin):
            raise Refusal(Code.SHARE_NOT_YOURS, number=number)
        async with self._database.transaction(MEMBER_TIMEOUT_S) as transaction:
            now_ms = self._clock.now_ms()
            await events.accept(transaction, actor, now_ms)
            if not await publications.end(transaction, publication_id, now_ms):
                raise Refusal(Code.NOT_SHARED)
            if not is_own:
                await audit.note(
                    transaction, AuditAction.UNSHARE, actor.member_id, now_ms,
                    server_id=found.server_id, member_id=found.member_id, details={"number": number},
                )  # fmt: skip
                author = MemberKey(found.server_id, found.member_id)
                told = {"number": number}
                await member_notices.put(transaction, author, NoticeKind.UNSHARED, now_ms, told)
            transaction.after_commit(self._wake_showcase)
        return found

    async def _look_again(self, shared: Collection[Publication]) -> None:
        """Find out whether the posts are still there: somebody may have deleted them by hand."""
        async with self._database.transaction(MEMBER_TIMEOUT_S) as transaction:
            for each in shared:
                await publications.look_again(transaction, each.publication_id, self._clock.now_ms())
            transaction.after_commit(self._wake_showcase)
