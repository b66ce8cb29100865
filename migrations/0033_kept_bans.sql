-- Bans of people who had everything about them deleted, under a code of their id.
-- Why: a ban must outlive a deletion, and the plain id must not.

-- member_hash: HMAC-SHA-256 of server and member, in hexadecimal digits; its key is not in this database.
CREATE TABLE kept_bans (
    server_id   INTEGER NOT NULL REFERENCES servers (server_id),
    member_hash TEXT    NOT NULL,
    kind        TEXT    NOT NULL CHECK (kind IN ('ban', 'timeout')),
    made_ms     INTEGER NOT NULL,
    until_ms    INTEGER,
    PRIMARY KEY (server_id, member_hash)
) STRICT, WITHOUT ROWID;

CREATE INDEX kept_bans_by_start ON kept_bans (server_id, made_ms);
CREATE INDEX kept_bans_by_end ON kept_bans (until_ms) WHERE until_ms IS NOT NULL;

-- A moderator who has their data deleted is no more named as who banned somebody.
CREATE INDEX bans_made_by ON bans (made_by);
