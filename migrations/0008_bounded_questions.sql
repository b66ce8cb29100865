-- Indices and columns by which every question visits only the rows that answer it.
-- Why: some questions walked over all jobs of a member, or over a whole table, on the one connection that
-- everybody reads from. A plan that says SEARCH may still walk: what narrows a question must be in its index.

CREATE INDEX jobs_open_of_member ON jobs (server_id, member_id, created_ms, number)
    WHERE state IN ('queued', 'running');

-- How many of the job's pictures are made. Who cancels ten thousand jobs has ten thousand without one.
ALTER TABLE jobs ADD COLUMN pictures INTEGER NOT NULL DEFAULT 0;
UPDATE jobs SET pictures =
    (SELECT COUNT(*) FROM images WHERE images.job_id = jobs.job_id AND images.state = 'done');
CREATE INDEX jobs_with_pictures ON jobs (server_id, member_id, number)
    WHERE pictures > 0 AND deleted_ms IS NULL;
CREATE INDEX jobs_by_end ON jobs (ended_ms, server_id, pictures) WHERE pictures > 0;

-- The job's number, since marked results are listed by it. It never changes.
ALTER TABLE favourites ADD COLUMN number INTEGER NOT NULL DEFAULT 0;
UPDATE favourites SET number = (SELECT number FROM jobs WHERE jobs.job_id = favourites.job_id);
CREATE INDEX favourites_by_number ON favourites (server_id, member_id, number);

-- For whom a result is kept; NULL: it was told before this column.
ALTER TABLE outbox ADD COLUMN member_id INTEGER;
UPDATE outbox SET member_id = (SELECT member_id FROM jobs WHERE jobs.job_id = outbox.job_id)
    WHERE state != 'sent';
DROP INDEX outbox_kept;
CREATE INDEX outbox_kept_for ON outbox (server_id, member_id, outbox_id) WHERE state = 'kept';

-- What a clock that was ahead has stamped is looked for every few minutes.
CREATE INDEX ledger_by_moment ON ledger (counts_ms) WHERE kind = 'reserve' AND grant_id IS NULL;
CREATE INDEX grants_by_expiry ON grants (expires_ms);

CREATE INDEX members_weighted ON members (weight) WHERE weight != 1;
