-- Which notices an admin has been shown.
-- Why: a notice that is meant once, such as a line of the owner, is shown once to each admin, also after a restart.
CREATE TABLE notices_read (
    server_id INTEGER NOT NULL,
    member_id INTEGER NOT NULL,
    notice    TEXT    NOT NULL,
    read_ms   INTEGER NOT NULL,
    PRIMARY KEY (server_id, member_id, notice),
    FOREIGN KEY (server_id, member_id) REFERENCES members (server_id, member_id)
) STRICT, WITHOUT ROWID;
