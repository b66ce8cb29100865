-- The words that a server's admins have forbidden in prompts and instructions.
-- Why: each community has words of its own that nobody else can know.
CREATE TABLE server_words (
    server_id INTEGER NOT NULL REFERENCES servers (server_id),
    entry     TEXT    NOT NULL,
    PRIMARY KEY (server_id, entry)
) STRICT, WITHOUT ROWID;
