"""Misbehaviour that Discord allows itself but rarely shows: switches that tests turn on."""

from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]

_OPTIONAL = {
    "user": (
        "global_name", "avatar_decoration_data", "collectibles", "primary_guild", "banner", "accent_color",
        "public_flags", "flags", "system", "mfa_enabled", "premium_type",
    ),
    "member": ("nick", "banner", "collectibles", "avatar_decoration_data", "communication_disabled_until"),
    "channel": (
        "last_message_id", "last_pin_timestamp", "topic", "nsfw", "rate_limit_per_user", "flags", "parent_id",
        "position",
    ),
    "interaction": ("guild", "guild_locale", "channel"),
}  # fmt: skip
"""Fields that the documentation marks with ``?``: any payload may lack them."""


@dataclass
class Misbehaviour:
    """Switches of one stand-in.

    ``events_twice``: each gateway event is sent again at once ("Consistency": up to N times).
    ``servers_unavailable``: READY announces the servers, but none arrives (an outage).
    ``unanswered_heartbeats``: the connection is dead without being closed.
    ``bare_payloads``: interactions lack the fields that the documentation marks as optional.
    ``unlisted_messages``: this many of the newest messages of a channel are not listed yet.
    ``late_answers_s``: the delay of every answer of the API.
    """

    events_twice: bool = False
    servers_unavailable: bool = False
    unanswered_heartbeats: bool = False
    bare_payloads: bool = False
    unlisted_messages: int = 0
    late_answers_s: float = 0.0


def bare(interaction: Json) -> Json:
    """Return an INTERACTION_CREATE without optional fields, also in its member and users."""
    found = _without(interaction, "interaction")
    if "member" in found:
        member = _without(found["member"], "member")
        found["member"] = member | {"user": _without(member["user"], "user")}
    if "user" in found:
        found["user"] = _without(found["user"], "user")
    return found


def _without(payload: Json, kind: str) -> Json:
    return {key: value for key, value in payload.items() if key not in _OPTIONAL[kind]}
