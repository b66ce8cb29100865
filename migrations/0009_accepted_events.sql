-- Which events of Discord were accepted.
-- Why: Discord may send one event several times, also after a reconnect; the second time must not make a second
-- job, charge or change. The row is written in the transaction of what the event changes, and goes after two days.

CREATE TABLE accepted_events (
    event_id    INTEGER PRIMARY KEY,
    server_id   INTEGER NOT NULL,
    member_id   INTEGER NOT NULL,
    accepted_ms INTEGER NOT NULL
) STRICT;

CREATE INDEX accepted_events_by_age ON accepted_events (accepted_ms);
