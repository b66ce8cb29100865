"""What the tables of delivery hold about people."""

from kleinbot.store.personal_tables import PersonalTable

REPLIES = PersonalTable(
    "replies",
    frozenset({"token"}),
    of_jobs=("DELETE FROM replies WHERE job_id IN (SELECT value FROM json_each(?1))",),
    why="Not given out: Discord's secret by which an answer can be edited for 15 minutes.",
)
HAND_OVERS = PersonalTable(
    "hand_overs",
    frozenset({"token", "message_id"}),
    of_jobs=("DELETE FROM hand_overs WHERE job_id IN (SELECT value FROM json_each(?1))",),
    why="Not given out: as replies.",
)
OUTBOX = PersonalTable(
    "outbox",
    frozenset({"member_id", "channel_id", "message_id", "nonce"}),
    of_jobs=(
        (
            "INSERT INTO removals (message_id, channel_id, server_id, due_ms)"
            " SELECT message_id, channel_id, server_id, 0 FROM outbox"
            " WHERE job_id IN (SELECT value FROM json_each(?1))"
            " AND message_id IS NOT NULL AND channel_id IS NOT NULL ON CONFLICT DO NOTHING"
        ),
        "DELETE FROM outbox WHERE job_id IN (SELECT value FROM json_each(?1))",
    ),
    why="Not given out: whether a result has been told. Its messages are removed.",
)
POSTED_IMAGES = PersonalTable(
    "posted_images",
    frozenset({"message_id", "channel_id"}),
    export="""
        SELECT page.number AS key_1, 0 AS key_2,
               page.number AS job, p.position, p.channel_id, p.message_id, p.posted_ms,
               p.job_id IS NOT NULL AS is_there
        FROM (SELECT job_id, number FROM jobs INDEXED BY jobs_of_member
              WHERE server_id = ?1 AND member_id = ?2 AND number > ?3 ORDER BY number LIMIT ?5) page
        LEFT JOIN posted_images p USING (job_id) ORDER BY page.number, p.message_id, p.position
    """,
    of_jobs=(
        (
            "INSERT INTO removals (message_id, channel_id, server_id, due_ms)"
            " SELECT DISTINCT message_id, channel_id, server_id, 0 FROM posted_images"
            " WHERE job_id IN (SELECT value FROM json_each(?1)) ON CONFLICT DO NOTHING"
        ),
        "DELETE FROM posted_images WHERE job_id IN (SELECT value FROM json_each(?1))",
    ),
)
REMOVALS = PersonalTable(
    "removals",
    frozenset({"message_id", "channel_id"}),
    why="Messages that are about to be removed, and nothing of whose they were; a row goes with its message.",
)

TABLES = (REPLIES, HAND_OVERS, OUTBOX, POSTED_IMAGES, REMOVALS)
