"""What servers' admins and members have chosen. The row of the server or member itself must exist before."""

from dataclasses import astuple

from kleinbot.domain.geometry import Aspect
from kleinbot.domain.people import MemberKey
from kleinbot.domain.server_settings import MemberSettings, ServerSettings
from kleinbot.store.database import Reader, Transaction
from kleinbot.store.moderation import cases

_OF_SERVER = """
    SELECT moderators_channel_id, locale, others_may_edit, retention_days, retention_chosen_ms, set_up_ms,
           showcase_channel_id
    FROM server_settings WHERE server_id = ?
"""
_SET_OF_SERVER = """
    INSERT OR REPLACE INTO server_settings
    (server_id, moderators_channel_id, locale, others_may_edit, retention_days, retention_chosen_ms,
     set_up_ms, showcase_channel_id)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)
"""
_OF_MEMBER = """
    SELECT others_may_edit, previews, aspect, count, private, tell_done, is_named
    FROM member_settings WHERE server_id = ? AND member_id = ?
"""
_SET_OF_MEMBER = """
    INSERT OR REPLACE INTO member_settings
    (server_id, member_id, others_may_edit, previews, aspect, count, private, tell_done, is_named)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
"""

_AT_ONCE_MS = 0
_ASPECTS = frozenset(aspect.value for aspect in Aspect)


async def of_server(reader: Reader, server_id: int) -> ServerSettings:
    """Return a server's settings; the defaults if nobody has chosen."""
    row = await reader.one(_OF_SERVER, server_id)
    if row is None:
        return ServerSettings()
    return ServerSettings(row[0], row[1], bool(row[2]), row[3], row[4], row[5], row[6])


async def set_of_server(transaction: Transaction, server_id: int, settings: ServerSettings) -> None:
    """Replace a server's settings. Reports that waited for a moderators' channel are posted there."""
    await transaction.change(_SET_OF_SERVER, server_id, *astuple(settings))
    if settings.moderators_channel_id is not None:
        await cases.post_waiting(transaction, server_id, _AT_ONCE_MS)


async def of_member(reader: Reader, member: MemberKey) -> MemberSettings:
    """Return a member's settings; the defaults if they have not chosen."""
    row = await reader.one(_OF_MEMBER, member.server_id, member.member_id)
    if row is None:
        return MemberSettings()
    return MemberSettings(
        others_may_edit=None if row[0] is None else bool(row[0]),
        previews=row[1] is None or bool(row[1]),
        aspect=Aspect(row[2]) if row[2] in _ASPECTS else None,  # a later version may have offered others
        count=row[3],
        private=bool(row[4]),
        tell_done=bool(row[5]),
        is_named=row[6] is None or bool(row[6]),
    )


async def set_of_member(transaction: Transaction, member: MemberKey, settings: MemberSettings) -> None:
    """Replace a member's settings."""
    await transaction.change(_SET_OF_MEMBER, member.server_id, member.member_id, *astuple(settings))
