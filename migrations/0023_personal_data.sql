-- Whose picture an input is, which files are no longer kept, and who asked that everything about them be deleted.
-- Why: an author may have what others made of their picture removed, pictures need not be kept for ever, and a person
-- may have what the bot holds about them given out and deleted. Then what counts (the ledger) and what was decided (the
-- audit) stays for a while, so that nobody gets a new quota by it, and goes afterwards: only for this, and only for whom
-- a row of erasures names, the two may be changed.

-- Where an input came from: the person whose picture it is, and the message and the attachment that held it; NULL:
-- unknown, as before these columns. gone_ms: since when its file is no longer kept.
ALTER TABLE job_references ADD COLUMN author_id INTEGER;
ALTER TABLE job_references ADD COLUMN message_id INTEGER;
ALTER TABLE job_references ADD COLUMN attachment_id INTEGER;
ALTER TABLE job_references ADD COLUMN gone_ms INTEGER;
CREATE INDEX references_by_author ON job_references (author_id) WHERE author_id IS NOT NULL;
CREATE INDEX references_by_message ON job_references (message_id) WHERE message_id IS NOT NULL;
CREATE INDEX references_by_attachment ON job_references (attachment_id) WHERE attachment_id IS NOT NULL;

ALTER TABLE images ADD COLUMN gone_ms INTEGER;

-- begun: results, files and the rest are being deleted. waits: only what stays for a while is left.
CREATE TABLE erasures (
    member_id     INTEGER PRIMARY KEY,
    asked_ms      INTEGER NOT NULL,
    state         TEXT    NOT NULL CHECK (state IN ('begun', 'waits')),
    last_entry_id INTEGER,
    CHECK (state = 'begun' OR last_entry_id IS NOT NULL)
) STRICT;

-- When a person last had their data given out.
CREATE TABLE exports (
    member_id INTEGER PRIMARY KEY,
    asked_ms  INTEGER NOT NULL
) STRICT;

CREATE INDEX accepted_events_of_member ON accepted_events (member_id);
CREATE INDEX jobs_deleted_by ON jobs (deleted_by) WHERE deleted_by IS NOT NULL AND deleted_by != 0;
CREATE INDEX jobs_stopped_by ON jobs (json_extract(error_parameters, '$.by'))
    WHERE error_code IN ('error-cancelled-by-moderator', 'error-cancelled-by-host');
CREATE INDEX ledger_made_by ON ledger (made_by) WHERE made_by IS NOT NULL AND made_by != 0;
CREATE INDEX grants_given_by ON grants (granted_by);
CREATE INDEX audit_of_actor ON audit (actor_id, server_id);
CREATE INDEX audit_of_member ON audit (member_id, server_id) WHERE member_id IS NOT NULL;

DROP TRIGGER ledger_is_not_changed;
CREATE TRIGGER ledger_is_not_changed BEFORE UPDATE ON ledger
WHEN (NEW.entry_id, NEW.server_id, NEW.member_id, NEW.job_id, NEW.position, NEW.grant_id, NEW.kind,
      NEW.amount_tenths, NEW.made_ms, NEW.reason)
  IS NOT (OLD.entry_id, OLD.server_id, OLD.member_id, OLD.job_id, OLD.position, OLD.grant_id, OLD.kind,
      OLD.amount_tenths, OLD.made_ms, OLD.reason)
  OR NOT (NEW.counts_ms < OLD.counts_ms AND NEW.made_by IS OLD.made_by
      OR NEW.counts_ms = OLD.counts_ms AND NEW.made_by = 0
         AND EXISTS (SELECT 1 FROM erasures WHERE member_id = OLD.made_by))
BEGIN
    SELECT RAISE(ABORT, 'the ledger is append-only');
END;

DROP TRIGGER ledger_is_not_erased;
CREATE TRIGGER ledger_is_not_erased BEFORE DELETE ON ledger
WHEN NOT EXISTS (SELECT 1 FROM erasures e WHERE e.member_id = OLD.member_id AND e.state = 'waits'
                 AND OLD.entry_id <= e.last_entry_id)
BEGIN
    SELECT RAISE(ABORT, 'the ledger is append-only');
END;

DROP TRIGGER audit_is_not_changed;
CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit
WHEN (NEW.audit_id, NEW.server_id, NEW.action, NEW.made_ms) IS NOT (OLD.audit_id, OLD.server_id, OLD.action, OLD.made_ms)
  OR NOT (NEW.actor_id = OLD.actor_id OR NEW.actor_id = 0
          AND EXISTS (SELECT 1 FROM erasures WHERE member_id = OLD.actor_id))
  OR NOT (NEW.member_id IS OLD.member_id OR NEW.member_id IS NULL
          AND EXISTS (SELECT 1 FROM erasures WHERE member_id = OLD.member_id))
  OR NEW.details IS NOT OLD.details AND NOT (NEW.details = '{}'
      AND EXISTS (SELECT 1 FROM erasures WHERE member_id IN (OLD.actor_id, OLD.member_id)))
BEGIN
    SELECT RAISE(ABORT, 'the audit is append-only');
END;
