"""What a server's admins read below their next /admin answer.

Each feature that has something to tell adds a source; ``Notices`` knows none of them.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from kleinbot.domain.clock import Clock
from kleinbot.domain.errors import Parameter
from kleinbot.domain.people import Actor
from kleinbot.store.database import MEMBER_TIMEOUT_S, Database, Reader
from kleinbot.store.members import members, notices

MOST_SHOWN = 8
"""Further notices wait for the next answer."""


@dataclass(frozen=True)
class Notice:
    """A sentence for the admins of one server.

    ``message_id`` and ``parameters`` are of ``texts``. ``once``: a key that is unique among the server's
    notices; each admin is shown the notice once. None: with every answer, as long as its source returns it.
    """

    message_id: str
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    once: str | None = None


NoticeSource = Callable[[Reader, int], Awaitable[Sequence[Notice]]]
"""Returns the notices of a server, by its id, the most important first. Must be quick and bounded."""


class Notices:
    """Knows what an admin has yet to read."""

    def __init__(self, database: Database, sources: Sequence[NoticeSource], clock: Clock) -> None:
        self._database = database
        self._sources = tuple(sources)
        self._clock = clock

    async def due(self, actor: Actor) -> tuple[Notice, ...]:
        """Return what the actor has yet to read about their server; nothing unless they are its admin."""
        if not actor.is_admin:
            return ()
        reader = self._database.read
        found = [notice for source in self._sources for notice in await source(reader, actor.server_id)]
        if not found:
            return ()
        read = await notices.read_by(reader, actor.member)
        return tuple(notice for notice in found if notice.once not in read)[:MOST_SHOWN]

    async def shown(self, actor: Actor, shown: Sequence[Notice]) -> None:
        """Record that the actor was shown these notices."""
        keys = [notice.once for notice in shown if notice.once is not None]
        if not keys:
            return
        now_ms = self._clock.now_ms()
        async with self._database.transaction(MEMBER_TIMEOUT_S) as transaction:
            await members.remember(transaction, actor.member, now_ms)
            await notices.note_read(transaction, actor.member, keys, now_ms)
