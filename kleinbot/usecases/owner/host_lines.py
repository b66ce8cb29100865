"""A line that the owner leaves for admins, of one server or of all. Each reads it once."""

from collections.abc import Collection

from kleinbot.domain.clock import Clock
from kleinbot.domain.errors import Code, Refusal
from kleinbot.domain.people import Actor
from kleinbot.domain.plain_text import is_visible, one_line
from kleinbot.domain.quota import AuditAction
from kleinbot.store.database import MEMBER_TIMEOUT_S, Database, Reader
from kleinbot.store.jobs import events
from kleinbot.store.members import audit, server_bans, servers
from kleinbot.store.members.server_bans import EVERY_SERVER, HostLine
from kleinbot.usecases.notices import Notice
from kleinbot.usecases.permissions import require_owner

LINE_CHARACTERS = 300


class HostLines:
    """Every method raises Refusal NOT_THE_HOST unless the actor is the owner."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def leave(
        self, actor: Actor, server_id: int | None, present: Collection[int], text: str | None
    ) -> str | None:
        """Leave a line in place of the earlier one, or with None take that back; return the line.

        ``server_id`` None: for the admins of all servers. Raises Refusal SERVER_UNKNOWN, and NO_HOST_LINE if
        there is none to take back.
        """
        require_owner(actor)
        now_ms = self._clock.now_ms()
        line = None if text is None or not is_visible(text) else one_line(text, LINE_CHARACTERS)
        async with self._database.transaction(MEMBER_TIMEOUT_S) as transaction:
            await events.accept(transaction, actor, now_ms)
            is_known = server_id is None or server_id in present
            if not is_known and not await servers.is_known(transaction, server_id or 0):
                raise Refusal(Code.SERVER_UNKNOWN)
            where = EVERY_SERVER if server_id is None else server_id
            if line is not None:
                await server_bans.put_line(transaction, HostLine(where, line, now_ms))
            elif not await server_bans.withdraw_line(transaction, where):
                raise Refusal(Code.NO_HOST_LINE)
            await audit.note(
                transaction, AuditAction.HOST_LINE, actor.member_id, now_ms,
                server_id=server_id, details={"text": line or ""},
            )  # fmt: skip
        return line


async def line_of_the_host(reader: Reader, server_id: int) -> tuple[Notice, ...]:
    """Return the owner's lines that a server's admins have to read."""
    return tuple(
        Notice("notice-host-line", {"text": line.text}, once=f"host:{line.server_id}:{line.made_ms}")
        for line in await server_bans.lines_for(reader, server_id)
    )
