"""Who acts."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Actor:
    """A person in one Discord server, with the powers that Discord says they have there."""

    server_id: int
    member_id: int
    locale: str
    is_moderator: bool = False
    is_admin: bool = False
    is_host: bool = False
