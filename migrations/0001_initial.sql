-- The first schema.
-- Why: rows are the truth. Every row belongs to a Discord server; the line, the messages and the quota are
-- rebuilt from here after any end of the process. Times are milliseconds since the epoch (UTC), money is in
-- tenths of a picture.

CREATE TABLE servers (
    server_id     INTEGER PRIMARY KEY,
    first_seen_ms INTEGER NOT NULL,
    next_number   INTEGER NOT NULL DEFAULT 1,
    share         REAL    NOT NULL DEFAULT 1.0 CHECK (share > 0),
    quota_tenths  INTEGER CHECK (quota_tenths >= 0)
) STRICT;

CREATE TABLE members (
    server_id     INTEGER NOT NULL REFERENCES servers (server_id),
    member_id     INTEGER NOT NULL,
    first_seen_ms INTEGER NOT NULL,
    weight        REAL    NOT NULL DEFAULT 1.0 CHECK (weight > 0),
    quota_tenths  INTEGER CHECK (quota_tenths >= 0),
    PRIMARY KEY (server_id, member_id)
) STRICT, WITHOUT ROWID;

-- job_id is random: it is what buttons carry. number is what people see, counted per server.
CREATE TABLE jobs (
    job_id           TEXT    PRIMARY KEY,
    server_id        INTEGER NOT NULL,
    member_id        INTEGER NOT NULL,
    number           INTEGER NOT NULL,
    kind             TEXT    NOT NULL CHECK (kind IN ('imagine', 'edit', 'variations')),
    prompt           TEXT    NOT NULL,
    columns          INTEGER NOT NULL CHECK (columns > 0),
    rows             INTEGER NOT NULL CHECK (rows > 0),
    steps            INTEGER NOT NULL CHECK (steps > 0),
    checkpoint       TEXT    NOT NULL CHECK (checkpoint IN ('distilled', 'base')),
    seed             INTEGER NOT NULL CHECK (seed BETWEEN 0 AND 4294967295),
    count            INTEGER NOT NULL CHECK (count BETWEEN 1 AND 4),
    private          INTEGER NOT NULL CHECK (private IN (0, 1)),
    price_tenths     INTEGER NOT NULL CHECK (price_tenths >= 0),
    lane             TEXT    NOT NULL CHECK (lane IN ('token', 'relaxed')),
    locale           TEXT    NOT NULL,
    channel_id       INTEGER NOT NULL,
    state            TEXT    NOT NULL
                     CHECK (state IN ('queued', 'running', 'done', 'failed', 'cancelled', 'expired')),
    error_code       TEXT,
    error_parameters TEXT    NOT NULL DEFAULT '{}',
    created_ms       INTEGER NOT NULL,
    ended_ms         INTEGER,
    UNIQUE (server_id, number),
    FOREIGN KEY (server_id, member_id) REFERENCES members (server_id, member_id),
    CHECK ((ended_ms IS NULL) = (state IN ('queued', 'running')))
) STRICT;

CREATE INDEX jobs_open ON jobs (state, created_ms) WHERE state IN ('queued', 'running');
CREATE INDEX jobs_of_member ON jobs (server_id, member_id, number DESC);

-- How the job's first response can be edited while its token lives. Removed when the job is delivered.
CREATE TABLE replies (
    job_id             TEXT    PRIMARY KEY REFERENCES jobs (job_id),
    server_id          INTEGER NOT NULL,
    application_id     INTEGER NOT NULL,
    token              TEXT    NOT NULL,
    expires_ms         INTEGER NOT NULL,
    upload_limit_bytes INTEGER NOT NULL
) STRICT;

CREATE TABLE job_references (
    job_id    TEXT    NOT NULL REFERENCES jobs (job_id),
    position  INTEGER NOT NULL CHECK (position BETWEEN 0 AND 3),
    server_id INTEGER NOT NULL,
    file      TEXT    NOT NULL,
    sha256    TEXT    NOT NULL,
    columns   INTEGER NOT NULL,
    rows      INTEGER NOT NULL,
    PRIMARY KEY (job_id, position)
) STRICT, WITHOUT ROWID;

-- blends: the noise recipe's further seeds, a JSON list of [seed, weight].
CREATE TABLE images (
    job_id      TEXT    NOT NULL REFERENCES jobs (job_id),
    position    INTEGER NOT NULL CHECK (position BETWEEN 0 AND 3),
    server_id   INTEGER NOT NULL,
    base_seed   INTEGER NOT NULL,
    blends      TEXT    NOT NULL DEFAULT '[]',
    columns     INTEGER NOT NULL,
    rows        INTEGER NOT NULL,
    state       TEXT    NOT NULL CHECK (state IN ('waiting', 'running', 'done', 'failed', 'cancelled')),
    file        TEXT,
    bytes       INTEGER,
    sha256      TEXT,
    pixel_hash  TEXT,
    seconds     REAL,
    finished_ms INTEGER,
    PRIMARY KEY (job_id, position),
    CHECK ((state = 'done') = (file IS NOT NULL AND sha256 IS NOT NULL AND pixel_hash IS NOT NULL))
) STRICT, WITHOUT ROWID;

