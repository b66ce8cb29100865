"""The owner stops serving a server, or serves it again."""

from collections.abc import Callable, Collection

from kleinbot.domain.clock import Clock
from kleinbot.domain.errors import Code, Refusal
from kleinbot.domain.people import Actor
from kleinbot.domain.plain_text import one_line
from kleinbot.domain.quota import AuditAction
from kleinbot.store.database import MEMBER_TIMEOUT_S, Database, Reader
from kleinbot.store.jobs import events
from kleinbot.store.members import audit, server_bans, servers
from kleinbot.usecases.permissions import require_owner

REASON_CHARACTERS = 200


class BannedServers:
    """An in-memory copy of the rows, since every interaction asks. Only ``ServerBans`` changes them."""

    def __init__(self) -> None:
        self._banned: set[int] = set()

    def __contains__(self, server_id: object) -> bool:
        return server_id in self._banned

    async def load(self, reader: Reader) -> None:
        """Load the rows."""
        self._banned = set(await server_bans.banned(reader))

    def add(self, server_id: int) -> None:
        """Apply a new row."""
        self._banned.add(server_id)

    def remove(self, server_id: int) -> None:
        """Apply a deleted row."""
        self._banned.discard(server_id)


class ServerBans:
    """Every method raises Refusal NOT_THE_HOST unless the actor is the owner.

    The bot stays in a banned server, where it answers each command with one sentence. If it left, whoever
    invited it could do so again, and nobody there would learn why nothing happens.
    """

    def __init__(
        self, database: Database, banned: BannedServers, end_jobs: Callable[[], None], clock: Clock
    ) -> None:
        """``end_jobs`` ends the open jobs of banned servers soon; it also does so by itself now and then."""
        self._database = database
        self._banned = banned
        self._end_jobs = end_jobs
        self._clock = clock

    async def ban(self, actor: Actor, server_id: int, present: Collection[int], reason: str) -> None:
        """Serve a server no longer. Its open jobs end, with everything unfinished given back.

        Raises Refusal SERVER_UNKNOWN for a server that is neither known nor ``present``, and
        SERVER_ALREADY_BANNED.
        """
        require_owner(actor)
        now_ms = self._clock.now_ms()
        async with self._database.transaction(MEMBER_TIMEOUT_S) as transaction:
            await events.accept(transaction, actor, now_ms)
            if server_id not in present and not await servers.is_known(transaction, server_id):
                raise Refusal(Code.SERVER_UNKNOWN)
            await servers.remember(transaction, server_id, now_ms)
            reason = one_line(reason, REASON_CHARACTERS)
            if not await server_bans.ban(transaction, server_id, reason, now_ms):
                raise Refusal(Code.SERVER_ALREADY_BANNED)
            # The reason is the owner's own note: a server's admins can list what was done to it.
            action = AuditAction.SERVER_BAN
            await audit.note(transaction, action, actor.member_id, now_ms, server_id=server_id)
            transaction.after_commit(lambda: self._banned_now(server_id))

    async def lift(self, actor: Actor, server_id: int) -> None:
        """Serve a server again. Raises Refusal SERVER_NOT_BANNED."""
        require_owner(actor)
        now_ms = self._clock.now_ms()
        async with self._database.transaction(MEMBER_TIMEOUT_S) as transaction:
            await events.accept(transaction, actor, now_ms)
            if not await server_bans.lift(transaction, server_id):
                raise Refusal(Code.SERVER_NOT_BANNED)
            action = AuditAction.SERVER_UNBAN
            await audit.note(transaction, action, actor.member_id, now_ms, server_id=server_id)
            transaction.after_commit(lambda: self._banned.remove(server_id))

    def _banned_now(self, server_id: int) -> None:
        self._banned.add(server_id)
        self._end_jobs()
