"""What the tables of servers and members hold about people."""

from kleinbot.store.personal_tables import PersonalTable

SERVERS = PersonalTable("servers", why="What the host allows a server; nothing about a person.")
SERVER_SETTINGS = PersonalTable(
    "server_settings",
    frozenset({"moderators_channel_id", "showcase_channel_id", "locale"}),
    why="What a server's admins have chosen for it, and not which of them.",
)
STYLES = PersonalTable(
    "styles", frozenset({"name", "before", "after"}),
    why="Words that admins have chosen for their server; nothing about a person.",
)  # fmt: skip
JOINING_POSTS = PersonalTable("joining_posts", why="Where the bot introduced itself in a server.")
SERVER_BANS = PersonalTable(
    "server_bans", frozenset({"reason"}), why="What the host noted about a server; nothing about a person."
)
HOST_LINES = PersonalTable(
    "host_lines", frozenset({"text"}), why="What the host has to say to admins; nothing about a person."
)
ROLE_QUOTAS = PersonalTable("role_quotas", why="What a server gives to roles; nothing about a person.")
MEMBER_SETTINGS = PersonalTable(
    "member_settings",
    frozenset({"member_id"}),
    export="SELECT 0 AS key_1, 0 AS key_2, others_may_edit, previews, aspect, count, private,"
    " tell_done, is_named FROM member_settings"
    " WHERE server_id = ?1 AND member_id = ?2 AND ?3 < 0 LIMIT ?5",
    of_member=("DELETE FROM member_settings WHERE server_id = ?1 AND member_id = ?2 AND ?3 > 0",),
)
NOTICES_READ = PersonalTable(
    "notices_read",
    frozenset({"member_id"}),
    of_member=(
        (
            "DELETE FROM notices_read WHERE (server_id, member_id, notice) IN"
            " (SELECT server_id, member_id, notice FROM notices_read"
            "  WHERE server_id = ?1 AND member_id = ?2 LIMIT ?3)"
        ),
    ),
    why="Not given out: which notices an admin has been shown.",
)
GRANTS = PersonalTable(
    "grants",
    frozenset({"member_id", "granted_by", "reason"}),
    export="""
        SELECT expires_ms AS key_1, grant_id AS key_2, amount_tenths, expires_ms, reason, made_ms
        FROM grants INDEXED BY grants_of_member
        WHERE server_id = ?1 AND member_id = ?2 AND expires_ms >= ?3 AND (expires_ms, grant_id) > (?3, ?4)
        ORDER BY expires_ms, grant_id LIMIT ?5
    """,
    of_person=(
        (
            "UPDATE grants SET granted_by = 0 WHERE grant_id IN"
            " (SELECT grant_id FROM grants INDEXED BY grants_given_by WHERE granted_by = ?2 LIMIT ?3)"
        ),
    ),
    why="Who gave it is not given out. Stays until it has expired and its entries in the ledger are gone.",
)
LEDGER = PersonalTable(
    "ledger",
    frozenset({"member_id", "made_by", "reason"}),
    export="""
        SELECT counts_ms AS key_1, entry_id AS key_2, kind, amount_tenths, counts_ms, made_ms, reason
        FROM ledger INDEXED BY ledger_of_member
        WHERE server_id = ?1 AND member_id = ?2 AND counts_ms >= ?3 AND (counts_ms, entry_id) > (?3, ?4)
        ORDER BY counts_ms, entry_id LIMIT ?5
    """,
    of_person=(
        (
            "UPDATE ledger SET made_by = 0 WHERE entry_id IN"
            " (SELECT entry_id FROM ledger INDEXED BY ledger_made_by"
            "  WHERE made_by IS NOT NULL AND made_by != 0 AND made_by = ?2 LIMIT ?3)"
        ),
    ),
    why="Who made an entry is not given out. What a person has spent stays until it no longer counts:"
    " nobody gets a new quota by deleting their data.",
)
AUDIT = PersonalTable(
    "audit",
    frozenset({"actor_id", "member_id", "details"}),
    export="""
        SELECT audit_id AS key_1, 0 AS key_2, 'by you' AS what, action, made_ms
        FROM audit INDEXED BY audit_of_actor
        WHERE actor_id = ?2 AND server_id = ?1 AND audit_id > ?3
        UNION ALL
        SELECT audit_id, 0, 'about you', action, made_ms
        FROM audit INDEXED BY audit_of_member
        WHERE member_id = ?2 AND server_id = ?1 AND audit_id > ?3
        ORDER BY 1, 3 LIMIT ?5
    """,
    why="The other person is not given out. Stays for 180 days, so that what was decided can be"
    " answered for; then nobody is named in the rows.",
)
MEMBERS = PersonalTable(
    "members",
    frozenset({"member_id"}),
    export="SELECT 0 AS key_1, 0 AS key_2, first_seen_ms, weight, quota_tenths,"
    " quota_hours, quota_hourly_tenths, quota_burst_tenths FROM members"
    " WHERE server_id = ?1 AND member_id = ?2 AND ?3 < 0 LIMIT ?5",
    why="Stays as long as the ledger, which refers to it.",
)
LEFT_SERVERS = PersonalTable("left_servers", why="Servers that removed the bot; nothing about a person.")
MEMBER_LOOK_UPS = PersonalTable(
    "member_look_ups",
    frozenset({"member_id"}),
    of_member=("DELETE FROM member_look_ups WHERE server_id = ?1 AND member_id = ?2 AND ?3 > 0",),
    why="Not given out: when Discord was last asked whether a member is still in the server.",
)
ERASURES = PersonalTable(
    "erasures",
    frozenset({"member_id"}),
    why="Not given out: that a person asked for deletion; it goes with the last of what stays for a while.",
)
EXPORTS = PersonalTable(
    "exports",
    frozenset({"member_id"}),
    of_person=("DELETE FROM exports WHERE member_id = ?2 AND ?3 > 0",),
    why="Not given out: when a person last asked for their data.",
)

TABLES = (
    SERVERS,
    SERVER_SETTINGS,
    STYLES,
    JOINING_POSTS,
    SERVER_BANS,
    HOST_LINES,
    ROLE_QUOTAS,
    MEMBER_SETTINGS,
    NOTICES_READ,
    GRANTS,
    LEDGER,
    AUDIT,
    LEFT_SERVERS,
    MEMBER_LOOK_UPS,
    MEMBERS,
    ERASURES,
    EXPORTS,
)