CREATE INDEX images_by_pixels ON images (pixel_hash) WHERE pixel_hash IS NOT NULL;

CREATE TABLE attempts (
    attempt_id INTEGER PRIMARY KEY,
    job_id     TEXT    NOT NULL,
    position   INTEGER NOT NULL,
    server_id  INTEGER NOT NULL,
    batch_id   TEXT    NOT NULL,
    started_ms INTEGER NOT NULL,
    ended_ms   INTEGER,
    outcome    TEXT    NOT NULL CHECK (outcome IN ('running', 'done', 'failed', 'cancelled', 'returned', 'lost')),
    FOREIGN KEY (job_id, position) REFERENCES images (job_id, position)
) STRICT;

CREATE INDEX attempts_of_image ON attempts (job_id, position);

-- Append-only. counts_ms is the moment of the reservation, so that a refund leaves the rolling window
-- together with what it gives back. Each image is reserved once and then settled or refunded once.
CREATE TABLE ledger (
    entry_id      INTEGER PRIMARY KEY,
    server_id     INTEGER NOT NULL,
    member_id     INTEGER NOT NULL,
    job_id        TEXT    REFERENCES jobs (job_id),
    position      INTEGER,
    kind          TEXT    NOT NULL CHECK (kind IN ('reserve', 'settle', 'refund')),
    amount_tenths INTEGER NOT NULL,
    counts_ms     INTEGER NOT NULL,
    made_ms       INTEGER NOT NULL,
    reason        TEXT    NOT NULL DEFAULT '',
    FOREIGN KEY (server_id, member_id) REFERENCES members (server_id, member_id),
    CHECK ((kind = 'reserve' AND amount_tenths <= 0)
        OR (kind = 'refund' AND amount_tenths >= 0)
        OR (kind = 'settle' AND amount_tenths = 0))
) STRICT;

CREATE UNIQUE INDEX ledger_reserved_once ON ledger (job_id, position) WHERE kind = 'reserve';
CREATE UNIQUE INDEX ledger_ended_once ON ledger (job_id, position) WHERE kind IN ('settle', 'refund');
CREATE INDEX ledger_of_member ON ledger (server_id, member_id, counts_ms);

CREATE TRIGGER ledger_is_not_changed BEFORE UPDATE ON ledger
BEGIN
    SELECT RAISE(ABORT, 'the ledger is append-only');
END;

CREATE TRIGGER ledger_is_not_erased BEFORE DELETE ON ledger
BEGIN
    SELECT RAISE(ABORT, 'the ledger is append-only');
END;

-- What is to be told to Discord. nonce makes a repeated POST the same message.
CREATE TABLE outbox (
    outbox_id  INTEGER PRIMARY KEY,
    job_id     TEXT    NOT NULL UNIQUE REFERENCES jobs (job_id),
    server_id  INTEGER NOT NULL,
    state      TEXT    NOT NULL CHECK (state IN ('pending', 'posting', 'kept', 'sent')),
    attempts   INTEGER NOT NULL DEFAULT 0,
    due_ms     INTEGER NOT NULL,
    nonce      TEXT    NOT NULL,
    way        TEXT    CHECK (way IN ('reply', 'channel', 'handed_over', 'unneeded')),
    channel_id INTEGER,
    message_id INTEGER,
    sent_ms    INTEGER
) STRICT;

CREATE INDEX outbox_due ON outbox (due_ms) WHERE state IN ('pending', 'posting');
CREATE INDEX outbox_kept ON outbox (server_id) WHERE state = 'kept';

-- Start-time fair queueing: how far the lanes (server 0), the servers (member 0) and their members have been
-- served, in millionths of a picture at weight 1.
CREATE TABLE queue_tags (
    lane      TEXT    NOT NULL CHECK (lane IN ('token', 'relaxed')),
    server_id INTEGER NOT NULL,
    member_id INTEGER NOT NULL,
    finish    INTEGER NOT NULL,
    virtual   INTEGER NOT NULL,
    PRIMARY KEY (lane, server_id, member_id)
) STRICT, WITHOUT ROWID;

-- Facts about this installation: the hash of the commands last sent to Discord, the line's virtual time.
CREATE TABLE facts (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
