-- What nobody can see any more is forgotten after a while.
-- Why: attempts, told deliveries and the audit grew for ever. An admin is shown the newest rows of their server's
-- audit, so the newest hundred of each are never erased, however old; that others are old is the store's to say.

DROP TRIGGER audit_is_not_erased;

CREATE TRIGGER audit_is_not_erased BEFORE DELETE ON audit
WHEN (SELECT COUNT(*) FROM (SELECT 1 FROM audit newer WHERE newer.server_id IS OLD.server_id
                            AND newer.audit_id > OLD.audit_id LIMIT 100)) < 100
BEGIN
    SELECT RAISE(ABORT, 'what can be seen of the audit is not erased');
END;
