-- From where on a channel is looked through for a result that may have been sent already.
-- Why: only its newest 50 messages were, which a busy channel has in a minute, and files of an older database
-- with the same names were taken for it. Both are identifiers of Discord's, which carry its own time.

-- What the first response answers: nothing about the job is older.
ALTER TABLE replies ADD COLUMN asked_id INTEGER;

-- Nothing that was sent into the channel itself is older; NULL: as asked_id.
ALTER TABLE outbox ADD COLUMN posting_after INTEGER;
