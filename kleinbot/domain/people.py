"""Members and acting persons."""

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True)
class MemberKey:
    """A member of one server. Quotas, jobs and results belong to it."""

    server_id: int
    member_id: int


@dataclass(frozen=True)
class Actor:
    """A person in one Discord server, with the permissions that Discord states for them there.

    ``event_id``: the Discord event by which they act, which may arrive several times; None: no such event.
    ``sees_channel``: whether they can see a channel of the server, as far as its permissions are known.
    ``role_ids``: their roles there, without the one that everybody has.
    ``channel_ids``: the channel in which they act, and of a thread its channel too.
    ``here_since_ms``: since when their account exists and is in the server; None: unknown.
    ``is_moderator``: in every channel. ``moderated_channel_id``: only in that channel, as far as is known.
    """

    server_id: int
    member_id: int
    locale: str
    is_moderator: bool = False
    is_admin: bool = False
    is_owner: bool = False
    moderated_channel_id: int | None = None
    event_id: int | None = None
    role_ids: frozenset[int] = frozenset()
    channel_ids: tuple[int, ...] = ()
    here_since_ms: int | None = None
    sees_channel: Callable[[int], bool] = field(default=lambda _: True, compare=False, repr=False)

    @property
    def member(self) -> MemberKey:
        return MemberKey(self.server_id, self.member_id)

    def moderates(self, channel_id: int) -> bool:
        return self.is_moderator or channel_id == self.moderated_channel_id
