-- Who may not make pictures in a server for a while, and in which of its channels pictures are made.
-- Why: a server must be able to stop a person or a channel without stopping the bot for everybody.

-- One row for each member who is banned or timed out; a row whose end has passed counts for nothing and goes with the
-- next change in its server. until_ms NULL: until it is lifted.
CREATE TABLE bans (
    server_id INTEGER NOT NULL REFERENCES servers (server_id),
    member_id INTEGER NOT NULL,
    kind      TEXT    NOT NULL CHECK (kind IN ('ban', 'timeout')),
    reason    TEXT    NOT NULL,
    made_by   INTEGER NOT NULL,
    made_ms   INTEGER NOT NULL,
    until_ms  INTEGER,
    PRIMARY KEY (server_id, member_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX bans_by_end ON bans (server_id, until_ms);
CREATE INDEX bans_by_start ON bans (server_id, made_ms);

-- Where a server has an allowed channel, pictures are made only in those; never in a denied one. Threads follow
-- their channel.
CREATE TABLE channel_rules (
    server_id  INTEGER NOT NULL REFERENCES servers (server_id),
    channel_id INTEGER NOT NULL,
    is_allowed INTEGER NOT NULL CHECK (is_allowed IN (0, 1)),
    PRIMARY KEY (server_id, channel_id)
) STRICT, WITHOUT ROWID;
