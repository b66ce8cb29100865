-- Pictures that members share in their server's showcase, and the votes for them.
-- Why: a community shows its pictures to itself. A publication is a row with a state of its own, so that its post is sent and
-- removed once whatever happens in between; and galleries, here or on the web, read these rows and nothing else.

ALTER TABLE server_settings ADD COLUMN showcase_channel_id INTEGER;

-- Whether others' pictures that were made from this member's say so. NULL: yes.
ALTER TABLE member_settings ADD COLUMN is_named INTEGER;

-- state 'shown'; 'hidden': by moderators, with its result; 'ended': withdrawn, deleted or lost. votes: of members who are not
-- banned. post_state 'none': nothing to do any more; 'due': to be sent, or edited; 'posting': it may have been sent, after the id
-- post_after. post_shows: whether the post has the picture. post_file: the name of the picture's file in the post.
CREATE TABLE publications (
    publication_id  INTEGER PRIMARY KEY,
    server_id       INTEGER NOT NULL REFERENCES servers (server_id),
    member_id       INTEGER NOT NULL,
    job_id          TEXT    NOT NULL REFERENCES jobs (job_id),
    position        INTEGER NOT NULL,
    caption         TEXT    NOT NULL,
    shows_prompt    INTEGER NOT NULL CHECK (shows_prompt IN (0, 1)),
    others_may_edit INTEGER NOT NULL CHECK (others_may_edit IN (0, 1)),
    spoiler         INTEGER NOT NULL CHECK (spoiler IN (0, 1)),
    made_ms         INTEGER NOT NULL,
    ended_ms        INTEGER,
    state           TEXT    NOT NULL CHECK (state IN ('shown', 'hidden', 'ended')),
    votes           INTEGER NOT NULL DEFAULT 0,
    post_state      TEXT    NOT NULL CHECK (post_state IN ('none', 'due', 'posting', 'posted')),
    post_channel_id INTEGER NOT NULL,
    post_message_id INTEGER,
    post_shows      INTEGER NOT NULL DEFAULT 0 CHECK (post_shows IN (0, 1)),
    post_file       TEXT    NOT NULL DEFAULT '',
    post_after      INTEGER,
    post_due_ms     INTEGER NOT NULL DEFAULT 0,
    post_attempts   INTEGER NOT NULL DEFAULT 0,
    post_version    INTEGER NOT NULL DEFAULT 0
) STRICT;

-- A picture is in the showcase once, until it is withdrawn.
CREATE UNIQUE INDEX publications_of_picture ON publications (job_id, position) WHERE state != 'ended';
CREATE INDEX publications_of_job ON publications (job_id);
CREATE INDEX publications_due ON publications (post_due_ms) WHERE post_state IN ('due', 'posting');
CREATE INDEX publications_newest ON publications (server_id, publication_id) WHERE state = 'shown';
CREATE INDEX publications_by_votes ON publications (server_id, votes, publication_id) WHERE state = 'shown';
CREATE INDEX publications_of_member ON publications (server_id, member_id, publication_id);

-- counts: 0 while the member is banned from the bot.
CREATE TABLE votes (
    publication_id INTEGER NOT NULL REFERENCES publications (publication_id),
    member_id      INTEGER NOT NULL,
    server_id      INTEGER NOT NULL,
    made_ms        INTEGER NOT NULL,
    counts         INTEGER NOT NULL CHECK (counts IN (0, 1)),
    PRIMARY KEY (publication_id, member_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX votes_of_member ON votes (server_id, member_id, publication_id);
CREATE INDEX votes_counted ON votes (server_id, member_id, counts);

-- Members who were banned or whose ban was lifted, and whose votes are yet to be counted so.
CREATE TABLE vote_recounts (
    server_id INTEGER NOT NULL REFERENCES servers (server_id),
    member_id INTEGER NOT NULL,
    PRIMARY KEY (server_id, member_id)
) STRICT, WITHOUT ROWID;
