-- The one message with which the bot introduces itself in a server that invites it.
-- Why: Discord announces a server again at each connection and leaves out what happened meanwhile, so a row says whether
-- the message was posted; and servers that knew the bot before this message existed get none.

-- posting: it may have been sent to channel_id since began_ms. impossible: nowhere to write. unneeded: was here before.
CREATE TABLE joining_posts (
    server_id  INTEGER PRIMARY KEY REFERENCES servers (server_id),
    state      TEXT    NOT NULL CHECK (state IN ('posting', 'posted', 'impossible', 'unneeded')),
    channel_id INTEGER,
    began_ms   INTEGER NOT NULL
) STRICT;

INSERT INTO joining_posts (server_id, state, began_ms) SELECT server_id, 'unneeded', 0 FROM servers;

-- A bot that has been online is in servers without a row; it is told them when it is online next.
INSERT INTO facts (name, value) SELECT 'joining_posts', 'after-next-session' FROM facts WHERE name = 'newcomer_share';
