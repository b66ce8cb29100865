-- When a job's last picture was said to be done, at the moment of its acceptance.
-- Why: the waiting message says it also after a restart, and the owner sees how far off the last hundred were. The index
-- holds both figures, newest first, so that a hundred are read however many jobs there are.

ALTER TABLE jobs ADD COLUMN told_end_ms INTEGER;

CREATE INDEX jobs_told_end ON jobs (ended_ms, told_end_ms) WHERE told_end_ms IS NOT NULL AND state = 'done';
