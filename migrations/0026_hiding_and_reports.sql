-- Hidden results, reports of pictures, what moderators decided about them, and what members are yet to be told.
-- Why: whoever is shown in a picture, or made it, must be able to stop it before a moderator is awake; and moderators must be
-- able to take a picture back without deleting it.

-- A row: nobody is shown the result's pictures or prompt. hidden_by NULL: a report hid it by itself. until_ms NULL: until a
-- moderator shows it again.
CREATE TABLE hidings (
    job_id    TEXT    PRIMARY KEY REFERENCES jobs (job_id),
    server_id INTEGER NOT NULL REFERENCES servers (server_id),
    reason    TEXT    NOT NULL,
    words     TEXT    NOT NULL,
    hidden_by INTEGER,
    hidden_ms INTEGER NOT NULL,
    until_ms  INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX hidings_by_end ON hidings (until_ms) WHERE until_ms IS NOT NULL;
CREATE INDEX hidings_by_moderator ON hidings (hidden_by) WHERE hidden_by IS NOT NULL;

-- Messages that have to be edited to what their result is now: hidden, or shown again. version: how often that was asked
-- for, so that an edit that was asked for during another one is not lost.
CREATE TABLE refreshes (
    message_id INTEGER PRIMARY KEY,
    channel_id INTEGER NOT NULL,
    server_id  INTEGER NOT NULL,
    job_id     TEXT    NOT NULL,
    due_ms     INTEGER NOT NULL,
    attempts   INTEGER NOT NULL DEFAULT 0,
    version    INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE INDEX refreshes_due ON refreshes (due_ms);

-- What moderators decide on: all reports of one result, until it is decided. post_state 'none': there is no channel to post it
-- in; 'due': the post is to be sent, or edited; 'posting': it may have been sent, after the id post_after.
CREATE TABLE report_cases (
    case_id         INTEGER PRIMARY KEY,
    server_id       INTEGER NOT NULL REFERENCES servers (server_id),
    job_id          TEXT    NOT NULL REFERENCES jobs (job_id),
    opened_ms       INTEGER NOT NULL,
    state           TEXT    NOT NULL CHECK (state IN ('open', 'upheld', 'dismissed')),
    closed_by       INTEGER,
    closed_ms       INTEGER,
    post_state      TEXT    NOT NULL CHECK (post_state IN ('none', 'due', 'posting', 'posted')),
    post_channel_id INTEGER,
    post_message_id INTEGER,
    post_after      INTEGER,
    post_due_ms     INTEGER NOT NULL DEFAULT 0,
    post_attempts   INTEGER NOT NULL DEFAULT 0,
    post_version    INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE UNIQUE INDEX report_cases_open_of_job ON report_cases (job_id) WHERE state = 'open';
CREATE INDEX report_cases_of_job ON report_cases (job_id);
CREATE INDEX report_cases_waiting ON report_cases (server_id, case_id) WHERE state = 'open';
CREATE INDEX report_cases_closed_by ON report_cases (closed_by) WHERE closed_by IS NOT NULL;
CREATE INDEX report_cases_due ON report_cases (post_due_ms) WHERE post_state IN ('due', 'posting');

-- A member reports a result once; reporter_id 0: somebody whose data is deleted. has_hidden: the report hid it by itself.
CREATE TABLE reports (
    report_id    INTEGER PRIMARY KEY,
    case_id      INTEGER NOT NULL REFERENCES report_cases (case_id),
    server_id    INTEGER NOT NULL,
    job_id       TEXT    NOT NULL,
    position     INTEGER NOT NULL,
    reporter_id  INTEGER NOT NULL,
    reason       TEXT    NOT NULL,
    words        TEXT    NOT NULL,
    made_ms      INTEGER NOT NULL,
    has_hidden   INTEGER NOT NULL CHECK (has_hidden IN (0, 1)),
    dismissed_ms INTEGER
) STRICT;

CREATE UNIQUE INDEX reports_once ON reports (job_id, reporter_id) WHERE reporter_id != 0;
CREATE INDEX reports_of_person ON reports (reporter_id) WHERE reporter_id != 0;
CREATE INDEX reports_of_case ON reports (case_id);
CREATE INDEX reports_of_reporter ON reports (server_id, reporter_id, made_ms);
CREATE INDEX reports_dismissed ON reports (server_id, reporter_id, dismissed_ms) WHERE dismissed_ms IS NOT NULL;

-- Each action once for each case, by whoever was first.
CREATE TABLE case_actions (
    case_id  INTEGER NOT NULL REFERENCES report_cases (case_id),
    action   TEXT    NOT NULL,
    actor_id INTEGER NOT NULL,
    made_ms  INTEGER NOT NULL,
    PRIMARY KEY (case_id, action)
) STRICT, WITHOUT ROWID;

CREATE INDEX case_actions_of_person ON case_actions (actor_id);

-- What a member reads below the answer to their next command, once. Warnings stay, to be counted.
CREATE TABLE member_notices (
    notice_id INTEGER PRIMARY KEY,
    server_id INTEGER NOT NULL REFERENCES servers (server_id),
    member_id INTEGER NOT NULL,
    kind      TEXT    NOT NULL,
    details   TEXT    NOT NULL,
    made_ms   INTEGER NOT NULL,
    given_ms  INTEGER
) STRICT;

CREATE INDEX member_notices_waiting ON member_notices (server_id, member_id, notice_id) WHERE given_ms IS NULL;
CREATE INDEX member_notices_of_member ON member_notices (server_id, member_id, notice_id);
