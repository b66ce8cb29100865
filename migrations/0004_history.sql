-- What members do with their results.
-- Why: a result is kept for years. It can be found again, marked, shown in several places, and deleted: then its
-- row stays for the ledger, its files go, and so does every message that shows it, even where the process ends
-- in between. A result may need several messages, and none of them may be sent twice.

ALTER TABLE jobs ADD COLUMN deleted_ms INTEGER;
ALTER TABLE jobs ADD COLUMN deleted_by INTEGER;

CREATE INDEX jobs_deleted ON jobs (deleted_ms) WHERE deleted_ms IS NOT NULL;

CREATE TABLE favourites (
    server_id INTEGER NOT NULL,
    member_id INTEGER NOT NULL,
    job_id    TEXT    NOT NULL,
    position  INTEGER NOT NULL,
    made_ms   INTEGER NOT NULL,
    PRIMARY KEY (server_id, member_id, job_id, position),
    FOREIGN KEY (job_id, position) REFERENCES images (job_id, position)
) STRICT, WITHOUT ROWID;

CREATE INDEX favourites_of_job ON favourites (job_id);

-- Which of our messages shows which picture. 'delivery': it is the result being told, which happens once for
-- each picture; 'show': it was posted again.
CREATE TABLE posted_images (
    message_id INTEGER NOT NULL,
    position   INTEGER NOT NULL,
    job_id     TEXT    NOT NULL,
    server_id  INTEGER NOT NULL,
    channel_id INTEGER NOT NULL,
    origin     TEXT    NOT NULL CHECK (origin IN ('delivery', 'show')),
    posted_ms  INTEGER NOT NULL,
    PRIMARY KEY (message_id, position),
    FOREIGN KEY (job_id, position) REFERENCES images (job_id, position)
) STRICT, WITHOUT ROWID;

CREATE INDEX posted_images_of_job ON posted_images (job_id);

-- Messages that are to be removed from Discord; a row goes when its message has gone or can never be reached.
CREATE TABLE removals (
    message_id INTEGER PRIMARY KEY,
    channel_id INTEGER NOT NULL,
    server_id  INTEGER NOT NULL,
    attempts   INTEGER NOT NULL DEFAULT 0,
    due_ms     INTEGER NOT NULL
) STRICT;

CREATE INDEX removals_due ON removals (due_ms);

-- What was delivered before this table existed.
INSERT INTO posted_images (message_id, position, job_id, server_id, channel_id, origin, posted_ms)
    SELECT o.message_id, i.position, i.job_id, o.server_id, o.channel_id, 'delivery', o.sent_ms
    FROM outbox o JOIN images i USING (job_id)
    WHERE o.way IN ('reply', 'channel') AND o.message_id IS NOT NULL AND i.state = 'done';
