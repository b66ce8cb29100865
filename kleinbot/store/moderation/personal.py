"""What the tables of moderation hold about people."""

from kleinbot.store.personal_tables import PersonalTable

BANS = PersonalTable(
    "bans",
    frozenset({"member_id", "made_by", "reason"}),
    export="SELECT 0 AS key_1, 0 AS key_2, kind, reason, made_ms, until_ms FROM bans"
    " WHERE server_id = ?1 AND member_id = ?2 AND ?3 < 0 LIMIT ?5",
    of_person=(
        (
            "UPDATE bans SET made_by = 0 WHERE (server_id, member_id) IN (SELECT server_id, member_id"
            " FROM bans INDEXED BY bans_made_by WHERE made_by = ?2 LIMIT ?3)"
        ),
    ),
    why="Who made it is not given out. After a deletion it is in kept_bans.",
)
KEPT_BANS = PersonalTable(
    "kept_bans",
    frozenset({"member_hash"}),
    why="Codes whose persons nobody can name: a ban lasts on after a deletion, and goes 30 days after its"
    " end. Nobody ends a ban by deleting their data.",
)
CHANNEL_RULES = PersonalTable(
    "channel_rules", frozenset({"channel_id"}), why="Channels of a server; nothing about a person."
)

SERVER_WORDS = PersonalTable(
    "server_words", frozenset({"entry"}), why="Words of a server's list; nothing about a person."
)

HIDINGS = PersonalTable(
    "hidings",
    frozenset({"reason", "words", "hidden_by"}),
    export="""
        SELECT page.number AS key_1, 0 AS key_2, page.number AS job, h.reason, h.words, h.hidden_ms,
               h.until_ms, h.job_id IS NOT NULL AS is_there
        FROM (SELECT job_id, number FROM jobs INDEXED BY jobs_of_member
              WHERE server_id = ?1 AND member_id = ?2 AND number > ?3 ORDER BY number LIMIT ?5) page
        LEFT JOIN hidings h USING (job_id) ORDER BY page.number
    """,
    of_jobs=("DELETE FROM hidings WHERE job_id IN (SELECT value FROM json_each(?1))",),
    of_person=(
        (
            "UPDATE hidings SET hidden_by = 0 WHERE job_id IN (SELECT job_id FROM hidings"
            " INDEXED BY hidings_by_moderator WHERE hidden_by = ?2 LIMIT ?3)"
        ),
    ),
    why="Who hid it is not given out.",
)
REFRESHES = PersonalTable(
    "refreshes",
    frozenset({"message_id", "channel_id"}),
    why="Messages that are about to be edited, and nothing of whose they are; a row goes with its edit.",
)
CASE_ACTIONS = PersonalTable(
    "case_actions",
    frozenset({"actor_id"}),
    of_jobs=(
        (
            "DELETE FROM case_actions WHERE case_id IN (SELECT case_id FROM report_cases"
            " WHERE job_id IN (SELECT value FROM json_each(?1)))"
        ),
    ),
    of_person=(
        (
            "UPDATE case_actions SET actor_id = 0 WHERE (case_id, action) IN (SELECT case_id, action"
            " FROM case_actions INDEXED BY case_actions_of_person WHERE actor_id = ?2 LIMIT ?3)"
        ),
    ),
    why="Not given out: which moderator did what about a report. The audit has it too.",
)
REPORTS = PersonalTable(
    "reports",
    frozenset({"reporter_id", "reason", "words"}),
    export="""
        SELECT made_ms AS key_1, report_id AS key_2, reason, words, made_ms, dismissed_ms
        FROM reports INDEXED BY reports_of_reporter
        WHERE server_id = ?1 AND reporter_id = ?2 AND made_ms >= ?3 AND (made_ms, report_id) > (?3, ?4)
        ORDER BY made_ms, report_id LIMIT ?5
    """,
    of_jobs=(
        (
            "DELETE FROM reports WHERE case_id IN (SELECT case_id FROM report_cases"
            " WHERE job_id IN (SELECT value FROM json_each(?1)))"
        ),
    ),
    of_person=(
        # The moderators' post names the reporter and quotes them.
        (
            "UPDATE report_cases SET post_state = 'due', post_version = post_version + 1, post_due_ms = 0"
            " WHERE post_state = 'posted' AND case_id IN (SELECT case_id FROM reports"
            "  INDEXED BY reports_of_person WHERE reporter_id != 0 AND reporter_id = ?2 LIMIT ?3)"
        ),
        (
            "UPDATE reports SET reporter_id = 0, words = '' WHERE report_id IN (SELECT report_id"
            " FROM reports INDEXED BY reports_of_person"
            "  WHERE reporter_id != 0 AND reporter_id = ?2 LIMIT ?3)"
        ),
    ),
    why="What a reporter wrote goes with their data; that somebody reported a picture, and why, stays.",
)
REPORT_CASES = PersonalTable(
    "report_cases",
    frozenset({"closed_by", "post_channel_id", "post_message_id"}),
    of_jobs=(
        (
            "INSERT INTO removals (message_id, channel_id, server_id, due_ms)"
            " SELECT post_message_id, post_channel_id, server_id, 0 FROM report_cases"
            " WHERE job_id IN (SELECT value FROM json_each(?1))"
            " AND post_message_id IS NOT NULL AND post_channel_id IS NOT NULL ON CONFLICT DO NOTHING"
        ),
        "DELETE FROM report_cases WHERE job_id IN (SELECT value FROM json_each(?1))",
    ),
    of_person=(
        (
            "UPDATE report_cases SET closed_by = 0 WHERE case_id IN (SELECT case_id FROM report_cases"
            " INDEXED BY report_cases_closed_by WHERE closed_by = ?2 LIMIT ?3)"
        ),
    ),
    why="Not given out to the author: that their picture was reported, and by whom. Its post is removed.",
)
MEMBER_NOTICES = PersonalTable(
    "member_notices",
    frozenset({"member_id", "details"}),
    export="""
        SELECT notice_id AS key_1, 0 AS key_2, kind, details, made_ms, given_ms
        FROM member_notices INDEXED BY member_notices_of_member
        WHERE server_id = ?1 AND member_id = ?2 AND notice_id > ?3 ORDER BY notice_id LIMIT ?5
    """,
    of_member=(
        (
            "DELETE FROM member_notices WHERE notice_id IN (SELECT notice_id FROM member_notices"
            " INDEXED BY member_notices_of_member WHERE server_id = ?1 AND member_id = ?2 LIMIT ?3)"
        ),
    ),
)

TABLES = (
    BANS,
    KEPT_BANS,
    CHANNEL_RULES,
    SERVER_WORDS,
    HIDINGS,
    REFRESHES,
    CASE_ACTIONS,
    REPORTS,
    REPORT_CASES,
    MEMBER_NOTICES,
)
