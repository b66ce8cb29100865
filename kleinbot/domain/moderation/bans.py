"""Who may not make pictures, and where none are made, as frozen values."""

from dataclasses import dataclass
from enum import StrEnum

from kleinbot.domain.people import MemberKey

REASON_CHARACTERS = 200


class BanKind(StrEnum):
    """A time-out always ends by itself; a ban may last until it is lifted. Both stop the same things."""

    BAN = "ban"
    TIMEOUT = "timeout"


@dataclass(frozen=True)
class Ban:
    """A member may not make or post pictures in a server. ``until_ms`` None: until it is lifted."""

    member: MemberKey
    kind: BanKind
    reason: str
    made_by: int
    made_ms: int
    until_ms: int | None


@dataclass(frozen=True)
class ChannelRules:
    """In which channels of a server pictures are made: everywhere, unless somebody has chosen.

    Where there are ``allowed`` channels, only there; never in a ``denied`` one.
    """

    allowed: frozenset[int] = frozenset()
    denied: frozenset[int] = frozenset()

    def admit(self, channel_ids: tuple[int, ...]) -> bool:
        """Return whether pictures are made in a place; ``channel_ids``: a thread and its channel, or one."""
        if self.denied.intersection(channel_ids):
            return False
        return not self.allowed or bool(self.allowed.intersection(channel_ids))


@dataclass(frozen=True)
class Target:
    """The person whom a moderator's command names, with what Discord states about them."""

    member_id: int
    is_admin: bool = False
    is_owner: bool = False
