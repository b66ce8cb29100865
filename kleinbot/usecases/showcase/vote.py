"""Votes for pictures in the showcase: one of a member for each, taken back by a second press."""

from collections.abc import Callable
from dataclasses import dataclass

from kleinbot.domain.clock import Clock
from kleinbot.domain.errors import Code, Refusal
from kleinbot.domain.people import Actor
from kleinbot.domain.showcase.publications import Publication, PublicationState
from kleinbot.store.database import MEMBER_TIMEOUT_S, Database
from kleinbot.store.jobs import events
from kleinbot.store.members import members
from kleinbot.store.moderation import bans
from kleinbot.store.showcase import publications, votes
from kleinbot.usecases.moderation.access import require_not_banned


@dataclass(frozen=True)
class Voted:
    """The publication after the press, with its count; ``is_added`` False: the vote was taken back."""

    publication: Publication
    is_added: bool


class Vote:
    """For whoever sees the showcase, except for one's own pictures."""

    def __init__(self, database: Database, wake_showcase: Callable[[], None], clock: Clock) -> None:
        self._database = database
        self._wake_showcase = wake_showcase
        self._clock = clock

    async def press(self, actor: Actor, publication_id: int) -> Voted:
        """Vote, or take the vote back.

        Raises Refusal NOT_SHARED, VOTE_FOR_OWN, and as ``require_not_banned``.
        """
        async with self._database.transaction(MEMBER_TIMEOUT_S) as transaction:
            now_ms = self._clock.now_ms()
            await events.accept(transaction, actor, now_ms)
            await require_not_banned(transaction, actor, now_ms)
            found = await publications.by_id(transaction, publication_id)
            if (
                found is None
                or found.server_id != actor.server_id
                or found.state is not PublicationState.SHOWN
                or not actor.sees_channel(found.channel_id)
            ):
                raise Refusal(Code.NOT_SHARED)
            if found.member_id == actor.member_id:
                raise Refusal(Code.VOTE_FOR_OWN)
            await members.remember(transaction, actor.member, now_ms)
            is_added = False
            if not await votes.remove(transaction, publication_id, actor.member, now_ms):
                is_added = await votes.add(transaction, publication_id, actor.member, now_ms)
            after = await publications.by_id(transaction, publication_id)
            transaction.after_commit(self._wake_showcase)
        return Voted(found if after is None else after, is_added)


async def recount_page(database: Database, now_ms: int) -> bool:
    """Count a page of the votes of somebody who was banned, or is no more; return whether there was any.

    A ban with an end is a time-out, and its votes count.
    """
    member = await votes.next_recount(database.read)
    if member is None:
        return False
    async with database.transaction() as transaction:
        ban = await bans.active(transaction, member, now_ms)
        counts = ban is None or ban.until_ms is not None
        await votes.recount(transaction, member, counts=counts, now_ms=now_ms)
    return True
