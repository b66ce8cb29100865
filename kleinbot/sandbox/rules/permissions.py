"""Names and bits of permissions (developer documentation, "Permissions")."""

from collections.abc import Iterable

BITS = {
    "create_instant_invite": 0,
    "kick_members": 1,
    "ban_members": 2,
    "administrator": 3,
    "manage_channels": 4,
    "manage_guild": 5,
    "add_reactions": 6,
    "view_audit_log": 7,
    "view_channel": 10,
    "send_messages": 11,
    "manage_messages": 13,
    "embed_links": 14,
    "attach_files": 15,
    "read_message_history": 16,
    "mention_everyone": 17,
    "use_external_emojis": 18,
    "manage_roles": 28,
    "use_application_commands": 31,
    "create_public_threads": 35,
    "send_messages_in_threads": 38,
    "moderate_members": 40,
    "use_external_apps": 50,
}

EVERYBODY = (
    "add_reactions",
    "view_channel",
    "send_messages",
    "embed_links",
    "attach_files",
    "read_message_history",
    "use_application_commands",
    "send_messages_in_threads",
)

BOT = (
    "view_channel",
    "send_messages",
    "embed_links",
    "attach_files",
    "read_message_history",
    "send_messages_in_threads",
)

ALL_BITS = sum(1 << bit for bit in BITS.values())


def bits_of(names: Iterable[str]) -> int:
    """Combine the bits of ``names``. An administrator has them all. Raises KeyError for an unknown name."""
    bits = 0
    for name in names:
        bits |= 1 << BITS[name]
    return ALL_BITS if bits >> BITS["administrator"] & 1 else bits
