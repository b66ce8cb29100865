"""What a server's admins and its members have chosen, as frozen values."""

from dataclasses import dataclass
from enum import StrEnum

from kleinbot.domain.geometry import Aspect


@dataclass(frozen=True)
class ServerSettings:
    """The choices of a server's admins; the defaults are those of a server in which nobody has chosen.

    ``moderators_channel_id``: where reports go. ``locale``: of messages that nobody asked for; None: unknown.
    ``others_may_edit``: whether members may edit each other's pictures unless the author has chosen.
    ``retention_days``: how long pictures are kept; None: for good. ``retention_chosen_ms``: when an
    admin chose that; None: nobody has. ``set_up_ms``: when set-up was last finished.
    ``showcase_channel_id``: where members share pictures; None: nowhere.
    """

    moderators_channel_id: int | None = None
    locale: str | None = None
    others_may_edit: bool = True
    retention_days: int | None = None
    retention_chosen_ms: int | None = None
    set_up_ms: int | None = None
    showcase_channel_id: int | None = None


@dataclass(frozen=True)
class MemberSettings:
    """The choices of one member.

    ``others_may_edit`` None: what the server has chosen. ``previews``: they are shown what a picture becomes.
    ``aspect``, ``count``, ``private``: what holds where a command leaves them out. ``tell_done``: a direct
    message tells them that a result which took long is there.
    ``is_named``: whether others' pictures in the showcase say that they were made from this member's.
    """

    others_may_edit: bool | None = None
    previews: bool = True
    aspect: Aspect | None = None
    count: int | None = None
    private: bool = False
    tell_done: bool = False
    is_named: bool = True


class PostState(StrEnum):
    """POSTING: it may have been sent. IMPOSSIBLE: nowhere to write. UNNEEDED: the bot was here before."""

    POSTING = "posting"
    POSTED = "posted"
    IMPOSSIBLE = "impossible"
    UNNEEDED = "unneeded"


@dataclass(frozen=True)
class JoiningPost:
    """The bot's introduction of itself in a server.

    ``channel_id``: where it was, or may have been, sent. ``began_ms``: when sending began.
    """

    server_id: int
    state: PostState
    channel_id: int | None
    began_ms: int
