-- What authors take back, and which old pictures a server lets go.
-- Why: everything that others made from somebody's picture is removed page by page, also what was made from that, and a
-- process that ends in between goes on; and a purge of old pictures is counted and announced before it begins.

-- A result that is to be removed unless it is the author's own, with everything that was made from it.
CREATE TABLE takedowns (
    job_id    TEXT    PRIMARY KEY REFERENCES jobs (job_id),
    author_id INTEGER NOT NULL
) STRICT;

-- until_ms: jobs that ended up to there were looked at. chosen_ms: the admins' choice that this row is about; another
-- choice begins anew. begins_ms: nothing is purged before.
CREATE TABLE purges (
    server_id  INTEGER PRIMARY KEY REFERENCES servers (server_id),
    chosen_ms  INTEGER NOT NULL,
    begins_ms  INTEGER NOT NULL,
    pictures   INTEGER NOT NULL,
    until_ms   INTEGER NOT NULL
) STRICT;

CREATE INDEX jobs_of_server_by_end ON jobs (server_id, ended_ms, job_id) WHERE pictures > 0 AND deleted_ms IS NULL;
