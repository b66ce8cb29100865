"""What the tables of jobs hold about people."""

from kleinbot.store.personal_tables import PersonalTable

PRESSES = PersonalTable(
    "presses",
    frozenset({"member_id", "message_id", "custom_id"}),
    of_jobs=("DELETE FROM presses WHERE job_id IN (SELECT value FROM json_each(?1))",),
    why="Not given out: it only tells a repeated press, for a day. It goes with the job that it made.",
)
ACCEPTED_EVENTS = PersonalTable(
    "accepted_events",
    frozenset({"member_id"}),
    of_person=(
        (
            "UPDATE accepted_events SET member_id = 0 WHERE event_id IN"
            " (SELECT event_id FROM accepted_events WHERE member_id = ?2 LIMIT ?3)"
        ),
    ),
    why="Not given out: numbers of Discord's events, for two days, so that none is accepted twice.",
)
ATTEMPTS = PersonalTable(
    "attempts",
    of_jobs=("DELETE FROM attempts WHERE job_id IN (SELECT value FROM json_each(?1))",),
    why="When an image was on the graphics card; says nothing about a person without its job.",
)
REFERENCES = PersonalTable(
    "job_references",
    frozenset({"author_id", "message_id", "attachment_id", "file", "sha256"}),
    # Of a picture by somebody else only that there was one.
    export="""
        SELECT page.number AS key_1, 0 AS key_2,
               page.number AS job, r.position, r.role,
               CASE WHEN r.gone_ms IS NULL AND r.author_id = ?2 THEN r.file END AS file,
               CASE WHEN r.author_id = ?2 THEN r.message_id END AS message_id,
               r.author_id = ?2 AS is_own, r.job_id IS NOT NULL AS is_there
        FROM (SELECT job_id, number FROM jobs INDEXED BY jobs_of_member
              WHERE server_id = ?1 AND member_id = ?2 AND number > ?3 ORDER BY number LIMIT ?5) page
        LEFT JOIN job_references r USING (job_id) ORDER BY page.number, r.position
    """,
    of_jobs=("DELETE FROM job_references WHERE job_id IN (SELECT value FROM json_each(?1))",),
    why="Copies of a person's pictures in other people's jobs lose their file, and their row says only that.",
)
IMAGES = PersonalTable(
    "images",
    frozenset({"file", "sha256", "pixel_hash", "base_seed", "blends"}),
    export="""
        SELECT page.number AS key_1, 0 AS key_2,
               page.number AS job, i.position, i.base_seed, i.blends, i.state, i.finished_ms,
               i.bytes, CASE WHEN i.gone_ms IS NULL THEN i.file END AS file, i.job_id IS NOT NULL AS is_there
        FROM (SELECT job_id, number FROM jobs INDEXED BY jobs_of_member
              WHERE server_id = ?1 AND member_id = ?2 AND number > ?3 ORDER BY number LIMIT ?5) page
        LEFT JOIN images i USING (job_id) ORDER BY page.number, i.position
    """,
    of_jobs=("DELETE FROM images WHERE job_id IN (SELECT value FROM json_each(?1))",),
)
JOBS = PersonalTable(
    "jobs",
    frozenset(
        {
            "member_id",
            "prompt",
            "style_name",
            "channel_id",
            "locale",
            "seed",
            "error_parameters",
            "deleted_by",
            "parent_job",
        }
    ),
    export="""
        SELECT j.number AS key_1, 0 AS key_2,
               j.number AS job, j.server_id, j.kind, j.prompt, j.style_name, j.seed, j.count, j.private,
               j.columns, j.rows, j.steps, j.checkpoint, j.strength, j.spoiler, j.price_tenths, j.locale,
               j.channel_id, j.state, j.error_code, j.created_ms, j.ended_ms, j.deleted_ms
        FROM jobs j INDEXED BY jobs_of_member
        WHERE j.server_id = ?1 AND j.member_id = ?2 AND j.number > ?3 ORDER BY j.number LIMIT ?5
    """,
    of_jobs=(
        (
            "UPDATE jobs SET member_id = 0, prompt = '', seed = 0, columns = 1, rows = 1, private = 1,"
            " locale = 'en', channel_id = -1, error_code = NULL, error_parameters = '{}', deleted_by = 0,"
            " created_ms = 0, ended_ms = 0, pictures = 0, parent_job = NULL, parent_position = NULL,"
            " style_name = NULL, style_before = NULL, style_after = NULL,"
            " used_tenths = NULL, left_tenths = NULL, unhurried = NULL, told_end_ms = NULL"
            " WHERE job_id IN (SELECT value FROM json_each(?1))"
        ),
    ),
    of_person=(
        (
            "UPDATE jobs SET deleted_by = 0 WHERE job_id IN"
            " (SELECT job_id FROM jobs INDEXED BY jobs_deleted_by"
            "  WHERE deleted_by IS NOT NULL AND deleted_by != 0 AND deleted_by = ?2 LIMIT ?3)"
        ),
        (
            'UPDATE jobs SET error_parameters = \'{"by": "nobody"}\' WHERE job_id IN'
            " (SELECT job_id FROM jobs INDEXED BY jobs_stopped_by"
            "  WHERE error_code IN ('error-cancelled-by-moderator', 'error-cancelled-by-host')"
            "  AND json_extract(error_parameters, '$.by') = printf('%d', ?2) LIMIT ?3)"
        ),
    ),
    why="An empty row of nobody's stays: without it, a file of the job that is left in the archive or in a"
    " backup would be taken for another database's and kept. The number is never given again.",
)
QUEUE_TAGS = PersonalTable(
    "queue_tags",
    frozenset({"member_id"}),
    why="Not given out: how far somebody is ahead in the queue. Stays as long as the ledger.",
)
MEASURED_SECONDS = PersonalTable("measured_seconds", why="How long this machine takes.")

TABLES = (PRESSES, ACCEPTED_EVENTS, ATTEMPTS, REFERENCES, IMAGES, JOBS, QUEUE_TAGS, MEASURED_SECONDS)
