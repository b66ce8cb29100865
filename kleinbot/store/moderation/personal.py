"""What the tables of moderation hold about people."""

from kleinbot.store.personal_tables import PersonalTable

BANS = PersonalTable(
    "bans",
    frozenset({"member_id", "made_by", "reason"}),
    export="SELECT 0 AS key_1, 0 AS key_2, kind, reason, made_ms, until_ms FROM bans"
    " WHERE server_id = ?1 AND member_id = ?2 AND ?3 < 0 LIMIT ?5",
    why="Who made it is not given out. Stays while it lasts: nobody ends a ban by deleting their data.",
)
CHANNEL_RULES = PersonalTable(
    "channel_rules", frozenset({"channel_id"}), why="Channels of a server; nothing about a person."
)

TABLES = (BANS, CHANNEL_RULES)
