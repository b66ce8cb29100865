"""A member's own settings, and requests completed by them."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from kleinbot.domain.clock import Clock
from kleinbot.domain.errors import Code, Refusal
from kleinbot.domain.geometry import Aspect
from kleinbot.domain.job import MAX_COUNT
from kleinbot.domain.people import Actor, MemberKey
from kleinbot.domain.requests import ImagineRequest, TypedImagine
from kleinbot.domain.server_settings import MemberSettings
from kleinbot.store.database import MEMBER_TIMEOUT_S, Database, Reader
from kleinbot.store.jobs import events
from kleinbot.store.members import members, settings


async def is_wanted(reader: Reader, server_id: int, author_id: int | None) -> bool:
    """Return whether others may edit what ``author_id`` has posted; None: nobody knows who that is."""
    if author_id is not None:
        chosen = await settings.of_member(reader, MemberKey(server_id, author_id))
        if chosen.others_may_edit is not None:
            return chosen.others_may_edit
    return (await settings.of_server(reader, server_id)).others_may_edit


@dataclass(frozen=True)
class OwnSettings:
    """What a member has chosen, and what the server has for those who have not."""

    chosen: MemberSettings
    server_lets_edit: bool

    @property
    def lets_edit(self) -> bool:
        """Whether others may edit what the member posts."""
        allowed = self.chosen.others_may_edit
        return self.server_lets_edit if allowed is None else allowed


class MemberChoices:
    """A member's own settings."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def mine(self, actor: Actor) -> OwnSettings:
        read = self._database.read
        server = await settings.of_server(read, actor.server_id)
        return OwnSettings(await settings.of_member(read, actor.member), server.others_may_edit)

    async def choose_others_may_edit(self, actor: Actor, allowed: bool | None) -> OwnSettings:
        """Choose whether others may edit the actor's pictures; None: as the server has it. Idempotent."""
        return await self._choose(actor, lambda chosen: replace(chosen, others_may_edit=allowed))

    async def choose_previews(self, actor: Actor, *, shown: bool) -> OwnSettings:
        """Choose whether the actor is shown what their pictures become. Idempotent."""
        return await self._choose(actor, lambda chosen: replace(chosen, previews=shown))

    async def choose_aspect(self, actor: Actor, aspect: Aspect | None) -> OwnSettings:
        """Choose the shape of pictures where none is given; None: square. Idempotent."""
        return await self._choose(actor, lambda chosen: replace(chosen, aspect=aspect))

    async def choose_count(self, actor: Actor, count: int) -> OwnSettings:
        """Choose how many pictures /imagine makes where it is not said. Idempotent.

        Raises Refusal COUNT_OUT_OF_RANGE.
        """
        if not 1 <= count <= MAX_COUNT:
            raise Refusal(Code.COUNT_OUT_OF_RANGE, count=count, most=MAX_COUNT)
        return await self._choose(actor, lambda chosen: replace(chosen, count=count))

    async def choose_private(self, actor: Actor, *, private: bool) -> OwnSettings:
        """Choose whether the actor alone sees what they make where it is not said. Idempotent."""
        return await self._choose(actor, lambda chosen: replace(chosen, private=private))

    async def imagine(self, actor: Actor, typed: TypedImagine) -> ImagineRequest:
        """Return the request, completed by the actor's settings."""
        chosen = await settings.of_member(self._database.read, actor.member)
        return replace(
            typed,
            aspect=typed.aspect or chosen.aspect,
            count=chosen.count if typed.count is None else typed.count,
            private=chosen.private if typed.private is None else typed.private,
        ).completed()

    async def private(self, actor: Actor, asked: bool | None) -> bool | None:
        """Return whether a result is private: as asked, else if the actor wants that; None: as its source."""
        if asked is not None:
            return asked
        chosen = await settings.of_member(self._database.read, actor.member)
        return True if chosen.private else None

    async def choose_named(self, actor: Actor, *, named: bool) -> OwnSettings:
        """Choose whether shared pictures that were made from the actor's name them. Idempotent."""
        return await self._choose(actor, lambda chosen: replace(chosen, is_named=named))

    async def _choose(self, actor: Actor, change: Callable[[MemberSettings], MemberSettings]) -> OwnSettings:
        async with self._database.transaction(MEMBER_TIMEOUT_S) as transaction:
            now_ms = self._clock.now_ms()
            await events.accept(transaction, actor, now_ms)
            await members.remember(transaction, actor.member, now_ms)
            chosen = await settings.of_member(transaction, actor.member)
            await settings.set_of_member(transaction, actor.member, change(chosen))
        return await self.mine(actor)
