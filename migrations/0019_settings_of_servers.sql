-- What a server's admins and its members have chosen.
-- Why: set-up, reports, retention and the question whose pictures others may edit need a place of their own; quotas and
-- shares stay where they are.

-- retention_days NULL: pictures are kept. retention_chosen_ms NULL: no admin has chosen yet.
-- others_may_edit: what holds for members who have not chosen themselves. locale NULL: the language of whoever asks.
CREATE TABLE server_settings (
    server_id             INTEGER PRIMARY KEY REFERENCES servers (server_id),
    moderators_channel_id INTEGER,
    locale                TEXT,
    others_may_edit       INTEGER NOT NULL DEFAULT 1 CHECK (others_may_edit IN (0, 1)),
    retention_days        INTEGER CHECK (retention_days > 0),
    retention_chosen_ms   INTEGER,
    set_up_ms             INTEGER
) STRICT;

-- NULL: what the server has chosen.
CREATE TABLE member_settings (
    server_id       INTEGER NOT NULL,
    member_id       INTEGER NOT NULL,
    others_may_edit INTEGER CHECK (others_may_edit IN (0, 1)),
    PRIMARY KEY (server_id, member_id),
    FOREIGN KEY (server_id, member_id) REFERENCES members (server_id, member_id)
) STRICT, WITHOUT ROWID;
