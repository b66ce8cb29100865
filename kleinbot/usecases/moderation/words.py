"""Words that a server's admins forbid in prompts and instructions."""

import asyncio
from collections import OrderedDict

from kleinbot.content.server_words import MOST_WORDS, CompiledWords, compiled, is_entry
from kleinbot.domain.clock import Clock
from kleinbot.domain.errors import Code, Refusal
from kleinbot.domain.people import Actor
from kleinbot.domain.plain_text import one_line
from kleinbot.domain.quota import AuditAction
from kleinbot.store.database import MEMBER_TIMEOUT_S, Database
from kleinbot.store.jobs import events
from kleinbot.store.members import audit, servers
from kleinbot.store.moderation import words
from kleinbot.usecases.permissions import require_admin, require_moderator

_MOST_SERVERS = 200
"""Servers whose words are held ready; those of others are read again."""


class ForbiddenWords:
    """Holds each server's words ready for looking up. Whoever is refused does not learn which word it was."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._ready: OrderedDict[int, CompiledWords] = OrderedDict()
        self._changes = 0
        self._reading = asyncio.Lock()

    async def found(self, server_id: int, text: str) -> str | None:
        """Return a listed word that ``text`` contains."""
        ready = self._ready.get(server_id) or await self._read(server_id)
        if not (ready.phrases or ready.stars or ready.within):
            return None
        return await asyncio.to_thread(ready.found, text)

    async def _read(self, server_id: int) -> CompiledWords:
        async with self._reading:  # so that a flood after a change reads the list once
            if (ready := self._ready.get(server_id)) is not None:
                return ready
            changes = self._changes
            entries = await words.of_server(self._database.read, server_id, MOST_WORDS)
            ready = await asyncio.to_thread(compiled, entries)
            if changes == self._changes:  # or what was read may be older than a change
                self._ready[server_id] = ready
                if len(self._ready) > _MOST_SERVERS:
                    self._ready.popitem(last=False)
            return ready

    def changed(self, server_id: int) -> None:
        """Forget a server's words, which have just changed."""
        self._changes += 1
        self._ready.pop(server_id, None)


class Words:
    """For moderators to read and try, raising Refusal NOT_A_MODERATOR; for admins to change: NOT_AN_ADMIN."""

    def __init__(self, database: Database, forbidden: ForbiddenWords, clock: Clock) -> None:
        self._database = database
        self._forbidden = forbidden
        self._clock = clock

    async def listed(self, actor: Actor) -> list[str]:
        require_moderator(actor)
        return await words.of_server(self._database.read, actor.server_id, MOST_WORDS)

    async def test(self, actor: Actor, text: str) -> str | None:
        """Return a word of the list that ``text`` contains."""
        require_moderator(actor)
        return await self._forbidden.found(actor.server_id, text)

    async def add(self, actor: Actor, typed: str) -> str:
        """Forbid a word and return it. Raises Refusal WORD_UNUSABLE or TOO_MANY_WORDS."""
        require_admin(actor)
        entry, now_ms = _entry(typed), self._clock.now_ms()
        if not is_entry(entry):
            raise Refusal(Code.WORD_UNUSABLE)
        async with self._database.transaction(MEMBER_TIMEOUT_S) as transaction:
            await events.accept(transaction, actor, now_ms)
            await servers.remember(transaction, actor.server_id, now_ms)
            if await words.put(transaction, actor.server_id, entry):
                known = await words.of_server(transaction, actor.server_id, MOST_WORDS + 1)
                if len(known) > MOST_WORDS:
                    raise Refusal(Code.TOO_MANY_WORDS, most=MOST_WORDS)
                await audit.note(
                    transaction, AuditAction.WORD_ADD, actor.member_id, now_ms,
                    server_id=actor.server_id, details={"word": entry},
                )  # fmt: skip
            transaction.after_commit(lambda: self._forbidden.changed(actor.server_id))
        return entry

    async def remove(self, actor: Actor, typed: str) -> str:
        """Allow a word again and return it. Raises Refusal WORD_NOT_LISTED."""
        require_admin(actor)
        entry, now_ms = _entry(typed), self._clock.now_ms()
        async with self._database.transaction(MEMBER_TIMEOUT_S) as transaction:
            await events.accept(transaction, actor, now_ms)
            if not await words.remove(transaction, actor.server_id, entry):
                raise Refusal(Code.WORD_NOT_LISTED)
            await audit.note(
                transaction, AuditAction.WORD_REMOVE, actor.member_id, now_ms,
                server_id=actor.server_id, details={"word": entry},
            )  # fmt: skip
            transaction.after_commit(lambda: self._forbidden.changed(actor.server_id))
        return entry


def _entry(typed: str) -> str:
    return one_line(typed).lower()
