-- Servers that the owner no longer serves, and lines that the owner leaves for admins.
-- Why: who shares a graphics card with strangers must be able to stop a server, and to say something to those who run one.
CREATE TABLE server_bans (
    server_id INTEGER PRIMARY KEY REFERENCES servers (server_id),
    reason    TEXT    NOT NULL,
    made_ms   INTEGER NOT NULL
) STRICT;

-- server_id 0: for the admins of every server.
CREATE TABLE host_lines (
    server_id INTEGER PRIMARY KEY,
    text      TEXT    NOT NULL,
    made_ms   INTEGER NOT NULL
) STRICT;
