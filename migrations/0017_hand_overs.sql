-- Where a kept result is being handed over.
-- Why: a follow-up has no nonce and is in no channel's history. One whose answer was lost, or that a process sent
-- just before it ended, was sent again at the next command: its member saw the pictures twice. Now an empty
-- message is sent and noted first, then edited; the next command looks whether the edit came through.

CREATE TABLE hand_overs (
    job_id         TEXT    PRIMARY KEY REFERENCES jobs (job_id),
    server_id      INTEGER NOT NULL,
    application_id INTEGER NOT NULL,
    token          TEXT    NOT NULL,
    message_id     INTEGER NOT NULL,
    positions      TEXT    NOT NULL
) STRICT;
