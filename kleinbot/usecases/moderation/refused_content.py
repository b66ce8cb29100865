"""Tells moderators who was refused by which rule or listed word, and when; never what was typed."""

from kleinbot.content.rules import ContentRule
from kleinbot.domain.clock import HOUR_MS, Clock
from kleinbot.domain.errors import Parameter
from kleinbot.domain.people import Actor, MemberKey
from kleinbot.domain.quota import AuditAction
from kleinbot.store.database import MEMBER_TIMEOUT_S, Database
from kleinbot.store.members import audit, servers

_ACTIONS = {
    ContentRule.MINORS: AuditAction.REFUSED_MINORS,
    ContentRule.OTHERS_PICTURES: AuditAction.REFUSED_OTHERS_PICTURES,
}
_MOST_REMEMBERED = 1_000


class RefusedContent:
    """One audit row for each member, rule and hour: nobody can fill the audit by trying again.

    A server's list of words is one rule.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._noted_ms: dict[tuple[MemberKey, AuditAction], int] = {}

    async def note(self, actor: Actor, rule: ContentRule) -> None:
        """Add a row, unless there was one within the hour."""
        await self._note(actor, _ACTIONS[rule], {})

    async def note_word(self, actor: Actor, word: str) -> None:
        """Add a row for a word of the server's list, unless there was one, for whichever, within the hour."""
        await self._note(actor, AuditAction.REFUSED_WORD, {"reason": word})

    async def _note(self, actor: Actor, action: AuditAction, details: dict[str, Parameter]) -> None:
        key, now_ms = (actor.member, action), self._clock.now_ms()
        noted_ms = self._noted_ms.get(key)
        if noted_ms is not None and 0 <= now_ms - noted_ms < HOUR_MS:
            return
        if len(self._noted_ms) >= _MOST_REMEMBERED:
            self._noted_ms.pop(next(iter(self._noted_ms)))
        self._noted_ms[key] = now_ms
        async with self._database.transaction(MEMBER_TIMEOUT_S) as transaction:
            await servers.remember(transaction, actor.server_id, now_ms)
            await audit.note(
                transaction, action, actor.member_id, now_ms,
                server_id=actor.server_id, member_id=actor.member_id, details=details,
            )  # fmt: skip
